"""`ctc inventory check`: photos that are missing, broken, used twice or alike."""
