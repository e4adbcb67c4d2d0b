"""One description of a running network, read once by each process.

``Settings`` comes from the environment (``STAB3L_HOME``, ...). ``Network`` is ``<home>/network.json``, written by
whoever deployed the contracts; it holds addresses and ports, never a secret. Keys lie as keystores in ``<home>/keys``.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from stab3l.errors import Invalid, NotFound

PRIMARY_CHAIN_ID = 412346
"""Local Arbitrum: issuance, staking and redemption live here (DESIGN section 11)."""
DECIMAL = r"^(0|[1-9][0-9]*)(\.[0-9]+)?$"


class ChainConfig(BaseModel):
    """One chain: where it answers, how deep a block counts as settled, and what is deployed there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    chain_id: int = Field(gt=0)
    name: str
    rpc_url: str
    confirmations: int = Field(ge=1)
    """A block counts when this many blocks, itself included, are on the chain."""
    block_seconds: int = Field(ge=1)
    deploy_block: int = Field(ge=0)
    contracts: dict[str, str]
    """Contract name -> checksummed address."""


class MarketConfig(BaseModel):
    """A spot market as listed in the engine (docs/reference/engine.md, ``list_market``)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    symbol: str
    base: tuple[int, str]
    """(chain id, token address) of the base asset."""
    quote: tuple[int, str]
    lot: int
    tick: int
    maker_fee_ppm: int
    taker_fee_ppm: int
    max_lots: int


class UnderlyingConfig(BaseModel):
    """What futures and options are on, as listed in the engine (docs/reference/derivatives.md) and as people read it.

    Decimals are plain ones in text: ``contract_size`` units of the underlying are one lot, ``price_step`` settlement
    tokens per unit are one tick. Expiries lie ``expiry_every_s`` apart, the first ``expiry_first_s`` after 1970 began.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9]{0,7}$")
    settlement: tuple[int, str]
    """(chain id, token address) of what everything settles in; the same for all underlyings."""
    contract_size: str = Field(pattern=DECIMAL)
    price_step: str = Field(pattern=DECIMAL)
    range_ppm: int
    basis_ppm: int
    initial_ppm: int
    short_option_ppm: int
    liquidation_fee_ppm: int
    liquidation_step_ppm: int
    maker_fee_ppm: int
    taker_fee_ppm: int
    max_lots: int
    band_ppm: int
    expiry_every_s: int = Field(gt=0)
    expiry_first_s: int = Field(ge=0)
    expiry_ahead_s: int = Field(gt=1_800)
    """A contract is listed at least this long before it expires."""
    strikes: tuple[str, ...]
    """Of a call and a put each; settlement tokens per unit."""
    feed: str
    """Pair of the primary chain's oracle that gives the index."""
    settlement_feed: str = ""
    """Pair that ``feed`` is divided by, such as USDC/USD; none: ``feed`` is in the settlement token already."""
    books: tuple[str, ...] = ()
    """Spot markets whose middle counts towards the index."""
    volatility_ppm: int = Field(gt=0)
    """What options are valued with: parts per million of the price, per square root of a year."""


class CollateralConfig(BaseModel):
    """An asset that counts as equity of whoever trades futures and options (docs/reference/derivatives.md)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: tuple[int, str]
    """(chain id, token address)."""
    haircut_ppm: int = Field(ge=0, le=1_000_000)
    """What is taken off its value."""
    feed: str
    """Pair of the primary chain's oracle that gives its price."""
    settlement_feed: str = ""
    """Pair that ``feed`` is divided by; none: ``feed`` is in the settlement token already."""


class Network(BaseModel):
    """Everything public about one running network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    chains: tuple[ChainConfig, ...]
    markets: tuple[MarketConfig, ...]
    underlyings: tuple[UnderlyingConfig, ...] = ()
    collateral: tuple[CollateralConfig, ...] = ()
    gateway: str
    """host:port of the exchange gateway (gRPC)."""
    api_url: str
    verifier_urls: tuple[str, ...]
    provider_url: str
    database_url: str

    def chain(self, chain_id: int) -> ChainConfig:
        """The chain with this id.

        Raises:
            NotFound: no such chain in this network.
        """
        for chain in self.chains:
            if chain.chain_id == chain_id:
                return chain
        raise NotFound(f"chain {chain_id} is not part of this network", chain_id=chain_id)

    @property
    def primary(self) -> ChainConfig:
        """The chain that holds issuance, staking and redemption."""
        return self.chain(PRIMARY_CHAIN_ID)


class Settings(BaseSettings):
    """Process settings from the environment, prefix ``STAB3L_``."""

    model_config = SettingsConfigDict(env_prefix="STAB3L_", extra="ignore")

    home: Path = Path(".stab3l/local")
    """Where `make up` keeps its network."""
    log_level: str = "info"
    ipfs_rpc: str | None = None
    """RPC address of a Kubo node (IPFS); None: blocks lie in the home."""


def load_network(home: Path) -> Network:
    """Reads ``<home>/network.json``.

    Raises:
        NotFound: the file is missing (nothing was started in this home yet).
        Invalid: the file does not describe a network.
    """
    path = home / "network.json"
    try:
        return Network.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise NotFound(f"{path} is missing: start a network first (stab3l up)", path=str(path)) from None
    except ValidationError as error:
        raise Invalid(f"{path} does not describe a network: {error}", path=str(path)) from None
