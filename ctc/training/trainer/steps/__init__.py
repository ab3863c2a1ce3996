"""Training steps on devices, compiled and pending."""
