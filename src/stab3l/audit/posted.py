"""Compares the batches that were posted to each chain's `Custody` with a replay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stab3l.audit.verification import Divergence, Report
from stab3l.chain.contracts import contract, decode_log
from stab3l.chain.errors import ChainUnavailable
from stab3l.chain.port import Chain
from stab3l.config import ChainConfig
from stab3l.engine.wire import Sealed


@dataclass(frozen=True, slots=True)
class Posted:
    """One chain's batches. ``compared`` is how many there are; ``unreachable`` why they could not be read."""

    chain_id: int
    compared: int = 0
    unreachable: str | None = None
    ahead: int = 0
    """Batches of blocks that the replayed journal does not hold yet."""
    divergence: Divergence | None = None


async def posted_batches(chain: Chain, config: ChainConfig, report: Report) -> Posted:
    """Every `BatchSettled` event of a chain's Custody against the replayed block of that number."""
    custody = contract(config, "Custody")
    try:
        head = await chain.head()
        logs = await chain.logs([custody.address], config.deploy_block, head.number)
    except ChainUnavailable as error:
        return Posted(config.chain_id, unreachable=error.message)
    compared = ahead = 0
    for log in logs:
        decoded = decode_log(custody, log)
        if decoded is None or decoded.event != "BatchSettled":
            continue
        sealed = report.sealed.get(int(decoded.args["block_"]))
        if sealed is None and int(decoded.args["lastInput"]) > report.last_sequence:
            ahead += 1
            continue
        divergence = _difference(config.chain_id, decoded.args, sealed)
        if divergence is not None:
            return Posted(config.chain_id, compared, divergence=divergence)
        compared += 1
    return Posted(config.chain_id, compared, ahead=ahead)


def _difference(chain_id: int, posted: Mapping[str, object], sealed: Sealed | None) -> Divergence | None:
    where = f"of batch {posted['index']} on chain {chain_id}"
    last = int(str(posted["lastInput"]))
    if sealed is None:
        return Divergence(last, f"the block {where}", "a block of the journal", f"block {posted['block_']}")
    pairs = [
        ("last input", sealed.last_input, posted["lastInput"]),
        ("state root", sealed.state_root, posted["stateRoot"]),
        ("input hash", sealed.input_hash, posted["inputHash"]),
        ("output hash", sealed.output_hash, posted["outputHash"]),
    ]
    for name, expected, found in pairs:
        if expected != found:
            return Divergence(last, f"the {name} {where}", _shown(expected), _shown(found))
    return None


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
