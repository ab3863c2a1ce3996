"""Photos to probabilities: prefetch, decode, batch, run the model, aggregate."""
