"""Values of options from the configuration file and the environment."""
