"""Keys of a local network: fresh ones for each home, locked by a fresh password, funded on every local chain."""

from __future__ import annotations

from pathlib import Path

import anyio
import anyio.to_thread

from stab3l.chain.signer import Signer, create_password, keystore_path
from stab3l.devnet.anvil import AnvilControl
from stab3l.devnet.ports import VERIFIERS

REPORTERS = 3
MAKERS = 2
LOCAL_WORK_FACTOR = 2**12
"""scrypt's n for keys that hold only local test funds: a start must not wait half a minute for twelve keys."""

GAS_MONEY = 1_000 * 10**18
"""Wei that each role gets on each local chain."""

OPERATORS = (
    "guardian",
    "governor",
    "sequencer",
    "arbiter",
    "peg-keeper",
    "flow-keeper",
    "reverification-keeper",
    *(f"reporter-{index}" for index in range(REPORTERS)),
    *(f"verifier-{index}" for index in range(VERIFIERS)),
)
MAKER_ROLES = tuple(f"maker-{index}" for index in range(MAKERS))
PEOPLE = (
    "provider",
    *MAKER_ROLES,
    "contract-maker",
    "trader",
    "buyer",
    "pool-trader",
    "arbitrageur",
    "book-arbitrageur",
)
ROLES = (*OPERATORS, *PEOPLE)


async def ensure_keys(home: Path) -> dict[str, Signer]:
    """Opens each role's key, making those that are missing."""
    create_password(home)
    return {role: await anyio.to_thread.run_sync(_ensure, home, role) for role in ROLES}


def _ensure(home: Path, role: str) -> Signer:
    if keystore_path(home, role).exists():
        return Signer.load(home, role)
    return Signer.create(home, role, work_factor=LOCAL_WORK_FACTOR)


async def fund(control: AnvilControl, signers: dict[str, Signer]) -> None:
    """Gives every role native coin for gas on one local chain."""
    for signer in signers.values():
        await control.set_balance(signer.address, GAS_MONEY)
