"""Order flows as command batches, made by the measuring program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stab3l.measure.program import Say, run

MIX = "standard"


@dataclass(frozen=True, slots=True)
class Batches:
    """What opens the venue and fills its book, and then what is measured."""

    opening: list[bytes]
    measured: list[bytes]
    messages: int


def batches(program: Path, messages: int, size: int, folder: Path, say: Say) -> Batches:
    """The batches of a flow: ``messages`` in batches of ``size``, after an opening of the same for every size.

    Their requests expire an hour from now. The flow must be applied in order, since cancels name orders by their ids.
    """
    file = folder / f"records-{size}"
    run(program, ["records", MIX, str(messages), str(size), str(file)], say)
    content, start = file.read_bytes(), 8
    file.unlink()
    opening_count, found = int.from_bytes(content[:8], "little"), []
    while start < len(content):
        length = int.from_bytes(content[start : start + 4], "little")
        found.append(content[start + 4 : start + 4 + length])
        start += 4 + length
    return Batches(found[:opening_count], found[opening_count:], messages)
