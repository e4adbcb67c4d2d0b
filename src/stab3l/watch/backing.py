"""What stands behind outstanding sSTB: proven capacity x time against what is owed (docs/reference/backing.md)."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from stab3l.chain.contracts import contract, decode_log
from stab3l.chain.port import Chain
from stab3l.compute.statement import ComputeClass, ProofMethod
from stab3l.config import ChainConfig
from stab3l.units import BASIS_POINTS, OPERATIONS_PER_CU, WAD

BLOCKS_AT_ONCE = 10_000
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Backing:
    """One provider. Amounts in wad CU, rates in standard operations per second, times in unix seconds."""

    provider: str
    method: int
    compute_class: int
    outstanding: int
    pending: int
    promised_rate: int
    promised_until: int
    verified_rate: int
    verified_at: int
    credit_bps: int
    deliverable: int
    """What the verified rate, as it counts now, can still do until the promise ends."""
    collateral: int
    collateral_required: int
    liquidation: bool
    premium_bps: tuple[int, int, int]

    @property
    def covered_bps(self) -> int:
        """Deliverable over outstanding; full without obligations."""
        return BASIS_POINTS if self.outstanding == 0 else self.deliverable * BASIS_POINTS // self.outstanding

    @property
    def spare(self) -> int:
        """Deliverable beyond what buyers have asked for already [wad CU]."""
        return max(min(self.deliverable, self.outstanding) - self.pending, 0)


@dataclass(frozen=True, slots=True)
class Summons:
    """The last call to prove again; times in unix seconds (docs/reference/reverification.md)."""

    epoch: int
    seed_block: int
    summoned_at: int
    answer_until: int


@dataclass(frozen=True, slots=True)
class Board:
    """All providers at one block."""

    block: int
    time: int
    supply: int
    providers: tuple[Backing, ...]
    summons: Summons | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON; amounts as decimal strings."""
        return {
            "block": self.block,
            "time": self.time,
            "supply": str(self.supply),
            "outstanding": str(sum(each.outstanding for each in self.providers)),
            "deliverable": str(sum(min(each.deliverable, each.outstanding) for each in self.providers)),
            "classes": self._by_class(),
            "expiry": [{"day": day, "outstanding": str(amount)} for day, amount in sorted(self._by_day().items())],
            "providers": [_plain(each) for each in self.providers],
            "summons": None if self.summons is None else asdict(self.summons),
        }

    def _by_class(self) -> list[dict[str, str]]:
        owed: Counter[str] = Counter()
        can: Counter[str] = Counter()
        for each in self.providers:
            name = ComputeClass(each.compute_class).name.lower()
            owed[name] += each.outstanding
            can[name] += min(each.deliverable, each.outstanding)
        return [
            {"compute_class": name, "outstanding": str(owed[name]), "deliverable": str(can[name])}
            for name in sorted(owed)
        ]

    def _by_day(self) -> Counter[int]:
        found: Counter[int] = Counter()
        for each in self.providers:
            if each.outstanding == 0:
                continue
            found[max(each.promised_until - self.time, 0) // DAY_S] += each.outstanding
        return found


async def board(chain: Chain, config: ChainConfig) -> Board:
    """Reads every provider that ever registered, at the newest block."""
    head = await chain.head()
    providers = [
        await _backing(chain, config, provider, head.number, head.timestamp)
        for provider in await _registered(chain, config, head.number)
    ]
    supply = int(await chain.call(contract(config, "sSTBToken"), "totalSupply", block=head.number))
    return Board(head.number, head.timestamp, supply, tuple(providers), await _summons(chain, config, head.number))


def choose(offers: Board, amount: int, tier: int) -> Backing | None:
    """Who delivers ``amount`` [wad CU] at a tier, None when nobody can.

    Spare verified capacity for all of it first, then the lowest premium, then the most spare.
    """
    able = [each for each in offers.providers if each.spare >= amount and not each.liquidation]
    return min(able, key=lambda each: (each.premium_bps[tier], -each.spare, each.provider), default=None)


async def _summons(chain: Chain, config: ChainConfig, block: int) -> Summons | None:
    names = ("summonedEpoch", "seedBlock", "summonedAt", "answerUntil")
    schedule = contract(config, "Reverification")
    found = Summons(*[int(await chain.call(schedule, name, block=block)) for name in names])
    return found if found.epoch else None


async def _registered(chain: Chain, config: ChainConfig, last: int) -> list[str]:
    verifier, found = contract(config, "ComputeUnitVerifier"), {}
    for start in range(config.deploy_block, last + 1, BLOCKS_AT_ONCE):
        for entry in await chain.logs([verifier.address], start, min(start + BLOCKS_AT_ONCE - 1, last)):
            event = decode_log(verifier, entry)
            if event is not None and event.event == "ProviderRegistered":
                found[str(event.args["provider"])] = True
    return list(found)


async def _backing(chain: Chain, config: ChainConfig, provider: str, block: int, now: int) -> Backing:
    async def read(name: str, function: str, *args: Any) -> Any:
        return await chain.call(contract(config, name), function, *args, block=block)

    capacity = await read("ComputeUnitVerifier", "capacityOf", provider)
    method, _ = await read("ComputeUnitVerifier", "registrationOf", provider)
    claim = await read("ComputeUnitVerifier", "claimOf", await read("ComputeUnitVerifier", "lastClaimOf", provider))
    credit = int(await read("Reverification", "creditBpsOf", provider))
    outstanding = int(await read("CollateralManager", "outstandingOf", provider))
    seconds = max(capacity.promisedUntil - now, 0)
    work = capacity.verifiedRate * credit * seconds // BASIS_POINTS
    return Backing(
        provider=provider,
        method=int(method),
        compute_class=int(claim.computeClass),
        outstanding=outstanding,
        pending=int(await read("Redemption", "pendingOf", provider)),
        promised_rate=int(capacity.promisedRate),
        promised_until=int(capacity.promisedUntil),
        verified_rate=int(capacity.verifiedRate),
        verified_at=int(capacity.verifiedAt),
        credit_bps=credit,
        deliverable=work * WAD // OPERATIONS_PER_CU,
        collateral=int(await read("CollateralManager", "collateralOf", provider)),
        collateral_required=int(await read("CollateralManager", "requiredUp", outstanding)),
        liquidation=bool(await read("CollateralManager", "inLiquidation", provider)),
        premium_bps=tuple(await read("Redemption", "premiumBpsOf", provider)),
    )


def _plain(each: Backing) -> dict[str, Any]:
    amounts = (
        "outstanding",
        "pending",
        "deliverable",
        "collateral",
        "collateral_required",
        "verified_rate",
        "promised_rate",
    )
    record = asdict(each) | {
        "method": ProofMethod(each.method).name.lower(),
        "compute_class": ComputeClass(each.compute_class).name.lower(),
        "covered_bps": each.covered_bps,
        "spare": str(each.spare),
    }
    return record | {name: str(record[name]) for name in amounts}
