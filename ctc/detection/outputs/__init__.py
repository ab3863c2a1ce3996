"""Files of boxes that `ctc detect` writes."""
