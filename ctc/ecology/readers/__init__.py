"""Readers of surveys: prediction files, inventories, review stores, Camtrap DP, deployments."""
