"""Input format `camtrap-dp`: Camtrap DP packages."""
