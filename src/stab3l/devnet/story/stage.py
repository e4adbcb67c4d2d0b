"""What every chapter works with: the network, its people, the API, and the record of steps."""

from __future__ import annotations

from dataclasses import dataclass, field

from stab3l.chain.errors import ContractRejected
from stab3l.chain.port import Receipt
from stab3l.client.asynchronous import AsyncClient
from stab3l.clock import Clock, SystemClock
from stab3l.config import PRIMARY_CHAIN_ID
from stab3l.devnet.faucet import DOLLAR
from stab3l.devnet.network import LocalNetwork
from stab3l.devnet.people import Person, ensure, until
from stab3l.devnet.steps import Steps
from stab3l.exchange.gateway_client import GatewayClient

TOKEN = "sSTBToken"


@dataclass(slots=True)
class Stage:
    """One telling of the story on one local network."""

    local: LocalNetwork
    gateway: GatewayClient
    api: AsyncClient
    steps: Steps
    clock: Clock = field(default_factory=SystemClock)
    acknowledged: list[tuple[int, int]] = field(default_factory=list)
    """(account, client id) of each order that the API said is accepted."""

    def person(self, role: str) -> Person:
        """Someone of the cast."""
        return self.local.person(role)

    async def give_dollars(self, person: Person, chain_id: int, amount: int) -> Receipt | None:
        """Test dollars from the local faucet; local chains only, the token itself stands nowhere else."""
        wanted = await person.balance(chain_id, DOLLAR) + amount

        async def arrived() -> bool:
            return await person.balance(chain_id, DOLLAR) >= wanted

        return await ensure(arrived, lambda: person.send(chain_id, DOLLAR, "faucet", person.address, amount))

    async def settled(self, chain_id: int) -> None:
        """Waits until what a chain shows now can no longer be lost by killing it."""
        keeper = self.local.keepers[chain_id]
        number, _ = await keeper.control.latest()
        await keeper.kept(number)

    async def pass_time(self, duration_s: int) -> None:
        """Moves the primary chain's clock and waits until its prices are fresh again. Local chains only."""
        control = self.local.keepers[PRIMARY_CHAIN_ID].control
        _, before = await control.latest()

        async def passed() -> bool:
            _, now = await control.latest()
            if now < before + duration_s:
                await control.pass_time(before + duration_s - now)
            return True

        await until(passed, "the passing of time")
        await self.priced()

    async def priced(self) -> None:
        """Waits until the primary chain's oracle has fresh prices."""
        await until(self._is_priced, "a fresh price")

    async def _is_priced(self) -> bool:
        anyone = self.person("provider")
        try:
            await anyone.read(PRIMARY_CHAIN_ID, "CollateralManager", "requiredUp", 10**18)
        except ContractRejected:
            return False
        return True
