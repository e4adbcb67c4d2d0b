"""The contracts on local chains: deployed once a session by the one deploy path, then loaded by each test's node."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from chain_anvil import ROOT, Anvil

from stab3l.chain.signer import Signer, create_password
from stab3l.config import ChainConfig
from stab3l.devnet.anvil import AnvilControl, LocalChain
from stab3l.devnet.deployment import Deployed, Deployment

PRIMARY, OTHER = 412346, 138
CHEAP_KEYS = 2**4
WEI = 10**22
VERIFIERS, REPORTERS = 4, 3
ROLES = (
    "guardian",
    "governor",
    "sequencer",
    "arbiter",
    "provider",
    *(f"reporter-{index}" for index in range(REPORTERS)),
    *(f"verifier-{index}" for index in range(VERIFIERS)),
)
ROWS, DEPTH, WINDOW_BLOCKS, HAIRCUT_BPS = 128, 96, 30, 9_000
PARAMETERS: dict[str, Any] = {
    "benchmark": {
        "rows": ROWS,
        "depth": DEPTH,
        "windowBlocks": WINDOW_BLOCKS,
        "haircutBps": HAIRCUT_BPS,
        "epochBlocks": 1,
    },
    "reverification": {"epochBlocks": 32, "summonBps": 10_000},
    # No gate, fee, bond or penalty, except where they are tested.
    "redemption": {"feeBps": 0, "gateBps": 0, "bondBps": 0, "penaltyBps": 0},
    # Tests travel in time; a stale price is tested with the contracts.
    "dollarFeed": {"ageSecondsMax": 400 * 86_400},
}
BASE, DOLLAR = "sSTBToken", "LocalDollar"


def circuit_key() -> dict[str, Any]:
    """Of a circuit small enough to be built in a test."""
    found = json.loads((ROOT / "contracts" / "test" / "fixtures" / "proved_claim.json").read_text())
    return {"depth": found["depth"], "development": True, "words": found["key"]}


@dataclass(frozen=True)
class DeployedChain:
    """A chain that was deployed and stopped; any number of nodes go on from it."""

    chain_id: int
    state: Path
    deployed: Deployed

    def anvil(self) -> Anvil:
        """A node that is not started yet."""
        return Anvil(chain_id=self.chain_id, options=("--load-state", str(self.state)))

    def config(self, anvil: Anvil, confirmations: int) -> ChainConfig:
        """The chain as a network description has it. Its first block is not read: anvil makes it anew on each load."""
        found = anvil.config(self.deployed.contracts, confirmations)
        return found.model_copy(update={"deploy_block": self.deployed.block + 1})


@dataclass
class Deployments:
    """Chains by id, each deployed when it is first asked for, and the keys of all their roles."""

    home: Path
    signers: dict[str, Signer] = field(default_factory=dict)
    chains: dict[int, DeployedChain] = field(default_factory=dict)

    @classmethod
    def in_folder(cls, home: Path) -> Deployments:
        """Makes the keys; deploys nothing."""
        create_password(home)
        return cls(home, {role: Signer.create(home, role, work_factor=CHEAP_KEYS) for role in ROLES})

    def copy_keys(self, home: Path) -> None:
        """Into the home of a test."""
        shutil.copytree(self.home / "keys", home / "keys")

    async def chain(self, chain_id: int) -> DeployedChain:
        """The chain, deployed."""
        if chain_id not in self.chains:
            self.chains[chain_id] = await self._deploy(chain_id)
        return self.chains[chain_id]

    async def _deploy(self, chain_id: int) -> DeployedChain:
        with Anvil(chain_id=chain_id, options=("--disable-code-size-limit",)) as anvil:
            async with httpx.AsyncClient(trust_env=False) as client:
                control = AnvilControl(LocalChain(chain_id, "local", anvil.port, 1), client)
                deployed = await Deployment(ROOT, self.home, self.signers, PARAMETERS, circuit_key()).deploy(control)
                for signer in self.signers.values():
                    await control.set_balance(signer.address, WEI)
                await control.request("evm_mine")
                state = self.home / f"{chain_id}.state.json"
                await control.save_state(state)
        return DeployedChain(chain_id, state, deployed)
