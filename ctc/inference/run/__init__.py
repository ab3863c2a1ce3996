"""A prediction run as a whole: plan, resume, engines, shards, output files."""
