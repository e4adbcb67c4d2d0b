"""Hypothesis strategies for every command over the whole range of its fields, with a taste for the limits."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from stab3l.engine.wire import (
    Amend,
    Cancel,
    CancelAll,
    Command,
    Deposit,
    Expire,
    IndexPrice,
    Instruction,
    ListFuture,
    ListMarket,
    ListOption,
    ListUnderlying,
    MarketStatus,
    MarkPrice,
    OptionKind,
    OptionMarks,
    OrderType,
    Place,
    RegisterAsset,
    ScheduleCancel,
    Seal,
    SelfTrade,
    SetCollateral,
    SetMarketStatus,
    SetProtection,
    Side,
    SideChoice,
    Sweep,
    TimeInForce,
    Withdraw,
)
from stab3l.testing.trading_desk import CHAIN, OTHER_CHAIN, SECOND_NS, START_NS, owner, token

POWERS_OF_TEN: Final = (10**5, 10**12, 10**18, 10**30)


def unsigned(bits: int) -> st.SearchStrategy[int]:
    """Integers of so many bits: small ones, any, and those at a limit of the engine page or next to it."""
    powers = [value + step for value in (*POWERS_OF_TEN, 2**127) for step in (-1, 0, 1)]
    limits = [0, *(value for value in powers if value < 2**bits), 2**bits - 1]
    return st.one_of(st.integers(0, 5), st.sampled_from(limits), st.integers(0, 2**bits - 1))


u8, u32, u64, u128 = (unsigned(bits) for bits in (8, 32, 64, 128))
hashes: Final = st.binary(min_size=32, max_size=32)
owners: Final = st.one_of(st.sampled_from([bytes(20), owner(1), owner(2)]), st.binary(min_size=20, max_size=20))
tokens: Final = st.one_of(st.sampled_from([token(1), token(2)]), st.binary(min_size=20, max_size=20))
chain_ids: Final = st.one_of(st.sampled_from([CHAIN, OTHER_CHAIN]), u64)
expiries: Final = st.one_of(st.just(START_NS + 60 * SECOND_NS), u64)
u16: Final = unsigned(16)
self_trades: Final = st.sampled_from(SelfTrade)


@st.composite
def order_terms(draw: st.DrawFn) -> tuple[object, ...]:
    """Order type, time in force, instructions, self-trade mode, label, good till and trigger that fit each other."""
    order_type = draw(st.sampled_from([kind for kind in OrderType if kind != OrderType.LIQUIDATION]))
    allowed = [TimeInForce.IOC] if order_type.at_market else [TimeInForce.GTC, TimeInForce.GTD, TimeInForce.IOC]
    time_in_force = draw(st.sampled_from(allowed if order_type.conditional else [*allowed, TimeInForce.FOK]))
    resting = order_type == OrderType.LIMIT and time_in_force.rests
    instructions = draw(st.sampled_from(RESTING_INSTRUCTIONS if resting else [0, Instruction.REDUCE_ONLY]))
    later = st.integers(1, 2**64 - 1)
    good_till = draw(later) if time_in_force == TimeInForce.GTD else 0
    trigger_ticks = draw(later) if order_type.conditional else 0
    return order_type, time_in_force, int(instructions), draw(self_trades), draw(u16), good_till, trigger_ticks


RESTING_INSTRUCTIONS: Final = [bits for bits in range(16) if bits & 3 != Instruction.SLIDE]

names: Final = st.binary(min_size=8, max_size=8)

any_commands: Final[st.SearchStrategy[Command]] = st.one_of(
    st.builds(RegisterAsset, chain_ids, tokens, u8),
    st.builds(ListMarket, u32, u32, u128, u64, u32, u32, u64, u32),
    st.builds(SetMarketStatus, u32, st.sampled_from(MarketStatus)),
    st.builds(Deposit, chain_ids, u64, u32, u32, owners, u128, hashes),
    st.builds(
        lambda *fields: Place(*fields[:-1], *fields[-1]),
        *(u32, u32, u64, expiries, u64, u64, st.sampled_from(Side), order_terms()),
    ),
    st.builds(Cancel, u32, u64),
    st.builds(Withdraw, u32, u32, u64, expiries, u128, owners),
    st.just(Seal()),
    st.builds(Amend, u32, u64, u64, expiries, u64, u64),
    st.builds(CancelAll, u32, u32, u16, st.sampled_from(SideChoice)),
    st.builds(ScheduleCancel, u32, u64, expiries, u64),
    st.builds(SetProtection, u32, u32, u64, expiries, u64, u64, u64),
    st.builds(MarkPrice, u32, u64),
    st.builds(Sweep, u32),
    st.builds(ListUnderlying, names, u32, u64, u32, u32, u32, u32, u32, u32),
    st.builds(ListFuture, u32, u64, u32, u32, u64, u32),
    st.builds(ListOption, u32, st.sampled_from(OptionKind), u64, u64, u32, u32, u64, u32),
    st.builds(IndexPrice, u32, u64),
    st.builds(OptionMarks, u32, u64, st.lists(u64, min_size=16, max_size=16).map(tuple)),
    st.builds(SetCollateral, u32, u32, u128),
    st.builds(Expire, u32),
)
"""Every command; what it names exists often enough to be judged further."""
