"""The real Superfluid framework on a local chain, from the artifacts that its npm package publishes.

Nothing of it is compiled here. The steps are those of the package's own test deployer
(``contracts/utils/SuperfluidFrameworkDeploymentSteps.t.sol``); a chain where Superfluid stands needs none of this.

It is deployed on a scratch node, and its accounts are carried over: the traces of the deployment, four megabytes, would
otherwise be in every saved state of the chain, which is saved all the time.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from stab3l.chain.interface import Interface
from stab3l.devnet.anvil import AnvilControl, find_anvil, scratch_node
from stab3l.errors import NotFound, Unavailable
from stab3l.hashing import keccak256

PACKAGE: Final = Path("node_modules") / "@superfluid-finance" / "ethereum-contracts"
GAS: Final = 29_000_000
REGISTRY: Final = "0x1820a4B7618BdE71Dce8cdc73aAB6C95905faD24"
"""ERC-1820's registry, at the same address on every chain."""

CONSTRUCTOR_BYTES: Final = 32
"""Length of the registry's constructor, which only returns what follows it."""

STEPS: Final = "contracts/utils/SuperfluidFrameworkDeploymentSteps.t.sol"
DEPLOYER: Final = "contracts/utils/SuperfluidFrameworkDeployer.t.sol"
LIBRARIES: Final = (
    ("contracts/libs/SlotsBitmapLibrary.sol", "SlotsBitmapLibrary"),
    ("contracts/agreements/gdav1/SuperfluidPoolDeployerLibrary.sol", "SuperfluidPoolDeployerLibrary"),
    *(
        (STEPS, f"{name}DeployerLibrary")
        for name in (
            "SuperfluidGov", "SuperfluidHost", "SuperfluidCFAv1", "SuperfluidIDAv1", "SuperfluidGDAv1", "SuperToken",
            "SuperfluidPeriphery", "SuperfluidPoolLogic", "SuperfluidPoolNFTLogic", "Proxy", "CFAv1Forwarder",
            "GDAv1Forwarder", "SuperTokenFactory", "Token",
        )
    ),
)  # fmt: skip
"""In an order in which each is linked only with those before it."""


async def place_framework(contracts: Path, control: AnvilControl) -> str:
    """Puts the framework on a local chain that has none; the host's address.

    Raises:
        NotFound: the package or anvil is missing.
        Unavailable: a node did not start or refused a step.
    """
    async with scratch_node(find_anvil(contracts.parent), control.chain.chain_id) as scratch:
        # Of the second account: the chain's own contracts come from the first, whose nonces must stay free.
        sender = (await scratch.accounts())[1]
        framework = Framework(contracts, scratch, sender)
        host = await framework.deploy()
        left_behind = {(await scratch.accounts())[0].lower(), *framework.spent}
        state = _decode(await scratch.request("anvil_dumpState"))
    state["accounts"] = {a: found for a, found in state["accounts"].items() if a.lower() not in left_behind}
    state |= {"block": None, "best_block_number": None, "blocks": [], "transactions": []}
    await control.request("anvil_loadState", _encode(state))
    return host


def _decode(dump: str) -> dict[str, Any]:
    return dict(json.loads(gzip.decompress(bytes.fromhex(dump.removeprefix("0x")))))


def _encode(state: Mapping[str, Any]) -> str:
    return "0x" + gzip.compress(json.dumps(state).encode()).hex()


class Framework:
    """Deploys the framework on one local chain with an unlocked account."""

    def __init__(self, contracts: Path, control: AnvilControl, sender: str) -> None:
        self._package = contracts / PACKAGE
        self._control = control
        self._sender = sender
        self._libraries: dict[str, str] = {}

    async def deploy(self) -> str:
        """Address of the host. The chain must mine each transaction at once.

        Raises:
            NotFound: the package is not installed.
            Unavailable: the chain refused a step.
        """
        await self._place_registry()
        for source, name in LIBRARIES:
            self._libraries[f"{source}:{name}"] = await self._create(self._artifact(source, name))
        artifact = self._artifact(DEPLOYER, "SuperfluidFrameworkDeployer")
        deployer = await self._create(artifact)
        steps = Interface.of(artifact["abi"])
        count = await self._call(deployer, steps, "getNumSteps")
        for step in range(count):
            await self._send(deployer, steps.function("executeStep", 1).encode([step]))
        return str((await self._call(deployer, steps, "getFramework")).host)

    @property
    def spent(self) -> set[str]:
        """What only deployed others and is never called again: the deployers' libraries."""
        return {address.lower() for name, address in self._libraries.items() if name.startswith(STEPS)}

    async def _place_registry(self) -> None:
        path = self._package / "dev-scripts" / "artifacts" / "ERC1820Registry.json"
        code = bytes.fromhex(_read(path)["bin"])[CONSTRUCTOR_BYTES:]
        await self._control.request("anvil_setCode", REGISTRY, "0x" + code.hex())

    def _artifact(self, source: str, name: str) -> Mapping[str, Any]:
        return _read(self._package / "build" / "hardhat" / source / f"{name}.json")

    async def _create(self, artifact: Mapping[str, Any]) -> str:
        code = str(artifact["bytecode"])
        for source, names in artifact["linkReferences"].items():
            for name in names:
                address = self._libraries[f"{source}:{name}"]
                code = code.replace(placeholder(source, name), address.removeprefix("0x").lower())
        return str((await self._send(None, bytes.fromhex(code.removeprefix("0x"))))["contractAddress"])

    async def _send(self, to: str | None, data: bytes) -> Mapping[str, Any]:
        transaction = {"from": self._sender, "gas": hex(GAS), "data": "0x" + data.hex()} | ({"to": to} if to else {})
        tx_hash = await self._control.request("eth_sendTransaction", transaction)
        receipt = await self._control.mined(tx_hash)
        if int(receipt["status"], 16) != 1:
            raise Unavailable(f"a step of Superfluid's deployment failed: transaction {tx_hash}", tx_hash=tx_hash)
        return receipt

    async def _call(self, to: str, interface: Interface, function: str) -> Any:
        found = interface.function(function, 0)
        answer = await self._control.request("eth_call", {"to": to, "data": "0x" + found.encode([]).hex()}, "latest")
        return found.decode(bytes.fromhex(answer.removeprefix("0x")))


def placeholder(source: str, name: str) -> str:
    """What solc leaves where a library's address belongs: 34 digits of the hash of its full name."""
    return f"__${keccak256(f'{source}:{name}'.encode()).hex()[:34]}$__"


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_bytes()))
    except FileNotFoundError:
        raise NotFound("Superfluid's package is missing: run make setup", looked_in=str(path)) from None
