"""``make bench-peers``: other engines beside ours.

exchange-core, Chronicle Queue, matchcore, orderbook-rs, NautilusTrader and an engine in Python. One flow, made by us,
goes into each of them in turn, in interleaved rounds on the same machine. Each tells how long it took and the hash of
its trades; a hash other than ours is told, and so is a peer that this machine cannot run. Nothing is guessed.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.peers.toolchains import Absent, Peer, build
from bench.report import Result, keep
from stab3l.measure import program

MIXES = ("standard", "modifies_20")
MESSAGES = 500_000
SLOW_MESSAGES = 20_000
ROUNDS = 3
DRIVER_S = 90
PEERS = (
    Peer(
        "matchcore",
        "crate 0.4.0, one thread; the driver cuts an order that crosses at its limit, which the crate disregards",
        ("rust", "matchcore"),
    ),
    Peer("orderbook_rs", "crate 0.15.3, one thread", ("rust", "orderbook-rs")),
    Peer(
        "exchange_core_book",
        "0.5.3, OrderBookDirectImpl alone, warm JVM",
        ("java", "exchange-core", "ExchangeCoreBook"),
    ),
    Peer(
        "exchange_core",
        "0.5.3, whole pipeline with risk and blocking waits, no journal, warm JVM",
        ("java", "exchange-core", "ExchangeCorePipeline"),
    ),
    Peer(
        "chronicle_queue",
        "2026.4, append and read back 32-byte messages, page cache, no matching, warm JVM",
        ("java", "chronicle-queue", "ChronicleQueueLog"),
        trades=False,
    ),
    Peer(
        "nautilus_trader",
        "1.221.0, its order-by-order book applies the changes of the flow, which is matched beforehand",
        ("python", "nautilus_trader==1.221.0", "nautilus_book.py"),
        trades=False,
    ),
    Peer(
        "light_matching_engine",
        "lightmatchingengine 2019.1.4, pure Python",
        ("python", "lightmatchingengine==2019.1.4", "light_matching_engine.py"),
    ),
)
WRITERS = {"chronicle_queue"}
"""They get a folder to write in."""
SLOW = {"orderbook_rs", "light_matching_engine", "nautilus_trader", "exchange_core"}


def say(text: str) -> None:
    """Progress, on stderr."""
    sys.stderr.write(f"{text}\n")


def told_by(command: list[str]) -> dict[str, Any]:
    """Runs a driver; the object that its last line is. Raises `Absent` when it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=DRIVER_S)
    except subprocess.TimeoutExpired:
        raise Absent(f"it did not end within {DRIVER_S} s") from None
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        words = [line for line in done.stderr.strip().splitlines() if not line.startswith("SLF4J")]
        raise Absent(f"it failed: {words[0] if words else done.returncode}")
    return dict(json.loads(lines[-1]))


def commands(rust: Path) -> Iterator[tuple[Peer, list[str] | str]]:
    """Every peer with its command, or with the reason why there is none; ours comes first."""
    yield Peer("stab3l", "plain book, one thread", ()), [str(rust), "flow"]
    for peer in PEERS:
        say(f"building {peer.name}")
        try:
            yield peer, build(peer)
        except Absent as absent:
            yield peer, str(absent)


def measured(rust: Path, folder: Path) -> Iterator[Result]:
    """Every peer on every mix."""
    ready = list(commands(rust))
    for mix in MIXES:
        flows = {}
        for messages in (MESSAGES, SLOW_MESSAGES):
            flows[messages] = folder / f"{mix}-{messages}"
            program.run(rust, ["workload", mix, str(messages), str(flows[messages])], say)
        yield from compared(ready, mix, flows, folder)


def compared(
    ready: list[tuple[Peer, list[str] | str]], mix: str, flows: dict[int, Path], folder: Path
) -> Iterator[Result]:
    """The medians of one mix. Slow peers get a short flow, on which ours runs too, for the hash."""
    ours = next(command for peer, command in ready if peer.name == "stab3l" and isinstance(command, list))
    hashes = {messages: told_by([*ours, str(flow)])["hash"] for messages, flow in flows.items()}
    paces: dict[str, list[float]] = {}
    notes = {peer.name: command for peer, command in ready if isinstance(command, str)}
    for number in range(1, ROUNDS + 1):
        for peer, command in ready:
            if peer.name in notes:
                continue
            messages = SLOW_MESSAGES if peer.name in SLOW else MESSAGES
            say(f"{mix}, round {number}/{ROUNDS}: {peer.name}")
            try:
                told = told_by([*command, str(flows[messages]), *([str(folder)] if peer.name in WRITERS else [])])
            except Absent as absent:
                notes[peer.name] = str(absent)
                continue
            paces.setdefault(peer.name, []).append(told["messages"] / told["seconds"])
            if peer.trades and told["hash"] != hashes[messages]:
                notes[f"{peer.name} trades"] = f"trades differ from ours ({told['trades']} of them)"
    yield from results(ready, mix, paces, notes)


def results(
    ready: list[tuple[Peer, list[str] | str]], mix: str, paces: dict[str, list[float]], notes: dict[str, str]
) -> Iterator[Result]:
    """One figure for each peer: messages a second, 0 for one that is absent."""
    suffix = "" if mix == MIXES[0] else f".{mix}"
    for peer, _ in ready:
        found = paces.get(peer.name)
        messages = SLOW_MESSAGES if peer.name in SLOW else MESSAGES
        agreement = notes.get(f"{peer.name} trades", "same trades as ours" if peer.trades else "no trades to compare")
        conditions = f"{peer.about}; mix {mix}, {messages} messages, {agreement}; median of {ROUNDS} interleaved rounds"
        if not found:
            yield Result(
                f"peer.{peer.name}.absent{suffix}", 1, "flag", f"{peer.about}: {notes.get(peer.name, 'not run')}"
            )
            continue
        yield Result(f"peer.{peer.name}.msgs_per_s{suffix}", round(statistics.median_low(found)), "1/s", conditions)


def main() -> None:
    """Measures and keeps."""
    rust = program.build()
    with tempfile.TemporaryDirectory(prefix="stab3l-peers-") as name:
        found = list(measured(rust, Path(name)))
    method = "one flow made from one seed into every engine; each engine's own process; trades compared by hash"
    sys.stdout.write(keep("engine_peers", method, found))


if __name__ == "__main__":
    main()
