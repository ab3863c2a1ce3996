"""A prediction run as a whole: checks, resume, engines, shards and output files."""
