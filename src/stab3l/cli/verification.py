"""`stab3l verify`: an auditor's replay of an exchange's public journals, from files or over HTTP."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from stab3l.cli.output import configure_logs, emit, talk
from stab3l.config import Network, Settings, load_network
from stab3l.errors import Invalid

if TYPE_CHECKING:
    from stab3l.audit.journal import Source
    from stab3l.audit.posted import Posted
    from stab3l.audit.signatures import Signatures
    from stab3l.audit.verification import Divergence, Report


def verify(
    *,
    network: Annotated[Path | None, Parameter(help="Folder with network.json: its API and its chains.")] = None,
    url: Annotated[str | None, Parameter(help="Base URL of an API that serves the public streams.")] = None,
    journal: Annotated[Path | None, Parameter(help="Folder of a journal, with inputs/ and outputs/.")] = None,
    inputs: Annotated[Path | None, Parameter(help="One file with the whole input stream.")] = None,
    outputs: Annotated[Path | None, Parameter(help="One file with the whole output stream.")] = None,
    laws: Annotated[bool, Parameter(help="Also hold every event to the auditor's laws (slower).", negative="")] = False,
    signatures: Annotated[
        bool, Parameter(help="Also check who signed every order and withdrawal (with --network; slower).", negative="")
    ] = False,
    json: Annotated[bool, Parameter(help="Print one JSON object on stdout.", negative="")] = False,
) -> None:
    """Replays the public input stream with an independent implementation and compares outputs, roots and batches.

    The streams come from --journal, from --inputs and --outputs, from --url, or from the API of --network; with
    --network the batches on its chains are compared, too. The first divergence is printed with its sequence number,
    what was expected and what was found; then the exit status is 1.

    Example: `stab3l verify --network .stab3l/local` or `stab3l verify --journal .stab3l/local/exchange/journal --json`
    """
    from stab3l.api.signed import signing_domain
    from stab3l.audit.signatures import Signatures

    configure_logs(Settings().log_level, quiet=True)
    described = None if network is None else load_network(network)
    if signatures and described is None:
        raise Invalid("--signatures needs --network: its primary chain and Custody are part of what was signed")
    signers = Signatures(signing_domain(described)) if signatures and described else None
    report, posted = asyncio.run(_run(described, url, journal, (inputs, outputs), laws, signers))
    found = report.divergence or next((one.divergence for one in posted if one.divergence), None)
    if json:
        emit(_as_dict(report, posted, found) | ({} if signers is None else {"signatures": _signed(signers)}))
    else:
        if signers is not None:
            talk.print("signatures: {checked:,} checked, {by_agents:,} of them of agents".format(**_signed(signers)))
            for owner in sorted(signers.by_contracts):
                talk.print(
                    f"not confirmed: only a contract at {owner} itself can say whether its agent may sign for it"
                )
        _tell(report, posted, found)
    sys.exit(0 if found is None else 1)


async def _run(
    network: Network | None,
    url: str | None,
    journal: Path | None,
    files: tuple[Path | None, Path | None],
    laws: bool,
    signatures: Signatures | None,
) -> tuple[Report, list[Posted]]:
    from stab3l.audit.posted import posted_batches
    from stab3l.audit.verification import verify as replay
    from stab3l.chain.rpc import RpcChain
    from stab3l.cli.telling import ReplayProgress

    async with AsyncExitStack() as stack:
        source = await stack.enter_async_context(_source(network, url, journal, files))
        with ReplayProgress() as progress:
            report = await replay(source, laws=laws, signatures=signatures, progress=progress)
        posted = []
        if report.divergence is None:
            for chain in network.chains if network else ():
                rpc = await stack.enter_async_context(RpcChain(chain))
                posted.append(await posted_batches(rpc, chain, report))
        return report, posted


@asynccontextmanager
async def _source(
    network: Network | None, url: str | None, journal: Path | None, files: tuple[Path | None, Path | None]
) -> AsyncIterator[Source]:
    from stab3l.audit.journal import FileSource
    from stab3l.client.public_streams import PublicStreams

    given = [one for one in (url, journal, files[0] or files[1]) if one is not None]
    if len(given) > 1:
        raise Invalid("name one source of the streams: --journal, --inputs with --outputs, or --url")
    if journal is not None:
        yield FileSource.of_folder(journal)
    elif files[0] is not None and files[1] is not None:
        yield FileSource([files[0]], [files[1]])
    elif given and url is None:
        raise Invalid("--inputs and --outputs belong together")
    elif url is not None or network is not None:
        async with PublicStreams(url or (network.api_url if network else "")) as streams:
            yield streams
    else:
        raise Invalid("name a source of the streams: --network, --url, --journal, or --inputs with --outputs")


def _signed(signatures: Signatures) -> dict[str, Any]:
    return {
        "checked": signatures.checked,
        "by_agents": signatures.delegated,
        "delegations_of_contracts": sorted(signatures.by_contracts),
    }


def _as_dict(report: Report, posted: list[Posted], found: Divergence | None) -> dict[str, Any]:
    return {
        "ok": found is None,
        "frames": report.frames,
        "commands": report.commands,
        "events": report.events,
        "blocks": report.blocks,
        "last_sequence": report.last_sequence,
        "input_hash": "0x" + report.input_hash.hex(),
        "output_hash": "0x" + report.output_hash.hex(),
        "state_root": "0x" + report.state_root.hex(),
        "torn_bytes": report.torn_bytes,
        "outputs_missing": report.outputs_missing,
        "chains": [
            {
                "chain_id": one.chain_id,
                "batches_compared": one.compared,
                "batches_ahead": one.ahead,
                "unreachable": one.unreachable,
            }
            for one in posted
        ],
        "divergence": None
        if found is None
        else {"sequence": found.sequence, "what": found.what, "expected": found.expected, "found": found.found},
    }


def _tell(report: Report, posted: list[Posted], found: Divergence | None) -> None:
    def say(text: str, style: str | None = None) -> None:
        talk.print(text, style=style, markup=False, soft_wrap=True)

    say(
        f"replayed {report.commands:,} commands in {report.frames:,} batches to sequence {report.last_sequence:,}: "
        f"{report.events:,} events, {report.blocks:,} blocks"
    )
    if report.torn_bytes:
        say(f"{report.torn_bytes:,} bytes at the ends are no whole frames: never acknowledged, or being written")
    if report.outputs_missing:
        say(f"{report.outputs_missing:,} batches at the end have no outputs yet")
    for one in posted:
        if one.unreachable is not None:
            say(f"chain {one.chain_id} was NOT compared: {one.unreachable}", "yellow")
        else:
            ahead = f", {one.ahead:,} of blocks beyond this journal" if one.ahead else ""
            say(f"chain {one.chain_id}: {one.compared:,} batches compared{ahead}")
    if found is None:
        say(f"everything is as the rules say; state root 0x{report.state_root.hex()}", "green")
        return
    say(f"DIVERGENCE at sequence {found.sequence}: {found.what}", "red")
    say(f"  expected  {found.expected}")
    say(f"  found     {found.found}")
