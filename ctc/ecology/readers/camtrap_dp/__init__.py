"""Readers of Camtrap DP packages: their events, deployments and the survey of both."""
