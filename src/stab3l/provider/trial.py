"""One product of the standard benchmark off any chain: what this machine does, and where its time goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from stab3l.compute.matrices import Side, lines
from stab3l.compute.product import Workspace
from stab3l.compute.runner import runner_of
from stab3l.compute.shape import Shape
from stab3l.compute.statement import ComputeClass
from stab3l.errors import Invalid
from stab3l.hashing import keccak256, merkle_root
from stab3l.units import OPERATIONS_PER_CU

_SEED: Final = keccak256(b"stab3l trial run")
_DAY_S: Final = 86_400
_MILLISECONDS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Trial:
    """Times in milliseconds."""

    shape: Shape
    compute_class: str
    runner: str
    deriving: int
    multiplying: int
    hashing: int
    root: bytes

    @property
    def milliseconds(self) -> int:
        """Of everything."""
        return max(self.deriving + self.multiplying + self.hashing, 1)

    def as_dict(self) -> dict[str, Any]:
        """For JSON. Shares are of the whole time, in ppm; CU in thousandths, of the class."""
        rate = self.shape.operations * _MILLISECONDS // self.milliseconds
        return {
            "compute_class": self.compute_class,
            "runner": self.runner,
            "rows": self.shape.rows,
            "depth": self.shape.depth,
            "operations_per_second": rate,
            "cu_per_day": f"{rate * _DAY_S * 1_000 // OPERATIONS_PER_CU / 1_000:.3f}",
            "hashing_share": round(self.hashing / self.milliseconds, 4),
            "deriving_share": round(self.deriving / self.milliseconds, 4),
            "milliseconds": self.milliseconds,
            "root": "0x" + self.root.hex(),
        }


def trial(
    rows: int, depth: int, compute_class: str, monotonic_s: Callable[[], float], on_rows: Callable[[int], None]
) -> Trial:
    """Runs one product.

    Raises:
        Invalid: no benchmark has this size or class.
    """
    if compute_class.upper() not in ComputeClass.__members__:
        raise Invalid(f"{compute_class} is none of f32, f64, i8", given=compute_class)
    shape, runner = Shape(rows, depth, 1), runner_of(ComputeClass[compute_class.upper()])
    spent = {"deriving": 0.0, "multiplying": 0.0, "hashing": 0.0}

    def timed(what: str, act: Callable[[], Any]) -> Any:
        begun = monotonic_s()
        done = act()
        spent[what] += monotonic_s() - begun
        return done

    memory = Workspace(shape)
    b = timed("deriving", lambda: lines(_SEED, 0, Side.B, depth, 0, rows, memory.b))
    held = timed("multiplying", lambda: runner.hold(b))
    block = len(memory.a)
    for start in range(0, rows, block):
        stop = min(start + block, rows)
        a = timed("deriving", lambda: lines(_SEED, 0, Side.A, depth, start, stop, memory.a))  # noqa: B023
        c = timed("multiplying", lambda: runner.multiply(a, held, memory.c))  # noqa: B023
        timed("hashing", lambda: memory.tree.add(c))  # noqa: B023
        on_rows(stop)
    root = timed("hashing", lambda: merkle_root(memory.tree.finish()))
    whole = {what: int(seconds * _MILLISECONDS) for what, seconds in spent.items()}
    return Trial(shape, compute_class.lower(), runner.name, **whole, root=root)
