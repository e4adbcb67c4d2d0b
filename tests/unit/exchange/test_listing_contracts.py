"""Which underlyings and contracts are listed, and what is refused."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from stab3l.config import ChainConfig, UnderlyingConfig
from stab3l.devnet.listing import underlyings
from stab3l.engine.wire import ListFuture, ListOption, OptionKind
from stab3l.exchange.errors import ListingConflict
from stab3l.exchange.gateway_client import Asset, Instrument, Underlying
from stab3l.exchange.listing import missing_contracts, missing_underlyings, next_expiry

SECOND_NS = 10**9
DOLLAR = "0x" + "d" * 40
"""Any address."""


def config(**changes: object) -> UnderlyingConfig:
    """The local network's underlying."""
    chain = ChainConfig(
        chain_id=412346,
        name="primary",
        rpc_url="",
        confirmations=1,
        block_seconds=1,
        deploy_block=0,
        contracts={"LocalDollar": DOLLAR},
    )
    (found,) = underlyings({412346: chain})
    return found.model_copy(update=changes)


def at(text: str) -> int:
    """A time in UTC [nanoseconds since 1970]."""
    return int(dt.datetime.fromisoformat(text + "+00:00").timestamp()) * SECOND_NS


ASSETS = {(412346, bytes.fromhex(DOLLAR[2:])): Asset(3, 412346, bytes.fromhex(DOLLAR[2:]), 6)}


def standing(**changes: int) -> Underlying:
    """The underlying as the engine has it."""
    (command,) = missing_underlyings([config()], ASSETS, {})
    rates = (command.range_ppm, command.basis_ppm, command.initial_ppm, command.short_option_ppm)
    found = Underlying(0, "sSTB", 3, 100, *rates, command.liquidation_fee_ppm, command.liquidation_step_ppm)
    return msgspec.structs.replace(found, **changes)


@pytest.mark.parametrize(
    ("now", "expiry"),
    [
        ("2026-11-28T19:00:00", "2026-12-04T08:00:00"),
        ("2026-12-03T08:00:00", "2026-12-04T08:00:00"),
        ("2026-12-03T08:00:01", "2026-12-11T08:00:00"),
        ("2026-12-04T08:00:00", "2026-12-11T08:00:00"),
    ],
)
def test_contracts_expire_on_the_friday_that_is_a_day_away_at_least(now: str, expiry: str) -> None:
    assert next_expiry(config(), at(now)) == at(expiry)


def test_a_future_and_a_strip_of_options_are_listed_once() -> None:
    now = at("2026-11-28T19:00:00")
    found = missing_contracts([config()], {"sSTB": 0}, [], now)
    assert [type(one) for one in found] == [ListFuture] + [ListOption] * 6
    strip = [(one.strike, one.kind) for one in found if isinstance(one, ListOption)]
    assert strip == [(strike, kind) for strike in (54_000, 60_000, 66_000) for kind in OptionKind]
    expiry = next_expiry(config(), now)
    known = [Instrument(0, 0, 1, expiry, 0), Instrument(1, 0, 2, expiry, 60_000)]
    assert len(missing_contracts([config()], {"sSTB": 0}, known, now)) == 5
    assert len(missing_contracts([config()], {"sSTB": 0}, known, expiry)) == 7, "next week's"


def test_an_underlying_is_listed_unless_it_stands() -> None:
    (command,) = missing_underlyings([config()], ASSETS, {})
    assert (command.name, command.settlement_asset, command.tick) == (b"sSTB\0\0\0\0", 3, 100)
    assert missing_underlyings([config()], ASSETS, {"sSTB": standing()}) == []
    with pytest.raises(ListingConflict):
        missing_underlyings([config()], ASSETS, {"sSTB": standing(tick=101)})
    with pytest.raises(ListingConflict):
        missing_underlyings([config(price_step="0.000000001")], ASSETS, {})


def test_a_strike_between_two_ticks_is_refused() -> None:
    with pytest.raises(ListingConflict):
        missing_contracts([config(strikes=("0.0600001",))], {"sSTB": 0}, [], at("2026-11-28T19:00:00"))
