"""A provider's claim as the chain has it, and what to do next about it (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum, auto
from typing import Any, Final

from stab3l.chain.contracts import contract
from stab3l.chain.port import BlockRef, Chain
from stab3l.compute.shape import Shape
from stab3l.compute.statement import SAMPLE_DELAY_BLOCKS
from stab3l.config import ChainConfig

BLOCKHASH_BLOCKS: Final = 256
"""Blocks whose hashes a contract can read (the EVM's BLOCKHASH)."""


class ClaimState(IntEnum):
    """IComputeUnitVerifier.ClaimState."""

    NONE = 0
    OPEN = 1
    COMMITTED = 2
    PROVEN = 3
    CONSUMED = 4
    REVOKED = 5


@dataclass(frozen=True, slots=True)
class Claim:
    """The provider's newest claim."""

    claim_id: int
    state: ClaimState
    shape: Shape | None
    """None while there is no claim."""
    compute_class: int
    seed_block: int
    deadline_block: int
    commit_block: int
    root: bytes
    cu_value: int
    mintable_until: int
    """Unix seconds."""

    @property
    def sample_block(self) -> int:
        """Whose hash chooses the samples."""
        return self.commit_block + SAMPLE_DELAY_BLOCKS


class NextAct(Enum):
    """What moves a claim on."""

    OPEN = auto()
    """No claim is alive: open one."""
    WAIT = auto()
    """Blocks must be mined first."""
    WORK = auto()
    """The seed is known: compute and commit."""
    PROVE = auto()
    """The samples are known: open them and collect signatures."""
    MINT = auto()
    DONE = auto()


def next_act(claim: Claim, head: BlockRef, has_outputs: bool) -> NextAct:
    """What to do about ``claim`` at ``head``. ``has_outputs``: the committed outputs are on this machine.

    A claim that cannot succeed any more is waited for until the contract lets another one be opened.
    """
    match claim.state:
        case ClaimState.NONE:
            return NextAct.OPEN
        case ClaimState.OPEN:
            if head.number >= claim.deadline_block:
                return NextAct.OPEN if head.number > claim.deadline_block else NextAct.WAIT
            return NextAct.WORK if head.number >= claim.seed_block else NextAct.WAIT
        case ClaimState.COMMITTED:
            if head.number > claim.sample_block + BLOCKHASH_BLOCKS:
                return NextAct.OPEN
            return NextAct.PROVE if has_outputs and head.number > claim.sample_block else NextAct.WAIT
        case ClaimState.PROVEN:
            return NextAct.MINT if head.timestamp <= claim.mintable_until else NextAct.OPEN
        case ClaimState.CONSUMED:
            return NextAct.DONE
        case ClaimState.REVOKED:
            return NextAct.OPEN


async def last_claim(chain: Chain, config: ChainConfig, provider: str) -> Claim:
    """The newest claim of ``provider``."""
    verifier = contract(config, "ComputeUnitVerifier")
    claim_id = int(await chain.call(verifier, "lastClaimOf", provider))
    fields: Any = await chain.call(verifier, "claimOf", claim_id)
    state = ClaimState(fields.state)
    return Claim(
        claim_id=claim_id,
        state=state,
        shape=None if state == ClaimState.NONE else Shape(fields.rows, fields.depth, fields.products),
        compute_class=fields.computeClass,
        seed_block=fields.seedBlock,
        deadline_block=fields.deadlineBlock,
        commit_block=fields.commitBlock,
        root=fields.root,
        cu_value=fields.cuValue,
        mintable_until=int(await chain.call(verifier, "mintableUntilOf", claim_id)),
    )
