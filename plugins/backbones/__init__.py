"""Backbones: networks without their heads."""
