"""The PMM pools of a chain: read at one moment, then judged by the rules of `stab3l.peg`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from stab3l.chain.contracts import Contract, contract, contract_at
from stab3l.chain.errors import ContractRejected
from stab3l.chain.port import Chain
from stab3l.config import ChainConfig
from stab3l.peg.curve import FINE_PER_WAD
from stab3l.peg.pool import DECIMALS_MAX, Regime, State, Terms, mid_price

PUBLIC: Final = "PMMPool "
PRIVATE: Final = "MeshPool "
TOKEN: Final = "LocalToken"


@dataclass(frozen=True, slots=True)
class PoolView:
    """A pool at the newest block. ``base`` and ``quote``: token addresses."""

    name: str
    contract: Contract
    base: str
    quote: str
    terms: Terms
    state: State

    @property
    def price(self) -> int:
        """Marginal price [wad]."""
        return mid_price(self.terms, self.state)


def names_of(config: ChainConfig, kind: str) -> list[str]:
    """Names of the chain's pools of a kind."""
    return [name for name in config.contracts if name.startswith(kind)]


async def read_pools(chain: Chain, config: ChainConfig, kind: str = PUBLIC) -> list[PoolView]:
    """Every open pool of a kind; one that is not open yet, or whose price cannot be used, is left out."""
    found = await asyncio.gather(*(read_pool(chain, contract(config, name)) for name in names_of(config, kind)))
    return [view for view in found if view is not None]


async def read_pool(chain: Chain, pool: Contract) -> PoolView | None:
    """A pool; None while it is not open or has no price."""
    try:
        state, terms, base, quote = await asyncio.gather(
            chain.call(pool, "state"), chain.call(pool, "terms"), chain.call(pool, "baseToken"),
            chain.call(pool, "quoteToken"),
        )  # fmt: skip
    except ContractRejected:
        return None
    return PoolView(pool.name, pool, base, quote, terms_of(terms), state_of(state))


def terms_of(found: Any) -> Terms:
    """The contract's terms as the rules have them."""
    return Terms(found.price, found.slope, found.fee, _decimals(found.baseUnit), _decimals(found.quoteUnit))


def state_of(found: Any) -> State:
    """The contract's state as the rules have it; the derived target stands where the stored one does not count."""
    return State(found.baseReserve, found.quoteReserve, found.baseTarget, found.quoteTarget, Regime(found.regime))


def token_at(chain: Chain, address: str) -> Contract:
    """A token by its address."""
    return contract_at(chain.chain_id, TOKEN, address)


def pools_with(views: Sequence[PoolView], token: str) -> list[PoolView]:
    """Those that trade a token."""
    return [view for view in views if token in (view.base, view.quote)]


def _decimals(unit: int) -> int:
    return DECIMALS_MAX - (len(str(unit // FINE_PER_WAD)) - 1)
