"""Finds trials: the language of queries, its completion, and what was found."""
