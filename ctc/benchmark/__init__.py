"""How fast loaders are: each in a process of its own, in turns, beside the limit and its peers."""
