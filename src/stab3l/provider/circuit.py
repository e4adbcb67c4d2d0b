"""The circuit and its proving key on this machine: built at first use, then kept; and proofs by snarkjs.

Both run in Node, where circom's compiler and snarkjs live (contracts/circuits). Keys of local chains follow from a
published seed (docs/reference/zero-knowledge.md); a ceremony's key is put into the same folder.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import msgspec

from stab3l.compute.grid import FIELD, claim_word, lines_words
from stab3l.compute.statement import Statement
from stab3l.errors import NotFound, Unavailable

TOOLS: Final = Path(__file__).parents[3] / "contracts" / "circuits"
BUILD_TIMEOUT_S: Final = 900
PROVE_TIMEOUT_S: Final = 600
_WORDS: Final = 8


class ProverFailed(Unavailable):
    """The circuit could not be built, or no proof be made; the message ends with the tool's last words."""

    code: ClassVar[str] = "prover_failed"


class Key(msgspec.Struct, frozen=True):
    """What `build.mjs` says of the keys that it made."""

    depth: int
    development: bool
    constraints: int
    words: tuple[str, ...]
    """The verification key as Groth16Verifier takes it."""
    compile_ms: int
    keys_ms: int


class GridProof(msgspec.Struct, frozen=True):
    """What `ZeroKnowledgeProof.check` takes, and what the circuit said."""

    points: tuple[int, ...]
    gamma: int
    fold: int
    milliseconds: int

    def encoded(self) -> bytes:
        """``abi.encode(uint256[8], uint256)``."""
        return b"".join(word.to_bytes(32, "big") for word in (*self.points, self.gamma))


class _Answer(msgspec.Struct):
    proof: tuple[str, ...]
    public: tuple[str, ...]
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Circuit:
    """The circuit of one depth in a folder of its own."""

    tools: Path
    """contracts/circuits, with its node_modules."""
    folder: Path
    depth: int

    def key(self) -> Key | None:
        """The verification key; None before the first `build`."""
        try:
            return msgspec.json.decode((self.folder / "key.json").read_bytes(), type=Key)
        except FileNotFoundError:
            return None

    def build(self) -> Key:
        """Compiles the circuit and makes the development keys, unless they are there.

        Raises:
            NotFound: Node or the packages of contracts/circuits are missing.
            ProverFailed: a tool failed.
        """
        found = self.key()
        if found is not None:
            return found
        draft = self.folder.with_name(f".{self.folder.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        self._node("build.mjs", ("--depth", str(self.depth), "--out", str(draft.resolve())), None, BUILD_TIMEOUT_S)
        shutil.rmtree(self.folder, ignore_errors=True)
        draft.rename(self.folder)
        made = self.key()
        assert made is not None, "build.mjs wrote no key.json"
        return made

    def prove(self, statement: Statement) -> GridProof:
        """A proof of the statement's grid.

        Raises:
            ProverFailed: snarkjs failed.
        """
        return self.prove_words(statement, lines_words(statement))

    def prove_words(self, statement: Statement, lines: list[list[int]]) -> GridProof:
        """Likewise for words of the caller's choice; only true ones are accepted by the contract."""
        given: dict[str, Any] = {"claim": str(claim_word(statement))}
        given["word"] = [[str(word) for word in line] for line in lines]
        answer = msgspec.json.decode(self._prove(given), type=_Answer)
        points = tuple(int(word, 16) for word in answer.proof)
        gamma, fold = (int(value, 16) for value in answer.public)
        assert len(points) == _WORDS, "snarkjs gives three points"
        assert gamma < FIELD, "the circuit's values are in the field"
        return GridProof(points, gamma, fold, answer.milliseconds)

    def _prove(self, given: dict[str, Any]) -> bytes:
        request = {
            "wasm": str((self.folder / "product.wasm").resolve()),
            "zkey": str((self.folder / "product.zkey").resolve()),
            "input": given,
        }
        return self._node("prove.mjs", (), msgspec.json.encode(request), PROVE_TIMEOUT_S)

    def _node(self, script: str, arguments: tuple[str, ...], given: bytes | None, timeout_s: int) -> bytes:
        node = shutil.which("node")
        if node is None or not (self.tools / "node_modules" / "snarkjs").is_dir():
            raise NotFound(
                "Node and the packages of contracts/circuits are needed: run make circuits", looked_in=self.tools
            )
        command = [node, str(self.tools / script), *arguments]
        try:
            done = subprocess.run(command, input=given, capture_output=True, timeout=timeout_s, check=False)
        except subprocess.TimeoutExpired:
            raise ProverFailed(f"{script} took more than {timeout_s} s", script=script) from None
        if done.returncode != 0:
            last = done.stderr.decode(errors="replace").strip()[-500:]
            raise ProverFailed(f"{script} failed: {last}", script=script)
        return done.stdout


def circuit_of(depth: int, home: Path) -> Circuit:
    """The circuit of a provider: tools from this checkout, keys in its home."""
    return Circuit(TOOLS, home / "circuits" / str(depth), depth)
