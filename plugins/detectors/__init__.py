"""Built-in detectors: layouts of the outputs of public detection networks."""
