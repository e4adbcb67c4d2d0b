"""The standard benchmark as pure rules: matrices from a seed, commitment, sampling, openings, Freivalds, credit.

docs/reference/benchmark.md is the specification that this package follows.
"""

from __future__ import annotations

import os

# Without it OpenBLAS's idle threads look for work for 20 ms after each product, on the core that should hash. It reads
# this once, when numpy is loaded for the first time.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
