"""Root of the command line: names the commands and turns typed errors into one line and an exit status."""

from __future__ import annotations

import sys

from cyclopts import App

from stab3l import __version__
from stab3l.cli.output import complain
from stab3l.errors import Corrupt, Invalid, Stab3lError, Unavailable

EXIT = {Invalid: 2, Unavailable: 75, Corrupt: 70}
"""sysexits.h: usage, temporary failure, software. Everything else is 1."""

HELP = """Verified compute as a token of stable price, traded on an exchange that anyone can check.

Examples:

    stab3l up                     start the whole system on local chains

    stab3l demo --json            tell the whole story once; one JSON object

    stab3l exchange serve --help  one process of the system
"""

app = App(name="stab3l", help=HELP, version=__version__, help_format="markdown")
app.command("stab3l.cli.local:up", name="up")
app.command("stab3l.cli.local:demo", name="demo")

exchange = App(name="exchange", help="The gateway and the engine.")
exchange.command("stab3l.cli.processes:exchange_serve", name="serve")
api = App(name="api", help="REST, WebSocket and the live page.")
api.command("stab3l.cli.processes:api_serve", name="serve")
indexer = App(name="indexer", help="Chain events and engine output into SQL.")
indexer.command("stab3l.cli.processes:indexer_serve", name="serve")
keeper = App(name="keeper", help="Keepers: observe, decide, act.")
keeper.command("stab3l.cli.processes:keeper_deposits", name="deposits")
keeper.command("stab3l.cli.processes:keeper_settlement", name="settlement")
keeper.command("stab3l.cli.processes:keeper_oracle", name="oracle")
verifier = App(name="verifier", help="A member of the verifier committee.")
verifier.command("stab3l.cli.processes:verifier_serve", name="serve")
provider = App(name="provider", help="A provider of compute.")
provider.command("stab3l.cli.processes:provider_serve", name="serve")
provider.command("stab3l.cli.processes:provider_onboard", name="onboard")
agent = App(name="agent", help="Agents of the demo economy.")
agent.command("stab3l.cli.processes:agent_maker", name="maker")
agent.command("stab3l.cli.processes:agent_trader", name="trader")
agent.command("stab3l.cli.processes:agent_buyer", name="buyer")
for part in (exchange, api, indexer, keeper, verifier, provider, agent):
    app.command(part)


def main() -> None:
    """Entry point of the `stab3l` script."""
    try:
        app(sys.argv[1:])
    except Stab3lError as error:
        complain(error)
        sys.exit(next((code for kind, code in EXIT.items() if isinstance(error, kind)), 1))
    except KeyboardInterrupt:
        sys.exit(130)
