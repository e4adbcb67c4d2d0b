"""Root of the command line: names the commands and turns typed errors into one line and an exit status."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from stab3l import __version__
from stab3l.cli import (
    bench,
    flow,
    funds,
    keys,
    local,
    looking,
    operating,
    orders,
    peg,
    peg_simulation,
    processes,
    proofs,
    rechecking,
    simulation,
    verification,
)
from stab3l.cli.output import complain
from stab3l.errors import Corrupt, Invalid, Stab3lError, Unavailable

EXIT = {Invalid: 2, Unavailable: 75, Corrupt: 70}
"""sysexits.h: usage, temporary failure, software. Everything else is 1."""

HELP = """Verified compute as a token of stable price, traded on an exchange that anyone can check. For example:

- `stab3l up`: starts the whole system on local chains
- `stab3l demo --json`: tells the whole story once and prints one JSON object
- `stab3l exchange serve --help`: about one process of the system
"""

app = App(
    name="stab3l",
    help=HELP,
    version=__version__,
    help_format="markdown",
    suppress_keyboard_interrupt=False,
)
app.command(local.up, name="up")
app.command(local.demo, name="demo")
app.command(verification.verify, name="verify")
app.command(rechecking.recheck, name="recheck")
app.command(rechecking.judge, name="judge")
app.command(rechecking.backing, name="backing")

benches = App(name="bench", help="Measurements.")
benches.command(bench.engine, name="engine")
benches.command(bench.verification, name="verification")
benches.command(bench.flow, name="flow")
benches.command(bench.api, name="api")
benches.command(bench.peg, name="peg")
peg_app = App(name="peg", help="The peg on a running network.")
peg_app.command(peg.flow, name="flow")
app.command(peg_app)

exchange = App(name="exchange", help="The gateway and the engine.")
exchange.command(processes.exchange_serve, name="serve")
api = App(name="api", help="REST, WebSocket and the live page.")
api.command(processes.api_serve, name="serve")
indexer = App(name="indexer", help="Chain events and engine output into SQL.")
indexer.command(processes.indexer_serve, name="serve")
keeper = App(name="keeper", help="Keepers: observe, decide, act.")
keeper.command(processes.keeper_deposits, name="deposits")
keeper.command(processes.keeper_settlement, name="settlement")
keeper.command(processes.keeper_oracle, name="oracle")
keeper.command(processes.keeper_flow, name="flow")
keeper.command(processes.keeper_peg, name="peg")
keeper.command(processes.keeper_reverification, name="reverification")
keeper.command(processes.keeper_arbitrage, name="arbitrage")
keeper.command(processes.keeper_sweep, name="sweep")
verifier = App(name="verifier", help="A member of the verifier committee.")
verifier.command(processes.verifier_serve, name="serve")
provider = App(name="provider", help="A provider of compute.")
provider.command(processes.provider_serve, name="serve")
provider.command(processes.provider_onboard, name="onboard")
provider.command(flow.join, name="join")
provider.command(flow.leave, name="leave")
provider.command(rechecking.provider_publish, name="publish")
provider.command(rechecking.provider_benchmark, name="benchmark")
agent = App(name="agent", help="Agents of the demo economy.")
agent.command(processes.agent_maker, name="maker")
agent.command(processes.agent_trader, name="trader")
agent.command(processes.agent_buyer, name="buyer")
agent.command(processes.agent_contracts, name="contracts")
agent.command(processes.agent_pools, name="pools")
agent.command(processes.agent_arbitrageur, name="arbitrageur")
flows = App(name="flow", help="Paying by a stream: what it costs is shown before anything is signed.")
flows.command(flow.open_, name="open")
flows.command(flow.adjust, name="adjust")
flows.command(flow.close, name="close")
flows.command(flow.status, name="status")
simulate = App(name="simulate", help="Simulators: the contracts' integer rules at high speed.")
simulate.command(simulation.flow, name="flow")
simulate.default(peg_simulation.peg)
simulate.command(peg_simulation.peg, name="peg")
simulate.command(peg_simulation.sweep, name="sweep")
simulate.command(peg_simulation.reverse, name="reverse")
for name in (
    "status",
    "markets",
    "book",
    "trades",
    "candles",
    "balances",
    "positions",
    "fills",
    "ledger",
    "providers",
    "batches",
):
    app.command(getattr(looking, name), name=name)
for name in ("faucet", "deposit", "withdraw", "claim", "redeem"):
    app.command(getattr(funds, name), name=name)
order_app = App(name="order", help="Orders: signed here, with the key of a role.")
order_app.command(orders.place, name="place")
order_app.command(orders.amend, name="amend")
order_app.command(orders.cancel, name="cancel")
order_app.command(orders.cancel_all, name="cancel-all")
order_app.command(orders.schedule_cancel, name="schedule-cancel")
order_app.command(orders.listed, name="list")
order_app.command(orders.show, name="show")
job_app = App(name="job", help="Jobs that were redeemed.")
job_app.command(looking.job_status, name="status")
job_app.command(funds.job_accept, name="accept")
job_app.command(rechecking.dispute, name="dispute")
proof_app = App(name="proof", help="Merkle proofs, checked here.")
proof_app.command(proofs.balance, name="balance")
proof_app.command(proofs.withdrawal, name="withdrawal")
proof_app.command(proofs.verify, name="verify")
key_app = App(name="key", help="Keystores: a key is never an argument and never shown.")
key_app.command(keys.new, name="new")
key_app.command(keys.import_, name="import")
key_app.command(keys.listed, name="list")
operator_app = App(name="operator", help="Whoever runs an API: keys of its users, keys of its own.")
operator_app.command(operating.keys, name="keys")
operator_app.command(operating.tier, name="tier")
operator_app.command(operating.rotate_tokens, name="rotate-tokens")
for part in (order_app, job_app, proof_app, key_app, operator_app):
    app.command(part)
for part in (benches, exchange, api, indexer, keeper, verifier, provider, agent, flows, simulate):
    app.command(part)


def run(arguments: Sequence[str]) -> None:
    """Runs one command line. An error is one line on stderr and an exit status."""
    try:
        app(arguments, print_error=False, exit_on_error=False)
    except CycloptsError as error:
        complain(Invalid(" ".join(str(error).split())))
        sys.exit(EXIT[Invalid])
    except Stab3lError as error:
        complain(error)
        sys.exit(next((code for kind, code in EXIT.items() if isinstance(error, kind)), 1))
