"""The standard benchmark as pure rules: matrices from a seed, commitment, sampling, openings, Freivalds, credit.

docs/reference/benchmark.md is the specification that this package follows.
"""
