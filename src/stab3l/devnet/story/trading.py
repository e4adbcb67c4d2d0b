"""Chapter two: deposits are credited, orders trade, batches settle on each chain, withdrawals arrive."""

from __future__ import annotations

from dataclasses import dataclass

from stab3l.api.answers import Markets, OrderPlaced
from stab3l.api.signed import PlaceRequest
from stab3l.client import calls
from stab3l.client.orders import domain_of, listed_market, signed_order, signed_withdrawal
from stab3l.config import PRIMARY_CHAIN_ID
from stab3l.devnet.faucet import DOLLAR
from stab3l.devnet.listing import symbol
from stab3l.devnet.people import Person, ensure, together, until
from stab3l.devnet.ports import CHAIN_NAMES
from stab3l.devnet.story.stage import TOKEN, Stage
from stab3l.units import NANOSECONDS_PER_SECOND, BaseUnits

LIFE_NS = 600 * NANOSECONDS_PER_SECOND
DOLLARS = 1_000 * 10**6
TRADES_OF = {PRIMARY_CHAIN_ID: "maker-0", 138: "maker-1", 651940: "maker-1"}
"""Who makes the market against each chain's dollar."""

ASKS = ("0.06005", "0.0601", "0.06015")
BIDS = ("0.05995", "0.0599", "0.05985")
QUANTITY = "5"
TAKEN = {"buy": "8", "sell": "2"}
"""The taker's orders: the buy is more than one level, so that it walks the book."""

WORST_ASK, WORST_BID = "0.0602", "0.0598"


@dataclass(frozen=True, slots=True)
class Funding:
    """One deposit of the chapter."""

    role: str
    chain_id: int
    token: str
    amount: int


async def deposit_all(stage: Stage) -> None:
    """Makers and trader deposit; the deposit keeper credits what is as deep as the confirmation depth."""
    fundings = _fundings()
    await together(*(_deposit_once(stage, funding) for funding in fundings))
    await together(*(_until_credited(stage, funding) for funding in fundings))
    stage.steps.add("deposits.credited", sequence=(await stage.gateway.status()).sequence)


async def _deposit_once(stage: Stage, funding: Funding) -> None:
    person = stage.person(funding.role)
    if await _credited(stage, person, funding.chain_id, funding.token) == 0:
        await _deposit(stage, person, funding)


async def _until_credited(stage: Stage, funding: Funding) -> None:
    person = stage.person(funding.role)

    async def arrived() -> bool:
        return await _credited(stage, person, funding.chain_id, funding.token) > 0

    await until(arrived, f"{funding.role}'s deposit on chain {funding.chain_id}")


def _fundings() -> list[Funding]:
    makers = [Funding(role, chain_id, DOLLAR, DOLLARS) for chain_id, role in TRADES_OF.items()]
    traders = [Funding("trader", chain_id, DOLLAR, DOLLARS) for chain_id in CHAIN_NAMES]
    stock = [Funding(role, PRIMARY_CHAIN_ID, TOKEN, 0) for role in dict.fromkeys(TRADES_OF.values())]
    contracts = Funding("contract-maker", PRIMARY_CHAIN_ID, DOLLAR, DOLLARS)
    return [*stock, *makers, contracts, *traders]


async def _deposit(stage: Stage, person: Person, funding: Funding) -> None:
    chain_id, token = funding.chain_id, funding.token
    amount = funding.amount or await person.balance(chain_id, token)
    if funding.amount:
        await stage.give_dollars(person, chain_id, amount)
    await person.approve(chain_id, token, "Custody")
    held = await person.balance(chain_id, token)
    address = person.contract(chain_id, token).address

    async def deposited() -> bool:
        return await person.balance(chain_id, token) <= held - amount

    receipt = await ensure(
        deposited, lambda: person.send(chain_id, "Custody", "deposit", address, amount, person.address)
    )
    stage.steps.add("deposit", receipt, by=funding.role, chain_id=chain_id, token=token, amount=amount)


async def _credited(stage: Stage, person: Person, chain_id: int, token: str) -> int:
    account = await stage.gateway.account_of(bytes.fromhex(person.address[2:]))
    if account is None:
        return 0
    address = bytes.fromhex(person.contract(chain_id, token).address[2:])
    asset = next(a.id for a in await stage.gateway.assets() if (a.chain_id, a.token) == (chain_id, address))
    return sum(b.available + b.held for b in await stage.gateway.balances(account) if b.asset == asset)


async def trade_all(stage: Stage) -> None:
    """Makers quote, one over REST and one over WebSocket; the trader buys and sells on every market."""
    markets = await stage.api.markets()
    client_id = 1
    for chain_id, role in TRADES_OF.items():
        quotes = [("sell", price) for price in ASKS] + [("buy", price) for price in BIDS]
        for side, price in quotes:
            order = signed(stage, markets, role, symbol(chain_id), side, price, QUANTITY, client_id)
            await place(stage, role, order, over_socket=role == "maker-1")
            client_id += 1
        stage.steps.add("quotes", by=role, market=symbol(chain_id), orders=len(quotes))
    for chain_id in TRADES_OF:
        for side, worst in (("buy", WORST_ASK), ("sell", WORST_BID)):
            taken, at = TAKEN[side], symbol(chain_id)
            order = signed(stage, markets, "trader", at, side, worst, taken, client_id, market_order=True)
            placed = await place(stage, "trader", order, over_socket=False)
            fills = [f"{fill.quantity} @ {fill.price}" for fill in placed.fills]
            stage.steps.add("trade", by="trader", market=symbol(chain_id), side=side, filled=placed.filled, fills=fills)
            client_id += 1


def signed(
    stage: Stage, markets: Markets, role: str, market: str, side: str, price: str, quantity: str, client_id: int,
    *, market_order: bool = False,
) -> PlaceRequest:  # fmt: skip
    """Someone's order, signed; a market order's price is the worst that it accepts."""
    return signed_order(
        stage.person(role).signer,
        listed_market(markets, market),
        side="buy" if side == "buy" else "sell",
        price=price,
        quantity=quantity,
        client_id=client_id,
        now=stage.clock.now(),
        life_ns=LIFE_NS,
        type="market" if market_order else "limit",
        time_in_force="ioc" if market_order else "gtc",
    )


async def place(stage: Stage, role: str, order: PlaceRequest, *, over_socket: bool) -> OrderPlaced:
    """Sends until it is acknowledged; the client id makes a repetition harmless."""
    placed: list[OrderPlaced] = []

    async def sent() -> bool:
        if over_socket:
            async with stage.api.stream() as stream:
                placed.append(await stream.send(calls.place(order)))
        else:
            placed.append(await stage.api.send(calls.place(order)))
        return True

    await until(sent, f"{role}'s order")
    account = await _account(stage, role)
    stage.acknowledged.append((account, int(order.client_id)))
    return placed[-1]


async def _account(stage: Stage, role: str) -> int:
    found: list[int] = []

    async def known() -> bool:
        account = await stage.gateway.account_of(bytes.fromhex(stage.person(role).address[2:]))
        found.extend([] if account is None else [account])
        return account is not None

    await until(known, f"{role}'s account")
    return found[-1]


async def withdraw(stage: Stage, role: str, chain_id: int, token: str, amount: int, client_id: int) -> None:
    """Signs a withdrawal and waits until the settlement keeper has proved it on its chain and it has arrived."""
    person = stage.person(role)
    markets = await stage.api.markets()
    address = person.contract(chain_id, token).address
    asset = next(a.asset for a in markets.assets if a.chain_id == chain_id and a.token.lower() == address.lower())
    before = await person.balance(chain_id, token)
    request = signed_withdrawal(
        person.signer,
        domain_of(markets),
        asset=asset,
        amount=BaseUnits(amount),
        recipient=person.address,
        client_id=client_id,
        now=stage.clock.now(),
        life_ns=LIFE_NS,
    )

    async def queued() -> bool:
        await stage.api.send(calls.withdraw(request))
        return True

    await until(queued, f"{role}'s withdrawal")

    async def arrived() -> bool:
        return await person.balance(chain_id, token) >= before + amount

    await until(arrived, f"{role}'s withdrawal on chain {chain_id}")
    receipt = await person.transaction_of(chain_id, "Custody", "Withdrawn", owner=person.address, amount=amount)
    stage.steps.add("withdrawal.paid", receipt, by=role, chain_id=chain_id, token=token, amount=amount)


async def settle_all(stage: Stage) -> None:
    """Every chain has a batch that covers all that was traded."""
    traded = (await stage.gateway.status()).sequence
    anyone = stage.person("trader")
    for chain_id in CHAIN_NAMES:

        async def covered(chain: int = chain_id) -> bool:
            _, last_input, _, _ = await anyone.read(chain, "Custody", "lastBatch")
            return int(last_input) >= traded

        await until(covered, f"a batch on chain {chain_id} that covers input {traded}")
        index, last_input, block, _ = await anyone.read(chain_id, "Custody", "lastBatch")
        receipt = await anyone.transaction_of(chain_id, "Custody", "BatchSettled", index=index)
        stage.steps.add("batch.settled", receipt, chain_id=chain_id, index=index, last_input=last_input, block=block)


async def withdraw_all(stage: Stage) -> None:
    """The trader takes its sSTB home, and each chain pays some dollars back."""
    dollars = [
        withdraw(stage, role, chain_id, DOLLAR, DOLLARS // 10, client_id=1_002 + number)
        for number, (chain_id, role) in enumerate(TRADES_OF.items())
    ]
    await together(withdraw(stage, "trader", PRIMARY_CHAIN_ID, TOKEN, 10**18, client_id=1_001), *dollars)
