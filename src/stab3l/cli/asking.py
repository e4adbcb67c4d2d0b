"""What the commands of traders, buyers and auditors share: their options, a client with a role's key, and tables."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
from cyclopts import Parameter
from rich.table import Table

from stab3l.cli.output import configure_logs, emit, talk
from stab3l.config import Settings
from stab3l.units import NANOSECONDS_PER_SECOND

if TYPE_CHECKING:
    from stab3l.client import AsyncClient, AsyncWallet

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)

TIMES = ("at", "start", "since", "last_used_at", "time")
"""Columns of times: nanoseconds on the exchange, seconds elsewhere."""
SECONDS_DIGITS_MAX = 11
HEXADECIMAL_MAX = 20
"""Digits of an address or a hash that a crowded row shows whole."""

Home = Annotated[Path | None, Parameter(help="Folder of the network: network.json, keys, data.")]
Role = Annotated[str, Parameter(help="Whose key under <home>/keys to use.")]
Json = Annotated[bool, Parameter(name="--json", help="Print JSON on stdout.", negative="")]
Market = Annotated[str, Parameter(help="Symbol of the market, as `stab3l markets` lists it.")]
Limit = Annotated[int, Parameter(help="How many, the newest first.")]
Address = Annotated[str | None, Parameter(help="Another address than the role's own.")]
ChainId = Annotated[int | None, Parameter(name="--chain", help="Id of the chain; the primary one by default.")]


def told(
    home: Path | None, as_json: bool, work: Callable[[Path], Coroutine[Any, Any, T]], show: Callable[[T], None]
) -> None:
    """Does the work and tells its result: JSON on stdout, or a table for people on stderr."""
    settings = Settings()
    configure_logs(settings.log_level, quiet=True)
    result = asyncio.run(work(home or settings.home))
    if as_json:
        emit(result)
    else:
        show(result)


@asynccontextmanager
async def client_of(home: Path, role: str | None = None, *, signed_in: bool = False) -> AsyncIterator[AsyncClient]:
    """A client of the home's API, with a role's key unless it only looks; ``signed_in``: for private reads, too."""
    from stab3l.client import AsyncClient, BearerToken, Signer
    from stab3l.config import load_network

    network = load_network(home)
    async with AsyncClient(network.api_url, Signer.load(home, role) if role else None) as client:
        if signed_in:
            client.credential = BearerToken((await client.sign_in()).access_token)
        yield client


@asynccontextmanager
async def wallet_of(home: Path, role: str) -> AsyncIterator[AsyncWallet]:
    """A role's hands on the chains of the home's network."""
    from stab3l.client import AsyncWallet, Signer
    from stab3l.config import load_network

    async with AsyncWallet(load_network(home), Signer.load(home, role)) as wallet:
        yield wallet


def show_rows(rows: Iterable[Any], columns: str, title: str = "") -> None:
    """A table with one row for each value; ``columns`` are names of fields."""
    names = columns.split()
    shown = [[_shown(name, getattr(row, name)) for name in names] for row in rows]
    heads = [name.replace("_", " ") for name in names]
    widths = [max(map(len, column)) for column in zip(heads, *shown, strict=True)]
    if sum(widths) + 3 * len(widths) + 1 > talk.width:
        shown = [[_shortened(text) for text in row] for row in shown]
    table = Table(title=title or None, title_justify="left")
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in shown:
        table.add_row(*row)
    talk.print(table)


def show_fields(value: msgspec.Struct) -> None:
    """A value's fields, one a line."""
    show_pairs(msgspec.structs.asdict(value).items())


def show_pairs(pairs: Iterable[tuple[str, Any]]) -> None:
    """Names and values, one pair a line."""
    table = Table(show_header=False)
    for name, value in pairs:
        if not isinstance(value, list | dict | msgspec.Struct):
            table.add_row(name.replace("_", " "), _shown(name, value))
    talk.print(table)


def say(line: str) -> None:
    """One line for people."""
    talk.print(line, markup=False, soft_wrap=True)


def in_tokens(value: S, decimals: int, *names: str) -> S:
    """The same with these fields, base units, as whole tokens: for people, who do not count zeros."""
    from stab3l.client.trading import whole_tokens

    return msgspec.structs.replace(value, **{name: whole_tokens(int(getattr(value, name)), decimals) for name in names})


def moment(text: str) -> str:
    """A time of the API, in seconds or nanoseconds since 1970, as people write it."""
    at = int(text) // (NANOSECONDS_PER_SECOND if len(text) > SECONDS_DIGITS_MAX else 1)
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _shortened(text: str) -> str:
    """An address or a hash so short that a row stays a line; `--json` has all of it."""
    return f"{text[:6]}…{text[-4:]}" if text.startswith("0x") and len(text) > HEXADECIMAL_MAX else text


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if name in TIMES and isinstance(value, str) and value.isdigit() and value != "0":
        return moment(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(map(str, value))
    return str(value)
