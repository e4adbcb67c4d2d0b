"""`stab3l bench`: measurements for people and for programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.table import Table

from stab3l.cli.output import configure_logs, emit, talk
from stab3l.config import Settings


def engine(
    *,
    json: Annotated[bool, Parameter(help="Print one JSON object on stdout.")] = False,
    quick: Annotated[bool, Parameter(help="A short run, to see that everything works; its figures are rough.")] = False,
    messages: Annotated[int | None, Parameter(help="Messages of each throughput figure.")] = None,
    rounds: Annotated[int | None, Parameter(help="Interleaved rounds, of which the median is told.")] = None,
    folder: Annotated[Path | None, Parameter(help="Where journals are written while measuring.")] = None,
) -> None:
    """Measures the exchange engine layer by layer, on this machine.

    Matching alone, with risk, with the journal at both durability levels, with hash chains and roots, from Python and
    through the gateway; latency in open loop; memory per resting order; recovery. It needs a checkout and cargo, two
    quiet cores for about ten minutes, and 4 GB of disk.

    Example: `stab3l bench engine --quick --json | jq '.results[] | {name, value}'`
    """
    from dataclasses import replace

    from stab3l.measure.engine import QUICK, Scale, measure

    configure_logs(Settings().log_level, quiet=True)
    scale = QUICK if quick else Scale()
    scale = replace(scale, messages=messages or scale.messages, rounds=rounds or scale.rounds)
    with talk.status("starting") as status:
        found = measure(scale, folder, lambda text: _tell(status, text))
    if json:
        emit(found)
    else:
        talk.print(_table(found))


def flow(*, json: Annotated[bool, Parameter(help="Print one JSON object on stdout.")] = False) -> None:
    """Measures backpressure payments: gas of every call on the real Superfluid, and the simulator's speed.

    It needs a checkout with its contracts' toolchain, one core and about two minutes.

    Example: `stab3l bench flow --json | jq '.results[] | select(.name == "flow.unit_update_gas")'`
    """
    from stab3l.measure.backpressure import measure

    configure_logs(Settings().log_level, quiet=True)
    with talk.status("starting") as status:
        found = measure(lambda text: _tell(status, text))
    if json:
        emit(found)
    else:
        talk.print(_table(found))


def verification(*, json: Annotated[bool, Parameter(help="Print one JSON object on stdout.")] = False) -> None:
    """Measures proving and checking compute: the benchmark beside a bare BLAS call, keys, proofs, gas, recheck, jobs.

    It needs a checkout with its contracts' and circuits' toolchains, two cores and about four minutes.

    Example: `stab3l bench verification --json | jq '.results[] | {name, value}'`
    """
    from stab3l.measure.verification import measure

    configure_logs(Settings().log_level, quiet=True)
    with talk.status("starting") as status:
        found = measure(lambda text: _tell(status, text))
    if json:
        emit(found)
    else:
        talk.print(_table(found))


def peg(
    *,
    json: Annotated[bool, Parameter(help="Print one JSON object on stdout.")] = False,
    quick: Annotated[bool, Parameter(help="A short run, to see that everything works; its figures are rough.")] = False,
) -> None:
    """Measures the peg: the simulator beside cadCAD, radCAD, curvesim and a plain loop; gas of its calls.

    The peers are installed once, each in a virtual environment of its own in the user's cache. It needs a checkout with
    its contracts' toolchain.

    Example: `stab3l bench peg --quick --json | jq '.results[] | {name, value}'`
    """
    from stab3l.measure.peg import measure_peg

    with talk.status("starting") as status:
        found = measure_peg(quick, lambda text: _tell(status, text))
    if json:
        emit(found)
    else:
        talk.print(_table(found))


def api(
    *,
    json: Annotated[bool, Parameter(help="Print one JSON object on stdout.")] = False,
    quick: Annotated[bool, Parameter(help="A short run, to see that everything works; its figures are rough.")] = False,
) -> None:
    """Measures the API on a real gateway and API process: orders by REST, WebSocket and gRPC, fan-out, queries, peers.

    Orders are signed, checked, sequenced and journaled before they count. It needs two quiet cores for four minutes,
    and installs FastAPI once, in an environment of its own in the user's cache.

    Example: `stab3l bench api --json | jq '.results[] | {name, value}'`
    """
    from stab3l.measure.api import QUICK, Scale, measure

    configure_logs(Settings().log_level, quiet=True)
    with talk.status("starting") as status:
        found = measure(QUICK if quick else Scale(), lambda text: _tell(status, text))
    if json:
        emit(found)
    else:
        talk.print(_table(found))


def _tell(status: Any, text: str) -> None:
    status.update(text)
    if not talk.is_terminal:
        talk.print(text, markup=False, soft_wrap=True)


def _table(found: dict[str, Any]) -> Table:
    table = Table(
        "figure", "value", "unit", title=f"{found['machine']['processor']}, {found['machine']['cores']} cores"
    )
    for result in found["results"]:
        table.add_row(result["name"], f"{result['value']:,}", result["unit"])
    return table
