"""Measurements beside peers; see the docstring of each for how to run it."""
