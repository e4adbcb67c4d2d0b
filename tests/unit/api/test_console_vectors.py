"""The console signs what the server checks: its test vectors are what this package computes."""

from __future__ import annotations

import json

from console_vectors import VECTORS, vectors


def test_the_consoles_vectors_are_what_the_package_computes() -> None:
    told = "run: python tests/support/console_vectors.py"
    assert json.loads(VECTORS.read_text()) == json.loads(json.dumps(vectors())), told
