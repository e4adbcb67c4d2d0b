"""Trims the compiler's artifacts to the ABI entries that a caller needs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stab3l.errors import NotFound

KEPT_ENTRIES = ("function", "event", "error")
KEPT_FOLDERS = ("src/", "script/local/")
SKIPPED_FOLDERS = ("src/interfaces/", "src/libraries/", "src/types/")
FOREIGN = {
    "ERC20Permit": "ERC20Permit.sol/ERC20Permit.json",
    "AccessManager": "AccessManager.sol/AccessManager.json",
    "SuperfluidHost": "ISuperfluid.sol/ISuperfluid.json",
    "SuperToken": "ISuperToken.sol/ISuperToken.json",
    "SuperfluidPool": "ISuperfluidPool.sol/ISuperfluidPool.json",
    "GeneralDistributionAgreement": "IGeneralDistributionAgreementV1.sol/IGeneralDistributionAgreementV1.json",
}
"""Names under which other projects' contracts are spoken to, and where the compiler writes them."""


def built(out: Path) -> dict[str, str]:
    """Contract name -> trimmed ABI text, for every contract of ours in the compiler's output.

    Raises:
        NotFound: there is no compiler output.
    """
    if not out.is_dir():
        raise NotFound(f"{out} is missing: run forge build first", path=str(out))
    artifacts = dict(_own(out)) | dict(_foreign(out))
    return {name: render(abi) for name, abi in sorted(artifacts.items())}


def write(folder: Path, abis: Mapping[str, str]) -> None:
    """Makes the folder hold exactly these ABIs."""
    for path in folder.glob("*.json"):
        if path.stem not in abis:
            path.unlink()
    for name, text in abis.items():
        (folder / f"{name}.json").write_text(text)


def render(abi: list[dict[str, Any]]) -> str:
    """One entry a line, so that a change of a contract's language is a readable diff."""
    entries = [_trimmed(entry) for entry in abi if entry["type"] in KEPT_ENTRIES]
    lines = sorted(json.dumps(entry, separators=(",", ":")) for entry in entries)
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _own(out: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for path in sorted(out.glob("*.sol/*.json")):
        artifact = json.loads(path.read_bytes())
        source = _source(artifact)
        if not source.startswith(KEPT_FOLDERS) or source.startswith(SKIPPED_FOLDERS):
            continue
        if artifact["bytecode"]["object"] not in ("", "0x"):
            yield path.stem, artifact["abi"]


def _foreign(out: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for name, place in FOREIGN.items():
        path = out / place
        if path.is_file():
            yield name, json.loads(path.read_bytes())["abi"]


def _source(artifact: Mapping[str, Any]) -> str:
    metadata = artifact.get("metadata") or {}
    targets = metadata.get("settings", {}).get("compilationTarget", {})
    return next(iter(targets), "")


def _trimmed(entry: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {"type": entry["type"], "name": entry["name"]}
    kept["inputs"] = [_parameter(i) for i in entry["inputs"]]
    if entry["type"] == "function":
        kept |= {"outputs": [_parameter(o) for o in entry["outputs"]], "stateMutability": entry["stateMutability"]}
    if entry.get("anonymous"):
        kept["anonymous"] = True
    return kept


def _parameter(entry: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {"name": entry["name"], "type": entry["type"]}
    if "indexed" in entry:
        kept["indexed"] = entry["indexed"]
    if "components" in entry:
        kept["components"] = [_parameter(c) for c in entry["components"]]
    return kept
