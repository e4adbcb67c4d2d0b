"""Withdrawals and the proofs with which users leave on their own."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from api_venue import DEPOSIT_USDC, USDC, Venue
from test_api_orders import code

from stab3l.audit.reference_trees import leaf, root_of_proof
from stab3l.chain.signer import Signer
from stab3l.client.orders import signed_withdrawal
from stab3l.config import PRIMARY_CHAIN_ID
from stab3l.units import BaseUnits

pytestmark = pytest.mark.anyio
RECIPIENT = "0x" + "12" * 20
USDC_ASSET = 1


def withdrawal(venue: Venue, amount: int = 10**6, client_id: int = 900, **changes: Any) -> dict[str, Any]:
    """The body of a signed withdrawal of USDC by the trader."""
    given: dict[str, Any] = {"asset": USDC_ASSET, "recipient": RECIPIENT, "now": venue.clock.at} | changes
    signer: Signer = given.pop("signer", venue.trader)
    request = signed_withdrawal(signer, venue.market.domain, amount=BaseUnits(amount), client_id=client_id, **given)
    body: dict[str, Any] = msgspec.to_builtins(request)
    return body


async def test_a_withdrawal_is_debited_at_once(venue: Venue) -> None:
    answer = await venue.post("/v1/withdrawals", withdrawal(venue))
    assert (answer.status_code, answer.json()["withdrawal_id"]) == (201, "0")
    assert (await venue.balances(venue.trader))["USDC"] == (DEPOSIT_USDC - 10**6, 0)


async def test_a_repeated_withdrawal_pays_once_and_says_so(venue: Venue) -> None:
    body = withdrawal(venue)
    first, again = await venue.post("/v1/withdrawals", body), await venue.post("/v1/withdrawals", body)
    assert (first.status_code, again.status_code, again.json()["repeated"]) == (201, 200, True)
    assert again.json()["withdrawal_id"] == first.json()["withdrawal_id"]
    assert (await venue.balances(venue.trader))["USDC"] == (DEPOSIT_USDC - 10**6, 0)


async def test_a_client_id_of_another_withdrawal_or_order_is_refused(venue: Venue) -> None:
    await venue.post("/v1/withdrawals", withdrawal(venue))
    assert code(await venue.post("/v1/withdrawals", withdrawal(venue, amount=2 * 10**6))) == "client_id_reused"
    await venue.place(venue.trader, client_id=901)
    assert code(await venue.post("/v1/withdrawals", withdrawal(venue, client_id=901))) == "client_id_reused"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"amount": 0}, "amount_zero"),
        ({"amount": DEPOSIT_USDC + 1}, "funds_short"),
        ({"recipient": "0x" + "00" * 20}, "recipient_zero"),
        ({"asset": 99}, "asset_unknown"),
        ({"client_id": 0}, "client_id_zero"),
        ({"life_ns": 0}, "request_expired"),
    ],
)
async def test_a_withdrawal_that_breaks_a_rule_is_told_which(
    venue: Venue, changes: dict[str, Any], expected: str
) -> None:
    assert code(await venue.post("/v1/withdrawals", withdrawal(venue, **changes))) == expected


@pytest.mark.parametrize("amount", ["-1", str(2**128), "1.5", 7])
async def test_an_amount_out_of_range_is_refused(venue: Venue, amount: object) -> None:
    answer = await venue.post("/v1/withdrawals", withdrawal(venue) | {"amount": amount})
    assert code(answer) in ("number_invalid", "body_invalid")


async def test_a_withdrawal_is_proved_once_its_block_is_sealed(venue: Venue) -> None:
    await venue.post("/v1/withdrawals", withdrawal(venue))
    await venue.post("/v1/withdrawals", withdrawal(venue, client_id=901, amount=5))
    assert code(await venue.client.get("/v1/withdrawals/1/proof")) == "proof_not_ready"
    await venue.seal()
    proof = (await venue.client.get("/v1/withdrawals/1/proof")).json()
    sealed = venue.gateway.exchange.last_sealed
    assert sealed is not None
    owner, token, recipient = (bytes.fromhex(text[2:]) for text in (venue.trader.address, USDC, RECIPIENT))
    expected = leaf(1, PRIMARY_CHAIN_ID, token, owner, recipient, 5)
    assert proof["leaf"] == "0x" + expected.hex()
    siblings = [bytes.fromhex(one[2:]) for one in proof["siblings"]]
    assert root_of_proof(expected, int(proof["index"]), siblings) == sealed.withdrawals_root
    assert proof["root"] == "0x" + sealed.withdrawals_root.hex()


async def test_a_balance_is_proved_against_the_sealed_root(venue: Venue) -> None:
    await venue.place(venue.trader, quantity="100")
    await venue.seal()
    proof = (await venue.client.get(f"/v1/accounts/{venue.trader.address}/balances/{USDC_ASSET}/proof")).json()
    sealed = venue.gateway.exchange.last_sealed
    assert sealed is not None
    account = venue.gateway.exchange.owners.index(bytes.fromhex(venue.trader.address[2:]))
    owner, token = bytes.fromhex(venue.trader.address[2:]), bytes.fromhex(USDC[2:])
    expected = leaf(owner, account, PRIMARY_CHAIN_ID, token, DEPOSIT_USDC)
    siblings = [bytes.fromhex(one[2:]) for one in proof["siblings"]]
    assert (proof["leaf"], proof["amount"]) == ("0x" + expected.hex(), str(DEPOSIT_USDC))
    assert root_of_proof(expected, int(proof["index"]), siblings) == sealed.balances_root


async def test_a_proof_of_nothing_is_a_problem(venue: Venue) -> None:
    await venue.seal()
    assert code(await venue.client.get("/v1/withdrawals/0/proof")) == "withdrawal_unknown"
    assert code(await venue.client.get("/v1/withdrawals/x/proof")) == "number_invalid"
    stranger = f"/v1/accounts/{venue.stranger.address}/balances"
    assert code(await venue.client.get(f"{stranger}/0/proof")) == "account_unknown"
    assert code(await venue.client.get(f"{stranger}/77/proof")) == "asset_unknown"
