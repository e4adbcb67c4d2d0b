"""Deploys the contracts on a local chain by the one deploy path, `contracts/script/Deploy.s.sol`."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stab3l.chain.signer import Signer
from stab3l.config import PRIMARY_CHAIN_ID
from stab3l.devnet.anvil import AnvilControl
from stab3l.devnet.superfluid import place_framework
from stab3l.errors import NotFound, Unavailable
from stab3l.units import WAD

COMMITTEE_THRESHOLD = 2
"""M of the M-of-N committee; its members are the verifiers."""

PEG_KEEPER = "peg-keeper"
LOCAL_COMPUTE_DEPTH = 20 * WAD
"""sSTB in the local public pool: little, so that it opens on every machine."""
LOCAL_MESH_DEPTH = 80 * WAD
"""sSTB in its mesh pool, the least that gold of six decimals lets open (`StabilityDefaults.MESH_OUNCES_MIN`)."""
"""sSTB in its local pool, and as much in its mesh pool: a local provider mints a few hundred."""

STABILITY_CHAINS = (PRIMARY_CHAIN_ID, 138, 651940)

SCRIPT = "script/Deploy.s.sol"
CIRCUIT_KEY = "circuits/keys/1024.json"
LAST_LINES = 12
TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class Deployed:
    """Contracts of one chain and the block before their first."""

    block: int
    contracts: dict[str, str]


class Deployment:
    """Deploys and remembers, in one home. A file of addresses is written only when all of it stands.

    Every `reporter-N` and `verifier-N` among the signers gets its role. `parameters`: what differs from the defaults
    of `contracts/script/DeploymentConfig.sol`, by the names that `contracts/script/Deploy.s.sol` reads.
    `circuit_key`: the verification key of the zero-knowledge method, by default the development key for K = 1024.
    """

    def __init__(
        self,
        repository: Path,
        home: Path,
        signers: dict[str, Signer],
        parameters: Mapping[str, Any] | None = None,
        circuit_key: Mapping[str, Any] | None = None,
    ) -> None:
        self._contracts = repository / "contracts"
        self._folder = home.resolve() / "deployments"
        self._signers = signers
        self._parameters = dict(parameters or {})
        self._circuit_key = circuit_key or json.loads((self._contracts / CIRCUIT_KEY).read_text())

    async def existing(self, control: AnvilControl) -> Deployed | None:
        """What was deployed before, if every contract of it still has code."""
        path = self._folder / f"{control.chain.chain_id}.json"
        if not path.exists():
            return None
        found = _read(path)
        for address in found.contracts.values():
            if await control.request("eth_getCode", address, "latest") == "0x":
                return None
        return found

    async def deploy(self, control: AnvilControl) -> Deployed:
        """Runs the deploy script. Interrupted, it is simply run again: what is half there is never used.

        Raises:
            Unavailable: forge failed; the message ends with its last words.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        chain_id = control.chain.chain_id
        config, draft = self._folder / f"{chain_id}.config.json", self._folder / f"{chain_id}.part.json"
        deployer = (await control.accounts())[0]
        described = self._config(chain_id)
        if described["primary"]:
            described["superfluid"] = {"host": await place_framework(self._contracts, control)}
        config.write_text(json.dumps(described, indent=1))
        await self._forge(
            (
                "script",
                SCRIPT,
                "--rpc-url",
                control.chain.url,
                "--broadcast",
                "--slow",
                "--unlocked",
                "--sender",
                deployer,
            ),
            {"STAB3L_DEPLOY_CONFIG": str(config), "STAB3L_DEPLOY_OUT": str(draft)},
            f"deploying on chain {chain_id}",
        )
        final = self._folder / f"{chain_id}.json"
        draft.replace(final)
        return _read(final)

    def _config(self, chain_id: int) -> dict[str, Any]:
        address = {role: signer.address for role, signer in self._signers.items()}
        return {
            "chainId": chain_id,
            "primary": chain_id == PRIMARY_CHAIN_ID,
            "guardian": address["guardian"],
            "sequencer": address["sequencer"],
            "arbiter": address["arbiter"],
            "governor": address["governor"],
            "reporters": self._addresses("reporter"),
            "committee": {
                "signers": sorted(self._addresses("verifier"), key=str.lower),
                "threshold": COMMITTEE_THRESHOLD,
            },
            "parameters": self._parameters,
            "stability": self._stability(chain_id),
            "zeroKnowledge": {name: self._circuit_key[name] for name in ("depth", "development", "words")},
        }

    def _stability(self, chain_id: int) -> dict[str, Any]:
        """Where a peg keeper has a key, the peg is kept on 138 and 651940 (source 2), and where sSTB is issued."""
        keeper = self._signers.get(PEG_KEEPER)
        if keeper is None or chain_id not in STABILITY_CHAINS:
            return {"enabled": False}
        return {"enabled": True, "keepers": [keeper.address], "computeDepth": LOCAL_COMPUTE_DEPTH}

    def _addresses(self, role: str) -> list[str]:
        return [signer.address for name, signer in self._signers.items() if name.startswith(f"{role}-")]

    async def build(self) -> None:
        """Compiles what changed since the last build, once for all chains. Raises ``Unavailable``."""
        await self._forge(("build", "--quiet", "--skip", "test"), {}, "building the contracts")

    async def _forge(self, arguments: tuple[str, ...], environment: dict[str, str], doing: str) -> None:
        process = await asyncio.create_subprocess_exec(
            str(_find_forge(self._contracts)),
            *arguments,
            cwd=self._contracts,
            env={**os.environ, **environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await asyncio.wait_for(process.communicate(), TIMEOUT_S)
        except TimeoutError:
            raise Unavailable(f"{doing} took more than {TIMEOUT_S} s") from None
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode != 0:
            last = output.decode(errors="replace").strip().splitlines()[-LAST_LINES:]
            raise Unavailable(f"{doing} failed:\n" + "\n".join(last))


def _read(path: Path) -> Deployed:
    found = json.loads(path.read_text())
    return Deployed(int(found["block"]), dict(found["contracts"]))


def _find_forge(contracts: Path) -> Path:
    local = contracts / "node_modules" / ".bin" / "forge"
    if local.exists():
        return local
    on_path = shutil.which("forge")
    if on_path is None:
        raise NotFound("forge is missing: run make setup", looked_in=str(local))
    return Path(on_path)
