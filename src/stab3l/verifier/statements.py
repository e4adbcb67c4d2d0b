"""The statement of a claim, read from the chain at a confirmed block and compared with the blocks that it names."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from stab3l.chain.contracts import contract
from stab3l.chain.errors import BlockUnknown, ContractRejected
from stab3l.chain.port import Chain
from stab3l.compute.statement import SAMPLE_DELAY_BLOCKS, Statement, sample_seed_of, seed_of
from stab3l.config import ChainConfig
from stab3l.verifier.refusals import (
    ClaimNotCommitted,
    ClaimUnconfirmed,
    ClaimUnknown,
    CommittedLate,
    StatementMismatch,
    StatementUnreadable,
)


class ClaimState(IntEnum):
    """IComputeUnitVerifier.ClaimState."""

    NONE = 0
    OPEN = 1
    COMMITTED = 2
    PROVEN = 3
    CONSUMED = 4
    REVOKED = 5


async def confirmed_statement(chain: Chain, config: ChainConfig, claim_id: int) -> Statement:
    """The statement of a committed claim.

    Raises:
        ClaimUnknown, ClaimNotCommitted, ClaimUnconfirmed: the claim does not wait for a proof, or not long enough.
        StatementUnreadable, StatementMismatch, CommittedLate: it can not be attested, ever.
    """
    head = await chain.head()
    at = head.number - config.confirmations + 1
    claim = await _committed_claim(chain, config, claim_id, at)
    if at <= claim.commitBlock + SAMPLE_DELAY_BLOCKS:
        raise ClaimUnconfirmed("the sample block is not confirmed yet", retry_after_s=config.block_seconds)
    verifier = contract(config, "ComputeUnitVerifier")
    try:
        statement = statement_from(await chain.call(verifier, "statementOf", claim_id, block=at))
    except ContractRejected as error:
        raise StatementUnreadable(f"claim {claim_id} has no statement: {error.message}", claim_id=claim_id) from None
    await _check_seeds(chain, statement)
    if not claim.seedBlock < statement.commit_block <= claim.deadlineBlock:
        raise CommittedLate(
            f"block {statement.commit_block} is not between {claim.seedBlock} and {claim.deadlineBlock}",
            commit_block=statement.commit_block,
            deadline_block=claim.deadlineBlock,
        )
    return statement


def statement_from(fields: Any) -> Statement:
    """The contract's struct as a value; its fields stand in the same order."""
    return Statement(*fields)


async def _committed_claim(chain: Chain, config: ChainConfig, claim_id: int, at: int) -> Any:
    verifier = contract(config, "ComputeUnitVerifier")
    if at >= config.deploy_block:
        claim = await chain.call(verifier, "claimOf", claim_id, block=at)
        if claim.state == ClaimState.COMMITTED:
            return claim
    newest = await chain.call(verifier, "claimOf", claim_id)
    if newest.state == ClaimState.NONE:
        raise ClaimUnknown(f"there is no claim {claim_id}", claim_id=claim_id)
    if newest.state == ClaimState.COMMITTED:
        raise ClaimUnconfirmed("the commitment is not confirmed yet", retry_after_s=config.block_seconds)
    state = ClaimState(newest.state).name.lower()
    raise ClaimNotCommitted(f"claim {claim_id} is {state}", claim_id=claim_id, state=state)


async def _check_seeds(chain: Chain, statement: Statement) -> None:
    try:
        seed_block, sample_block = await chain.blocks(
            [statement.seed_block, statement.commit_block + SAMPLE_DELAY_BLOCKS]
        )
    except BlockUnknown:
        raise ClaimUnconfirmed("the chain has changed; its blocks are read again") from None
    seed = seed_of(seed_block.hash, statement.claim_id, statement.provider, statement.compute_class)
    if seed != statement.seed:
        raise StatementMismatch("the seed is not the seed block's", field="seed", claim_id=statement.claim_id)
    if sample_seed_of(sample_block.hash, statement.root) != statement.sample_seed:
        raise StatementMismatch(
            "the sample seed is not the sample block's", field="sampleSeed", claim_id=statement.claim_id
        )
