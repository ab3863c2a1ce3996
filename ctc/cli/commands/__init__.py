"""One module or package per command: parse options, call one function, print the result."""
