"""Output format `camtrap-dp`: a Camtrap DP package."""
