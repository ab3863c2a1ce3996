"""Option values from a configuration file and the environment, below those typed."""
