"""The prediction pipeline: prefetch, decode, run the network, aggregate."""
