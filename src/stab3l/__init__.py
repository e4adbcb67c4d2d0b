"""stab3l: verified compute as a token of stable price, traded on an exchange that anyone can check."""

from __future__ import annotations

import os

# Without it OpenBLAS's idle threads look for work for 20 ms after each product of a benchmark, on the core that should
# hash. It reads this once, when numpy is loaded (docs/decisions/0072).
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")

__version__ = "0.1.0"
