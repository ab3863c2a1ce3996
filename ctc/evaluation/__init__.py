"""Stage 6: predictions and the truth become figures, calibrated models, and lists of what a person
should look at."""
