"""Experiments, trials and what is recorded of them."""
