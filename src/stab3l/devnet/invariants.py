"""The design's invariants, measured on a running network (DESIGN section 12): I1 to I4 on chain, I5 to I8 by replay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stab3l.chain.contracts import Contract, contract
from stab3l.chain.rpc import RpcChain
from stab3l.config import PRIMARY_CHAIN_ID, Network
from stab3l.devnet.events import events
from stab3l.exchange.gateway_client import GatewayClient

BURNS = {"RedemptionRequested": "amount", "Retired": "amount", "RedeemedLiquidated": "amount"}
"""Events of Redemption that burn sSTB, and the field that says how much."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One invariant as it was found. ``values`` are what the verdict was made from."""

    id: str
    ok: bool
    values: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """For JSON; integers as decimal strings."""
        return {"id": self.id, "ok": self.ok, **{key: _plain(value) for key, value in self.values.items()}}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class ChainMeasure:
    """Reads the contracts of one network."""

    def __init__(self, network: Network, chains: Mapping[int, RpcChain]) -> None:
        self.network = network
        self.chains = chains

    def _contract(self, name: str, chain_id: int = PRIMARY_CHAIN_ID) -> Contract:
        return contract(self.network.chain(chain_id), name)

    async def _read(self, name: str, function: str, *args: Any, chain_id: int = PRIMARY_CHAIN_ID) -> Any:
        return await self.chains[chain_id].call(self._contract(name, chain_id), function, *args)

    async def _events(self, name: str, event: str) -> list[dict[str, Any]]:
        return await events(self.network, self.chains[PRIMARY_CHAIN_ID], name, event)

    async def cu_supply_is_zero(self) -> Verdict:
        """I1: CU exists only inside a mint; looked at now and at each block that minted."""
        chain, token = self.chains[PRIMARY_CHAIN_ID], self._contract("CUToken")
        blocks = {entry["block"] for entry in await self._events("MintingAgent", "Minted")}
        supplies = [int(await chain.call(token, "totalSupply", block=block)) for block in (*sorted(blocks), None)]
        return Verdict("I1", not any(supplies), {"supply": supplies[-1], "blocks_checked": len(supplies)})

    async def supply_is_minted_less_redeemed(self) -> Verdict:
        """I2: sSTB on all chains = minted - burned by redemption (nothing is in flight without a bridge)."""
        supplies = [int(await self._read("sSTBToken", "totalSupply", chain_id=chain_id)) for chain_id in self.chains]
        minted = sum(int(entry["amount"]) for entry in await self._events("MintingAgent", "Minted"))
        burned = 0
        for event, field in BURNS.items():
            burned += sum(int(entry[field]) for entry in await self._events("Redemption", event))
        found = {"supply": sum(supplies), "minted": minted, "redeemed": burned, "in_flight": 0}
        return Verdict("I2", sum(supplies) == minted - burned, found)

    async def providers_are_collateralised(self) -> Verdict:
        """I3: each provider's collateral covers 120 % of what it owes at par, or it is in liquidation."""
        rows, ok = [], True
        for provider in {
            entry["provider"] for entry in await self._events("ComputeUnitVerifier", "ProviderRegistered")
        }:
            outstanding = int(await self._read("CollateralManager", "outstandingOf", provider))
            collateral = int(await self._read("CollateralManager", "collateralOf", provider))
            required = int(await self._read("CollateralManager", "requiredUp", outstanding))
            liquidation = bool(await self._read("CollateralManager", "inLiquidation", provider))
            ok = ok and (collateral >= required or liquidation)
            rows.append({"provider": provider, "collateral": str(collateral), "required": str(required)})
        return Verdict("I3", ok and bool(rows), {"providers": rows})

    async def custody_holds_what_is_owed(self, gateway: GatewayClient, accounts: Iterable[int]) -> Verdict:
        """I4: custody holds, of each token, the engine's balances + uncredited deposits + payouts not yet made.

        ``accounts`` are all that the engine has; their balances are summed here, not taken from the engine's totals,
        less what their positions cost and what they owe (docs/reference/derivatives.md, Conservation).
        """
        owned: Counter[int] = Counter()
        has_futures = bool(await gateway.underlyings())
        for account in accounts:
            for balance in await gateway.balances(account):
                owned[balance.asset] += balance.available + balance.held
            margin = await gateway.margin(account) if has_futures else None
            if margin is not None:
                cost = sum(position.entry for position in await gateway.positions(account))
                owned[margin.asset] -= cost + margin.debt
        totals = {total.asset: total for total in await gateway.totals()}
        rows, ok = [], True
        for asset in await gateway.assets():
            custody = self._contract("Custody", asset.chain_id)
            token = "0x" + asset.token.hex()
            deposited, _, _, paid_out = await self._read("Custody", "totalsOf", token, chain_id=asset.chain_id)
            held = int(await self._balance(asset.chain_id, token, custody.address))
            total = totals[asset.id]
            engine = owned[asset.id]
            waiting, unpaid = deposited - total.credited, total.withdrawn - paid_out
            ok = ok and waiting >= 0 and unpaid >= 0 and held == engine + waiting + unpaid
            row = {"held": held, "engine": engine, "uncredited": waiting, "unpaid": unpaid}
            rows.append({"chain_id": asset.chain_id, "token": token, **{k: str(v) for k, v in row.items()}})
        return Verdict("I4", ok and bool(rows), {"assets": rows})

    async def _balance(self, chain_id: int, token: str, owner: str) -> int:
        config = self.network.chain(chain_id)
        name = next(name for name, address in config.contracts.items() if address.lower() == token)
        return int(await self._read(name, "balanceOf", owner, chain_id=chain_id))
