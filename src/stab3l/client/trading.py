"""What a trader does, step by step, without I/O: each duty is a generator that yields calls and is sent their answers.

``AsyncClient``, ``Client`` and their streams run the same steps, so nothing is described twice.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from fractions import Fraction
from typing import Any, ClassVar, Literal, TypedDict, TypeVar, Unpack

import msgspec

from stab3l.api.answers import (
    AccountView,
    AssetView,
    CancelScheduled,
    Markets,
    OrderCancelled,
    OrderPlaced,
    OrdersCancelled,
    OrderView,
    Page,
    PositionView,
    ProtectionSet,
    WithdrawalQueued,
)
from stab3l.api.grid import decimal_fraction, decimal_text
from stab3l.api.signed import OrderTypeName, PlaceRequest, SelfTradeName, TimeInForceName, TypedMessage
from stab3l.client import calls
from stab3l.client.calls import Call
from stab3l.client.orders import (
    ListedMarket,
    TypedSigner,
    domain_of,
    listed_market,
    order_to_sign,
    signature_of_all,
    signed_amend,
    signed_cancel,
    signed_cancel_all,
    signed_order,
    signed_protection,
    signed_schedule_cancel,
    signed_withdrawal,
)
from stab3l.client.problems import ApiProblem, ApiUnavailable
from stab3l.client.proofs import CheckedProof, checked_balance, checked_withdrawal
from stab3l.client.sign_in import (
    DELEGATION_TYPE,
    HashSigner,
    delegation_message,
    personal_hash,
    sign_in_message,
)
from stab3l.client.views import AgentView, Batch, DelegationRequest, Operation, SiweRequest, Tokens
from stab3l.clock import Clock, seconds
from stab3l.errors import Invalid, NotFound, Unauthorised
from stab3l.units import NANOSECONDS_PER_SECOND, BaseUnits

T = TypeVar("T")
Steps = Generator[Call[Any], Any, T]
"""Yields calls, is sent their answers, returns the result."""

DAY_S = 86_400
LIFE_S = 60
"""How long a request lives unless told otherwise: long enough for retries, short enough to be gone soon."""


class AssetAmbiguous(Invalid):
    """A symbol that several chains have. ``values``: ``symbol``, ``chains``."""

    code: ClassVar[str] = "asset_ambiguous"


class OrderTerms(TypedDict, total=False):
    """The terms of an order besides side, price and quantity (docs/reference/api.md)."""

    type: OrderTypeName
    time_in_force: TimeInForceName
    post_only: bool
    slide: bool
    reduce_only: bool
    protected: bool
    self_trade: SelfTradeName
    label: int
    good_till: str
    trigger_price: str


class NewOrder(OrderTerms, total=False):
    """One order of a batch."""

    market: str
    side: Literal["buy", "sell"]
    price: str
    quantity: str
    client_id: int


def ask(call: Call[T]) -> Steps[T]:
    """One call as a step."""
    answer: T = yield call
    return answer


class Trading:
    """The duties of one trader; ``signer`` None can only look. Prices, quantities and amounts are decimal strings."""

    def __init__(self, signer: TypedSigner | None, clock: Clock, life_s: int = LIFE_S) -> None:
        self._signer = signer
        self._clock = clock
        self._life_ns = life_s * NANOSECONDS_PER_SECOND
        self._markets: Markets | None = None
        self._listed: dict[str, ListedMarket] = {}
        self._last_client_id = 0

    @property
    def signer(self) -> TypedSigner:
        """Who signs. Raises `Unauthorised` without one."""
        if self._signer is None:
            raise Unauthorised("this client has no key: give it a signer")
        return self._signer

    def next_client_id(self) -> int:
        """Nanoseconds since 1970, one more than the last at least: new also after a restart, without stored state."""
        self._last_client_id = max(self._last_client_id + 1, self._clock.now())
        return self._last_client_id

    def listing(self) -> Steps[Markets]:
        """Assets and markets, read once and again when a symbol is not among them."""
        if self._markets is None:
            self._markets = yield from ask(calls.markets())
            self._listed.clear()
        return self._markets

    def listed(self, market: str) -> Steps[ListedMarket]:
        """A market with its grid. Raises `NotFound`."""
        if market not in self._listed:
            markets = yield from self.listing()
            try:
                self._listed[market] = listed_market(markets, market)
            except NotFound:
                self._markets = None
                self._listed[market] = listed_market((yield from self.listing()), market)
        return self._listed[market]

    def asset(self, asset: str | int, chain_id: int | None = None) -> Steps[AssetView]:
        """An asset by id, or by symbol and chain; of several the one that is traded.

        Raises `NotFound`, `AssetAmbiguous`.
        """
        listing = yield from self.listing()
        found = [one for one in listing.assets if asset in (one.asset, one.symbol) and chain_id in (None, one.chain_id)]
        if not found:
            raise NotFound(f"there is no asset {asset}", asset=asset, chain_id=chain_id)
        if len(found) > 1:
            traded = {asset for one in listing.markets for asset in (one.base_asset, one.quote_asset)}
            found = [one for one in found if one.asset in traded] or found
        if len(found) > 1:
            chains = [one.chain_id for one in found]
            raise AssetAmbiguous(f"{asset} is on chains {chains}: say which", symbol=asset, chains=chains)
        return found[0]

    def place(
        self,
        market: str,
        side: Literal["buy", "sell"],
        price: str,
        quantity: str,
        *,
        client_id: int | None = None,
        life_s: int | None = None,
        **terms: Unpack[OrderTerms],
    ) -> Steps[OrderPlaced]:
        """Signs and places an order. The ``price`` of a market type is the worst that it accepts.

        Raises:
            OffGrid: price or quantity lies between two steps; nothing was signed.
            FundsShort, MarketHalted, ...: the exchange said no (``stab3l.client.problems``).
        """
        listed = yield from self.listed(market)
        order = signed_order(
            self.signer,
            listed,
            side=side,
            price=price,
            quantity=quantity,
            client_id=client_id or self.next_client_id(),
            now=self._clock.now(),
            life_ns=self._life(life_s),
            **terms,
        )
        return (yield from ask(calls.place(order)))

    def amend(self, order_id: int, price: str, quantity: str, *, market: str | None = None) -> Steps[OrderPlaced]:
        """Gives a resting order another price, and ``quantity`` as what is to be left of it."""
        if market is None:
            market = (yield from ask(calls.order(order_id))).market
        listed = yield from self.listed(market)
        amendment = signed_amend(
            self.signer,
            listed,
            order_id=order_id,
            price=price,
            quantity=quantity,
            client_id=self.next_client_id(),
            now=self._clock.now(),
            life_ns=self._life_ns,
        )
        return (yield from ask(calls.amend(amendment)))

    def cancel(self, order_id: int) -> Steps[OrderCancelled]:
        """Cancels a resting order. Raises `OrderUnknown` when it is gone already."""
        domain = yield from self._domain()
        request = signed_cancel(self.signer, domain, order_id=order_id, now=self._clock.now(), life_ns=self._life_ns)
        return (yield from ask(calls.cancel(request)))

    def cancel_all(
        self, market: str | None = None, *, side: Literal["buy", "sell", "both"] = "both", label: int = 0
    ) -> Steps[OrdersCancelled]:
        """Cancels own orders: all, or those of a market, a side, a label."""
        listed = (yield from self.listed(market)) if market else None
        request = signed_cancel_all(
            self.signer,
            (yield from self._domain()),
            now=self._clock.now(),
            market=listed,
            side=side,
            label=label,
            life_ns=self._life_ns,
        )
        return (yield from ask(calls.cancel_all(request)))

    def schedule_cancel(self, after_s: int | None) -> Steps[CancelScheduled]:
        """A dead man's switch: all own orders die in ``after_s`` seconds unless it is moved on; None clears it."""
        at = 0 if after_s is None else self._clock.now() + after_s * NANOSECONDS_PER_SECOND
        request = signed_schedule_cancel(
            self.signer,
            (yield from self._domain()),
            at=at,
            client_id=self.next_client_id(),
            now=self._clock.now(),
            life_ns=self._life_ns,
        )
        return (yield from ask(calls.schedule_cancel(request)))

    def protect(self, market: str, quantity: str, *, window_ms: int, frozen_ms: int) -> Steps[ProtectionSet]:
        """A market-maker protection; ``quantity`` "0" turns it off."""
        listed = yield from self.listed(market)
        request = signed_protection(
            self.signer,
            listed,
            window_ns=window_ms * 10**6,
            quantity=quantity,
            frozen_ns=frozen_ms * 10**6,
            client_id=self.next_client_id(),
            now=self._clock.now(),
            life_ns=self._life_ns,
        )
        return (yield from ask(calls.protect(request)))

    def withdraw(
        self,
        asset: str | int,
        amount: str,
        *,
        recipient: str | None = None,
        chain_id: int | None = None,
        client_id: int | None = None,
    ) -> Steps[WithdrawalQueued]:
        """Takes ``amount`` whole tokens home, to the own address unless ``recipient`` names another.

        A keeper pushes the payment once its batch is on the chain; ``withdrawal_proof`` is what it takes without one.
        """
        found = yield from self.asset(asset, chain_id)
        request = signed_withdrawal(
            self.signer,
            (yield from self._domain()),
            asset=found.asset,
            amount=base_units(amount, found.decimals),
            recipient=recipient or self.signer.address,
            client_id=client_id or self.next_client_id(),
            now=self._clock.now(),
            life_ns=self._life_ns,
        )
        return (yield from ask(calls.withdraw(request)))

    def place_many(
        self, orders: Sequence[NewOrder], *, life_s: int | None = None
    ) -> Steps[list[OrderPlaced | ApiProblem | ApiUnavailable]]:
        """Signs up to 64 orders at once; they are sequenced together, in their order; each gets its order or its error.

        Sending the batch again after a lost answer places nothing twice.
        """
        requests: list[PlaceRequest] = []
        messages: list[TypedMessage] = []
        now = self._clock.now()
        for new in orders:
            listed = yield from self.listed(new["market"])
            request, message = order_to_sign(
                self.signer.address,
                listed,
                side=new["side"],
                price=new["price"],
                quantity=new["quantity"],
                client_id=new.get("client_id") or self.next_client_id(),
                expires_at=now + self._life(life_s),
                **{key: value for key, value in new.items() if key in OrderTerms.__annotations__},
            )
            requests.append(request)
            messages.append(message)
        operations = [Operation("place", request) for request in requests]
        signature = signature_of_all(self.signer, (yield from self._domain()), messages)
        done = yield from ask(calls.place_many(Batch(operations, signature)))
        return [result.placed() for result in done.results]

    def delegate(self, agent: str, *, days: int = 30, name: str = "agent") -> Steps[AgentView]:
        """Lets the key of address ``agent`` trade for this account; it can never withdraw."""
        now = seconds(self._clock.now())
        request = DelegationRequest(self.signer.address, agent, str(now), str(now + days * DAY_S), name)
        message = delegation_message(request)
        signature = self.signer.sign_typed((yield from self._domain()), DELEGATION_TYPE, message)
        return (yield from ask(calls.delegate(msgspec.structs.replace(request, signature="0x" + signature.hex()))))

    def sign_in(self) -> Steps[Tokens]:
        """A session by a signed message (EIP-4361), for private reads."""
        signer = self.signer
        if not isinstance(signer, HashSigner):
            raise Unauthorised("this signer signs typed messages only: a wallet's own key has to sign in")
        message = sign_in_message((yield from ask(calls.nonce())), signer.address)
        signature = signer.sign_hash(personal_hash(message))
        return (yield from ask(calls.siwe(SiweRequest(message, "0x" + signature.hex()))))

    def account(self, address: str | None = None) -> Steps[AccountView]:
        """Balances, open orders, deposits and withdrawals of an address, the own one by default."""
        return (yield from ask(calls.account(address or self.signer.address)))

    def orders(self, address: str | None = None, limit: int = 100, cursor: str | None = None) -> Steps[Page[OrderView]]:
        """Orders, open and closed, newest first."""
        return (yield from ask(calls.orders(address or self.signer.address, limit, cursor)))

    def positions(self, address: str | None = None) -> Steps[Page[PositionView]]:
        """Positions in futures and options, the own ones by default."""
        return (yield from ask(calls.positions(address or self.signer.address)))

    def balance_proof(
        self, asset: str | int, *, address: str | None = None, chain_id: int | None = None
    ) -> Steps[CheckedProof]:
        """Proof of a balance in the last sealed block, checked. Raises `ProofInvalid`, `ProofNotReady`."""
        owner = address or self.signer.address
        found = yield from self.asset(asset, chain_id)
        account = (yield from ask(calls.account(owner))).account
        if account is None:
            raise NotFound(f"{owner} has no account", address=owner)
        return checked_balance((yield from ask(calls.balance_proof(owner, found.asset))), owner, account)

    def withdrawal_proof(self, withdrawal_id: int) -> Steps[CheckedProof]:
        """Proof of a withdrawal in the last sealed block, checked. Raises `ProofInvalid`, `ProofNotReady`."""
        return checked_withdrawal((yield from ask(calls.withdrawal_proof(withdrawal_id))), withdrawal_id)

    def _domain(self) -> Steps[Mapping[str, Any]]:
        return domain_of((yield from self.listing()))

    def _life(self, life_s: int | None) -> int:
        return self._life_ns if life_s is None else life_s * NANOSECONDS_PER_SECOND


def base_units(amount: str, decimals: int) -> BaseUnits:
    """Base units of a decimal amount of whole tokens. Raises `DecimalInvalid`, `Invalid` for too many places."""
    exact = decimal_fraction("amount", amount) * 10**decimals
    if exact.denominator != 1:
        raise Invalid(f"{amount} has more than {decimals} decimal places", amount=amount, decimals=decimals)
    return BaseUnits(exact.numerator)


def whole_tokens(amount: int, decimals: int) -> str:
    """The decimal of base units, of either sign, in whole tokens."""
    return ("-" if amount < 0 else "") + decimal_text(Fraction(abs(amount), 10**decimals))
