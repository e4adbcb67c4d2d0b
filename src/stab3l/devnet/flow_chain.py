"""One fresh local chain with backpressure payments on the real Superfluid, and anyone that a measurement needs.

Tokens from nowhere and the timelock's voice: local by construction, like all of `AnvilControl`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from stab3l.chain.contracts import Contract, contract, contract_at
from stab3l.chain.flows import Flows, task_type_id
from stab3l.chain.port import Receipt
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer, create_password
from stab3l.client.flow import TASK_TYPE
from stab3l.config import PRIMARY_CHAIN_ID, ChainConfig
from stab3l.devnet.anvil import AnvilControl, find_anvil, scratch_node
from stab3l.devnet.deployment import Deployment
from stab3l.errors import Unavailable
from stab3l.flow.constants import EPOCH_SECONDS
from stab3l.hashing import keccak256

REPOSITORY: Final = Path(__file__).parents[3]
GAS_MONEY: Final = 10**21
STAKE: Final = 400 * 10**18
TASK: Final = task_type_id(TASK_TYPE)
ROLES: Final = ("guardian", "sequencer", "arbiter", "governor", "reporter-0", "reporter-1", "verifier-0", "verifier-1")
REPORT: Final[Mapping[str, Any]] = {
    "CapacityReport": [
        {"name": "taskTypeId", "type": "bytes32"},
        {"name": "sink", "type": "address"},
        {"name": "capacity", "type": "uint256"},
        {"name": "epoch", "type": "uint256"},
    ]
}


@dataclass
class FlowChain:
    """The chain and its people."""

    control: AnvilControl
    chain: RpcChain
    config: ChainConfig
    flows: Flows = field(init=False)

    def __post_init__(self) -> None:
        self.flows = Flows(self.chain, self.config)

    async def person(self, name: str) -> Sender:
        """Someone with money for gas, the same for the same name."""
        signer = Signer(keccak256(name.encode()))
        await self.control.set_balance(signer.address, GAS_MONEY)
        return Sender(self.chain, signer)

    async def give(self, token: str, to: str, amount: int) -> None:
        """Tokens from nowhere."""
        await self.control.request("anvil_dealERC20", to, self.config.contracts[token], hex(amount))

    async def sink(self, name: str) -> Sender:
        """Staked, not registered."""
        sink, stakes = await self.person(name), self.flows.stakes
        await self.give("sSTBToken", sink.signer.address, STAKE)
        token = contract_at(self.chain.chain_id, "ERC20Permit", self.config.contracts["sSTBToken"])
        await sink.transact(token, "approve", stakes.address, STAKE)
        await sink.transact(stakes, "stake", STAKE)
        return sink

    async def govern(self, target: Contract, function: str, *arguments: Any) -> None:
        """A call in the timelock's name, without its delay."""
        timelock = contract(self.config, "Timelock").address
        await self.control.set_balance(timelock, GAS_MONEY)
        await self.control.request("anvil_impersonateAccount", timelock)
        data = "0x" + target.encode(function, arguments).hex()
        call = {"from": timelock, "to": target.address, "data": data, "gas": hex(10_000_000)}
        tx_hash = await self.control.request("eth_sendTransaction", call)
        receipt = await self.control.mined(tx_hash)
        if int(receipt["status"], 16) != 1:
            raise Unavailable(f"{target.name}.{function} was refused")

    async def epoch(self) -> int:
        """Number of the running epoch."""
        return (await self.chain.head()).timestamp // EPOCH_SECONDS

    async def next_epoch(self) -> None:
        """Moves the clock to its first second."""
        start = (await self.epoch() + 1) * EPOCH_SECONDS
        await self.control.request("evm_setNextBlockTimestamp", start)
        await self.control.request("evm_mine")

    async def report(self, keeper: Sender, capacities: Mapping[Sender, int]) -> Receipt:
        """Signed capacities of several sinks, handed in together."""
        registry, epoch = self.flows.registry, await self.epoch()
        domain = {
            "name": "stab3l CapacityRegistry",
            "version": "1",
            "chainId": self.chain.chain_id,
            "verifyingContract": registry.address,
        }
        reports, signatures = [], []
        for sink, capacity in capacities.items():
            report = {"taskTypeId": TASK, "sink": sink.signer.address, "capacity": capacity, "epoch": epoch}
            reports.append(report)
            signatures.append(sink.signer.sign_typed(domain, REPORT, report))
        return await keeper.transact(registry, "reportCapacities", reports, signatures)


@asynccontextmanager
async def flow_chain(home: Path) -> AsyncIterator[FlowChain]:
    """Starts anvil and deploys; ends it afterwards. ``home``: an empty folder.

    Raises:
        NotFound, Unavailable: the toolchain is missing, or the chain did not start.
    """
    create_password(home)
    signers = {role: Signer.create(home, role, work_factor=2) for role in ROLES}
    async with scratch_node(find_anvil(REPOSITORY), PRIMARY_CHAIN_ID) as control:
        deployment = Deployment(REPOSITORY, home, signers)
        await deployment.build()
        deployed = await deployment.deploy(control)
        config = ChainConfig(
            chain_id=control.chain.chain_id,
            name=control.chain.name,
            rpc_url=control.chain.url,
            confirmations=1,
            block_seconds=1,
            deploy_block=deployed.block + 1,
            contracts=deployed.contracts,
        )
        async with RpcChain(config) as chain:
            yield FlowChain(control, chain, config)
