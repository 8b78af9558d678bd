"""Exact inference on any discrete Bayesian network; knows nothing of causes, advice or any domain."""
