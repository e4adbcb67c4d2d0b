"""What the local exchange trades: sSTB of the primary chain against the dollar of each chain."""

from __future__ import annotations

from collections.abc import Mapping

from stab3l.config import PRIMARY_CHAIN_ID, ChainConfig, CollateralConfig, MarketConfig, UnderlyingConfig
from stab3l.devnet.ports import CHAIN_NAMES

LOT = 10**17
"""0.1 sSTB in base units."""

TICK = 1
"""Quote units (10^-6 dollar) per lot: one tick is $0.00001 per sSTB, 1.7 basis points of par."""

MAKER_FEE_PPM = 500
TAKER_FEE_PPM = 2_500
"""Published spot fees: 0.05 % and 0.25 % (source parameters)."""

MAX_LOTS = 10_000_000


def symbol(quote_chain: int) -> str:
    """`sSTB-USDC`, with the quote's chain where it is not the primary one."""
    return "sSTB-USDC" if quote_chain == PRIMARY_CHAIN_ID else f"sSTB-USDC.{quote_chain}"


def spot_markets(chains: Mapping[int, ChainConfig]) -> tuple[MarketConfig, ...]:
    """One market for each chain's dollar, the primary chain's first."""
    base = (PRIMARY_CHAIN_ID, chains[PRIMARY_CHAIN_ID].contracts["sSTBToken"])
    return tuple(
        MarketConfig(
            symbol=symbol(chain_id),
            base=base,
            quote=(chain_id, chains[chain_id].contracts["LocalDollar"]),
            lot=LOT,
            tick=TICK,
            maker_fee_ppm=MAKER_FEE_PPM,
            taker_fee_ppm=TAKER_FEE_PPM,
            max_lots=MAX_LOTS,
        )
        for chain_id in CHAIN_NAMES
    )


WEEK_S = 604_800
FRIDAY_MORNING_S = 115_200
"""1970-01-02, 08:00 UTC: the first Friday."""


def underlyings(chains: Mapping[int, ChainConfig]) -> tuple[UnderlyingConfig, ...]:
    """One: sSTB in the primary chain's dollar, a future and a strip of options that expire on Fridays."""
    return (
        UnderlyingConfig(
            name="sSTB",
            settlement=(PRIMARY_CHAIN_ID, chains[PRIMARY_CHAIN_ID].contracts["LocalDollar"]),
            contract_size="100",
            price_step="0.000001",
            range_ppm=150_000,
            basis_ppm=20_000,
            initial_ppm=1_300_000,
            short_option_ppm=30_000,
            liquidation_fee_ppm=5_000,
            liquidation_step_ppm=250_000,
            maker_fee_ppm=200,
            taker_fee_ppm=500,
            max_lots=100_000,
            band_ppm=0,
            expiry_every_s=WEEK_S,
            expiry_first_s=FRIDAY_MORNING_S,
            expiry_ahead_s=86_400,
            strikes=("0.054", "0.06", "0.066"),
            feed="sSTB/USD",
            settlement_feed="USDC/USD",
            books=tuple(symbol(chain_id) for chain_id in CHAIN_NAMES),
            volatility_ppm=600_000,
        ),
    )


def collateral(chains: Mapping[int, ChainConfig]) -> tuple[CollateralConfig, ...]:
    """sSTB counts half: it falls with what most positions here are on."""
    return (
        CollateralConfig(
            token=(PRIMARY_CHAIN_ID, chains[PRIMARY_CHAIN_ID].contracts["sSTBToken"]),
            haircut_ppm=500_000,
            feed="sSTB/USD",
            settlement_feed="USDC/USD",
        ),
    )
