"""A chain of its own for tests that hold the peg's rules against its contracts."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from call_batch import CallBatch
from chain_anvil import Anvil

from stab3l.chain.contracts import Contract
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender

OPERATIONS = int(os.environ.get("STAB3L_DIFFERENTIAL_OPERATIONS", "120"))
"""How many operations each test compares about; `make peg-differential` asks for ten thousand."""
RESULT = os.environ.get("STAB3L_DIFFERENTIAL_RESULT", "")
"""Where to write what was compared; empty: nowhere."""


@dataclass
class Bench:
    """A chain that mines each transaction at once, and someone who deploys and trades on it."""

    anvil: Anvil
    chain: RpcChain
    sender: Sender
    batch: CallBatch
    rules: Contract
    compared: dict[str, Counter[str]] = field(default_factory=dict)
    """Operations that gave the same integers on both sides, by test and kind."""

    def count(self, test: str, kind: str, times: int = 1) -> None:
        """Notes compared operations."""
        self.compared.setdefault(test, Counter())[kind] += times

    def close(self) -> None:
        """Writes what was compared, if anybody asked for it."""
        if RESULT:
            Path(RESULT).write_text(json.dumps(self.compared))
