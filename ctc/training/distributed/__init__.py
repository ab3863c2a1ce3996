"""Keras backends, devices and hosts."""
