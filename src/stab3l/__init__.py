"""stab3l: verified compute as a token of stable price, traded on an exchange that anyone can check."""

from __future__ import annotations

__version__ = "0.1.0"
