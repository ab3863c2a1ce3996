"""`--update`: take over the answers for photos that an earlier run has seen."""
