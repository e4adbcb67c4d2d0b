"""`stab3l up` and `stab3l demo`: the local network for people and for programs."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

from cyclopts import Parameter

from stab3l.cli.output import configure_logs, emit, talk
from stab3l.config import Settings
from stab3l.errors import Invalid

BASE_PORT = 8545
API_PORT = 8080

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
T = TypeVar("T")
Home = Annotated[Path | None, Parameter(help="Folder that holds the network: chains, journal, keys, logs.")]


def demo(
    *,
    json: Annotated[bool, Parameter(help="Print one JSON object on stdout.")] = False,
    keep: Annotated[bool, Parameter(help="Keep the network's folder afterwards.")] = False,
    home: Home = None,
) -> None:
    """Tells the whole story once on fresh local chains and checks every invariant.

    A provider proves compute and mints sSTB, makers and a trader trade it, batches settle on three chains, a buyer
    redeems it. The exit status is not zero when a step or an invariant fails.

    Example: `stab3l demo --json | jq .invariants`
    """
    from stab3l.cli.telling import Teller, show_outcome
    from stab3l.devnet.demo import run_demo
    from stab3l.devnet.ports import free_ports

    configure_logs(Settings().log_level, quiet=True)
    if home is not None and (home / "network.json").exists():
        raise Invalid(
            f"{home} holds a network already: the demo starts from nothing, name an empty folder", home=str(home)
        )
    folder = home or Path(tempfile.mkdtemp(prefix="stab3l-demo-"))
    with Teller() as teller:
        outcome = _run(run_demo(folder, free_ports(), teller.say, teller.step, teller.progress))
    if json:
        emit(outcome.as_dict())
    else:
        show_outcome(outcome)
    if outcome.ok and home is None and not keep:
        shutil.rmtree(folder)
    else:
        talk.print(f"the network's folder is {folder}", markup=False, soft_wrap=True)
    sys.exit(0 if outcome.ok else 1)


def up(
    *,
    home: Home = None,
    base_port: Annotated[int, Parameter(help="First of the ports for chains and processes.")] = BASE_PORT,
    api_port: Annotated[int, Parameter(help="Port of the API and the live page.")] = API_PORT,
    dry_run: Annotated[
        bool, Parameter(help="Keepers of the peg and of flows decide and log, and send nothing.", negative="")
    ] = False,
) -> None:
    """Starts the whole system on local chains with a small live economy, or resumes it. Ctrl-C stops all of it.

    Example: `stab3l up --home .stab3l/local --api-port 8080`
    """
    from stab3l.cli.telling import Teller
    from stab3l.devnet.live import run_until_stopped
    from stab3l.devnet.ports import fixed_ports

    settings = Settings()
    configure_logs(settings.log_level, quiet=True)
    folder = home or settings.home
    try:
        with Teller() as teller:
            _run(run_until_stopped(folder, fixed_ports(base_port, api_port), teller, dry_run=dry_run))
    except KeyboardInterrupt:
        talk.print(f"stopped; the next start resumes what is in {folder}", markup=False, soft_wrap=True)


def _run(main: Coroutine[Any, Any, T]) -> T:
    """Runs it; SIGTERM stops it as Ctrl-C does, uninterrupted, so that nothing it started stays behind.

    Raises:
        KeyboardInterrupt: it was stopped.
    """

    async def stoppable() -> T:
        task = asyncio.ensure_future(main)

        def stop() -> None:
            for number in SIGNALS:
                loop.add_signal_handler(number, lambda: None)
            talk.print("stopping everything", markup=False)
            task.cancel()

        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, stop)
        return await task

    try:
        return asyncio.run(stoppable())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
