"""Sealing a block of the reference exchange."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from stab3l.audit.reference_state import State
from stab3l.audit.reference_trees import abi_words, keccak, leaf, merkle_root, payload_hash
from stab3l.engine.wire import AssetTotals, ChainDeposits, Seal, Sealed

Slot = TypeVar("Slot", bound=tuple[int, ...])


def accept_seal(state: State, _: Seal) -> int:
    """Close a block; its number."""
    state.block += 1
    state.output_hash = keccak(state.output_hash + payload_hash(b""))
    balances = [(*pair, balance.total) for pair, balance in state.balances.items()]
    state.sealed_balance_leaves = leaves(
        balances, state.sealed_balances, state.sealed_balance_leaves, lambda slot: balance_leaf(state, *slot)
    )
    positions = [(*pair, one.lots, one.entry) for pair, one in state.positions.items()]
    state.sealed_position_leaves = leaves(
        positions, state.sealed_positions, state.sealed_position_leaves, lambda one: leaf(state.owners[one[0]], *one)
    )
    state.sealed_balances, state.sealed_positions = balances, positions
    state.sealed_withdrawals = len(state.withdrawals)
    state.last_sealed = sealed(state)
    state.emit(state.last_sealed)
    state.sealed_through = state.sequence
    state.commands_to_seal = 0
    return state.block


def leaves(slots: list[Slot], before: list[Slot], known: list[bytes], leaf_of: Callable[[Slot], bytes]) -> list[bytes]:
    """The slots' leaves: the ``known`` ones where a slot is as it was ``before``, new ones elsewhere."""
    return [known[i] if slots[i : i + 1] == before[i : i + 1] else leaf_of(slots[i]) for i in range(len(slots))]


def sealed(state: State) -> Sealed:
    """The block's event."""
    trees = (state.sealed_balance_leaves, state.withdrawal_leaves, state.sealed_position_leaves)
    summaries = [(merkle_root(leaves), len(leaves)) for leaves in trees]
    (balances, withdrawals, positions) = summaries
    return Sealed(
        state.sequence,
        state.block,
        state.sealed_through + 1,
        state.sequence,
        state.input_hash,
        state.output_hash,
        keccak(abi_words(*balances, *withdrawals, *positions)),
        *balances,
        *withdrawals,
        *positions,
        tuple(
            ChainDeposits(chain_id, chain.deposit_count, chain.deposit_hash)
            for chain_id, chain in sorted(state.chains.items())
        ),
        tuple(
            AssetTotals(i, asset.chain_id, asset.token, asset.credited, asset.withdrawn)
            for i, asset in enumerate(state.assets)
        ),
    )


def balance_leaf(state: State, account: int, asset: int, amount: int) -> bytes:
    """A slot's leaf."""
    token = state.assets[asset]
    return leaf(state.owners[account], account, token.chain_id, token.token, amount)
