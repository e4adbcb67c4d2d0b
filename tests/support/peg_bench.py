"""A chain of its own for tests that hold the peg's rules against its contracts."""

from __future__ import annotations

from dataclasses import dataclass

from chain_anvil import Anvil

from stab3l.chain.contracts import Contract
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender


@dataclass
class Bench:
    """A chain that mines each transaction at once, and someone who deploys and trades on it."""

    anvil: Anvil
    chain: RpcChain
    sender: Sender
    rules: Contract
