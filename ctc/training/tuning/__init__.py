"""`ctc tune`: a search for the options of a training."""
