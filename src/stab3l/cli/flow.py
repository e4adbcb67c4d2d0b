"""`stab3l flow ...` for sources, `stab3l provider join|leave` for sinks."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.table import Table

from stab3l.cli.output import configure_logs, emit, talk
from stab3l.config import Settings
from stab3l.errors import Invalid

if TYPE_CHECKING:
    from stab3l.chain.flows import PoolState
    from stab3l.chain.port import Receipt
    from stab3l.client.flow import FlowSource, Quote, Status

WAD = 10**18
DAY_S = 86_400
HOUR_S = 3_600

Home = Annotated[Path | None, Parameter(help="Folder of the network: network.json, keys, data.")]
Role = Annotated[str, Parameter(help="Whose key under <home>/keys to use.")]
TaskType = Annotated[str, Parameter(help="Task type whose sinks are paid.")]
PerDay = Annotated[str, Parameter(help="Tokens a day, as a decimal number.")]
Hours = Annotated[int, Parameter(help="The stream must be able to run this long.")]
Yes = Annotated[bool, Parameter(help="Sign without asking.", negative="")]
Json = Annotated[bool, Parameter(name="--json", help="Print one JSON object on stdout.", negative="")]


def open_(
    *,
    per_day: PerDay,
    home: Home = None,
    role: Role = "buyer",
    task_type: TaskType = "compute.wasm",
    hours: Hours = 24,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Opens a stream to the sinks of a task type. Deposit, time to critical and overflow are shown first.

    Example: `stab3l flow open --per-day 0.5 --hours 48 --role buyer`
    """
    _set(home, role, task_type, _rate(per_day), hours, yes, as_json, lambda source, quote: source.open(quote))


def adjust(
    *,
    per_day: PerDay,
    home: Home = None,
    role: Role = "buyer",
    task_type: TaskType = "compute.wasm",
    hours: Hours = 24,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Changes the rate of an open stream.

    Example: `stab3l flow adjust --per-day 0.8 --role buyer --yes`
    """
    _set(home, role, task_type, _rate(per_day), hours, yes, as_json, lambda source, quote: source.adjust(quote))


def close(
    *, home: Home = None, role: Role = "buyer", task_type: TaskType = "compute.wasm", as_json: Json = False
) -> None:
    """Ends the stream; its deposit is free again.

    Example: `stab3l flow close --role buyer`
    """

    async def run(source: FlowSource) -> None:
        receipt = await source.close()
        _done("closed", receipt, as_json)

    _with_source(home, role, task_type, run)


def status(
    *, home: Home = None, role: Role = "buyer", task_type: TaskType = "compute.wasm", as_json: Json = False
) -> None:
    """Shows the stream of a role, how long it lasts, and the pool: rate, capacity, dust, escrow.

    Example: `stab3l flow status --json | jq .pool.buffer_level`
    """

    async def run(source: FlowSource) -> None:
        found = await source.status()
        if as_json:
            emit(_plain(asdict(found)))
        else:
            _show_status(found)

    _with_source(home, role, task_type, run)


def join(*, home: Home = None, stake: str = "100", task_type: TaskType = "compute.wasm") -> None:
    """Makes the provider a sink: stakes sSTB and registers. `provider serve` then signals its spare capacity.

    Example: `stab3l provider join --stake 250`
    """
    from stab3l.provider.sink import join as join_sinks

    async def run(folder: Path) -> None:
        async with _provider(folder) as (flows, sender):
            await join_sinks(flows, sender, _wei(stake, "stake"), task_type)
            talk.print(f"{sender.signer.address} is a sink of {task_type}", markup=False)

    _run(home, run)


def leave(*, home: Home = None, task_type: TaskType = "compute.wasm", as_json: Json = False) -> None:
    """Ends the provider's part as a sink: no units at once, income collected, stake back after its cooldown.

    Example: `stab3l provider leave`
    """
    from stab3l.provider.sink import leave as leave_sinks

    async def run(folder: Path) -> None:
        async with _provider(folder) as (flows, sender):
            found = await leave_sinks(flows, sender, task_type)
        if as_json:
            emit(_plain(asdict(found)))
            return
        talk.print(f"collected {_tokens(found.claimed)}", markup=False)
        if found.stake:
            talk.print(f"{_tokens(found.stake)} sSTB are locked until {found.unlocks_at}: run this again then")

    _run(home, run)


# --- Shared


def _set(
    home: Path | None,
    role: str,
    task_type: str,
    rate: int,
    hours: int,
    yes: bool,
    as_json: bool,
    act: Callable[[FlowSource, Quote], Coroutine[Any, Any, Receipt]],
) -> None:
    async def run(source: FlowSource) -> None:
        quote = await source.quote(rate, hours * HOUR_S)
        _show_quote(quote, hours)
        if not yes and not _agreed():
            raise Invalid("nothing was signed")
        _done("streaming", await act(source, quote), as_json, quote)

    _with_source(home, role, task_type, run)


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise Invalid("nothing was signed: there is nobody to ask, add --yes")
    return talk.input("sign? [y/N] ").strip().lower() in ("y", "yes")


def _with_source(
    home: Path | None, role: str, task_type: str, run: Callable[[FlowSource], Coroutine[Any, Any, None]]
) -> None:
    from stab3l.chain.rpc import RpcChain
    from stab3l.chain.signer import Signer
    from stab3l.client.flow import FlowSource
    from stab3l.config import load_network

    async def main(folder: Path) -> None:
        network = load_network(folder)
        signer = Signer.load(folder, role)
        async with RpcChain(network.primary) as chain:
            await run(FlowSource(network, chain, signer, task_type))

    _run(home, main)


def _provider(folder: Path) -> Any:
    from contextlib import asynccontextmanager

    from stab3l.chain.flows import Flows
    from stab3l.chain.rpc import RpcChain
    from stab3l.chain.sender import Sender
    from stab3l.chain.signer import Signer
    from stab3l.config import load_network

    @asynccontextmanager
    async def opened() -> Any:
        network = load_network(folder)
        async with RpcChain(network.primary) as chain:
            yield Flows(chain, network.primary), Sender(chain, Signer.load(folder, "provider"))

    return opened()


def _run(home: Path | None, main: Callable[[Path], Coroutine[Any, Any, None]]) -> None:
    settings = Settings()
    configure_logs(settings.log_level, quiet=True)
    asyncio.run(main(home or settings.home))


def _wei(text: str, name: str) -> int:
    try:
        wei = Decimal(text) * WAD
    except InvalidOperation:
        raise Invalid(f"--{name} {text}: a decimal number is needed") from None
    if not wei.is_finite() or wei < 0 or wei != int(wei):
        raise Invalid(f"--{name} {text}: at least 0, and at most 18 decimals")
    return int(wei)


def _rate(per_day: str) -> int:
    rate = _wei(per_day, "per-day") // DAY_S
    if rate == 0:
        raise Invalid(f"--per-day {per_day} is less than one wei per second: to stop, use stab3l flow close")
    return rate


def _tokens(wei: int) -> str:
    return f"{Decimal(wei) / WAD:,.6f}"


def _daily(rate: int) -> str:
    return f"{_tokens(rate * DAY_S)} a day"


def _lasts(seconds: int | None) -> str:
    return "for ever" if seconds is None else f"{seconds // HOUR_S} h {seconds % HOUR_S // 60} min"


def _pool_rows(table: Table, state: PoolState) -> None:
    table.add_row("sinks can take", _daily(state.capacity))
    table.add_row("streams in", _daily(state.rate))
    table.add_row("escrow", f"{_tokens(state.buffer_level)} of {_tokens(state.buffer_max)}")
    table.add_row("dust", f"{state.dust_rate} wei per second")


def _show_quote(quote: Quote, hours: int) -> None:
    table = Table(title=f"to sign, for {hours} h at least", title_justify="left", show_header=False)
    table.add_row("rate", f"{_daily(quote.rate)} (now {_daily(quote.current)})")
    table.add_row("floor loses", f"{quote.requested - quote.rate} wei per second")
    table.add_row("deposit while open", _tokens(quote.solvency.deposit))
    table.add_row("critical after", _lasts(quote.solvency.seconds_to_critical))
    table.add_row("wrapped first", _tokens(quote.upgrade))
    table.add_row("goes to the escrow", _daily(quote.overflow))
    _pool_rows(table, quote.pool)
    talk.print(table)


def _show_status(found: Status) -> None:
    table = Table(show_header=False)
    table.add_row("own stream", _daily(found.rate))
    table.add_row("deposit", _tokens(found.deposit))
    table.add_row("beside it", _tokens(found.available))
    table.add_row("critical in", _lasts(found.seconds_to_critical))
    _pool_rows(table, found.pool)
    talk.print(table)


def _done(what: str, receipt: Receipt, as_json: bool, quote: Quote | None = None) -> None:
    tx_hash = "0x" + receipt.tx_hash.hex()
    if as_json:
        record = {"state": what, "tx": tx_hash, "gas": receipt.gas_used}
        emit(record if quote is None else record | {"quote": _plain(asdict(quote))})
    else:
        talk.print(f"{what}: {tx_hash}, {receipt.gas_used} gas", markup=False)


def _plain(value: Any) -> Any:
    """For JSON: integers beyond 53 bits as decimal strings."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return str(value)
    return value
