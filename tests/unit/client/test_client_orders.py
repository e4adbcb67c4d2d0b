"""What the client signs is what every EIP-712 library signs, and what it means."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from api_venue import START, Venue
from eth_account import Account
from eth_account.messages import encode_typed_data

from stab3l.api.answers import Markets
from stab3l.api.grid import OffGrid
from stab3l.api.signed import (
    amend_message,
    cancel_all_message,
    cancel_message,
    order_message,
    protection_message,
    schedule_cancel_message,
    withdrawal_message,
)
from stab3l.client.orders import (
    listed_market,
    signed_amend,
    signed_cancel,
    signed_cancel_all,
    signed_order,
    signed_protection,
    signed_schedule_cancel,
    signed_withdrawal,
)
from stab3l.errors import NotFound
from stab3l.units import BaseUnits

pytestmark = pytest.mark.anyio


def recovered(domain: Any, message: Any, signature: str) -> str:
    """The signer as eth-account sees it."""
    typed = encode_typed_data(dict(domain), dict(message.types), dict(message.values))
    return str(Account.recover_message(typed, signature=bytes.fromhex(signature[2:])))


async def test_all_messages_agree_with_an_independent_library(venue: Venue) -> None:
    domain, signer = venue.market.domain, venue.trader
    order = signed_order(
        signer, venue.market, side="sell", price="0.0611", quantity="2.03", client_id=2**64 - 1, now=START
    )
    cancel = signed_cancel(signer, domain, order_id=2**64 - 1, now=START)
    withdrawal = signed_withdrawal(
        signer, domain, asset=1, amount=BaseUnits(2**127), recipient=signer.address, client_id=5, now=START
    )
    amend = signed_amend(
        signer, venue.market, order_id=2**64 - 1, price="0.0611", quantity="2.03", client_id=6, now=START
    )
    every = signed_cancel_all(signer, domain, now=START, side="sell", label=2**16 - 1)
    schedule = signed_schedule_cancel(signer, domain, at=2**64 - 1, client_id=7, now=START)
    protection = signed_protection(
        signer, venue.market, window_ns=1, quantity="2.03", frozen_ns=2**64 - 1, client_id=8, now=START
    )
    messages = (
        (amend_message(amend, ticks=611, lots=203), amend),
        (cancel_all_message(every), every),
        (schedule_cancel_message(schedule), schedule),
        (protection_message(protection, market=0, max_lots=203), protection),
        (order_message(order, market=0, ticks=611, lots=203), order),
        (cancel_message(cancel), cancel),
        (withdrawal_message(withdrawal), withdrawal),
    )
    for message, request in messages:
        assert recovered(domain, message, request.signature) == signer.address


async def test_an_off_grid_price_is_refused_before_it_is_signed(venue: Venue) -> None:
    with pytest.raises(OffGrid):
        signed_order(venue.trader, venue.market, side="buy", price="0.06001", quantity="1", client_id=1, now=START)


async def test_a_market_that_is_not_listed_is_not_found(venue: Venue) -> None:
    markets = msgspec.json.decode((await venue.client.get("/v1/markets")).content, type=Markets)
    with pytest.raises(NotFound):
        listed_market(markets, "X-Y")
