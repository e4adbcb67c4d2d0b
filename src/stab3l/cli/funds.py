"""Money in and out: `stab3l deposit`, `withdraw`, `claim`, `redeem`, and what became of a redeemed job."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from stab3l.cli.asking import ChainId, Home, Json, Role, client_of, say, show_pairs, told, wallet_of
from stab3l.clock import monotonic_s
from stab3l.errors import Invalid
from stab3l.units import BaseUnits

if TYPE_CHECKING:
    from stab3l.api.answers import WithdrawalQueued
    from stab3l.chain.port import Receipt

Token = Annotated[str, Parameter(help="Symbol of the token, such as sSTB or USDC.")]
Amount = Annotated[str, Parameter(help="Whole tokens, as a decimal number.")]
PRIMES = "primes"
CLAIM_PAUSE_S = 2
DEPOSIT_PAUSE_S = 1


def faucet(
    dollars: Annotated[int, Parameter(help="Whole test dollars.")] = 1_000,
    /,
    *,
    chain: ChainId = None,
    role: Role = "trader",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Gives a role coin for gas and test dollars, on a local network only: everybody begins with neither.

    Example: `stab3l faucet 1000 --role trader`
    """

    async def work(folder: Path) -> dict[str, Any]:
        from stab3l.chain.signer import Signer
        from stab3l.config import load_network
        from stab3l.devnet.faucet import DOLLAR_UNITS, fill_up

        network = load_network(folder)
        config = network.primary if chain is None else network.chain(chain)
        return receipt_told(await fill_up(config, Signer.load(folder, role), BaseUnits(dollars * DOLLAR_UNITS)))

    told(home, as_json, work, lambda done: say(f"{role} has {dollars} dollars more, and gas: {done['tx']}"))


def deposit(
    token: Token,
    amount: Amount,
    /,
    *,
    timeout: Annotated[int, Parameter(help="Seconds to wait until it is credited; 0: not at all.")] = 60,
    chain: ChainId = None,
    role: Role = "trader",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Brings tokens from a chain to the exchange; they count once the chain's confirmation depth lies on them.

    Example: `stab3l deposit USDC.138 25 --role trader`
    """

    async def work(folder: Path) -> dict[str, Any]:
        async with wallet_of(folder, role) as wallet:
            done = receipt_told(await wallet.deposit(token, amount, chain_id=chain))
        say(f"deposited {amount} {token}: {done['tx']}, {done['gas']} gas")
        return done | {"state": await _credited(folder, role, done["tx"], timeout)}

    def show(done: dict[str, Any]) -> None:
        if done["state"] == "credited":
            say("it is credited: it can be traded with now")
        else:
            say(f"it counts once blocks lie on it: `stab3l balances --role {role}` shows it credited")

    told(home, as_json, work, show)


async def _credited(home: Path, role: str, tx: str, timeout_s: int) -> str:
    """How far a deposit that was sent came within so many seconds; what the API cannot say is "sent"."""
    from stab3l.client.problems import ApiUnavailable

    deadline, state = monotonic_s() + timeout_s, "sent"
    try:
        async with client_of(home, role) as client:
            while state != "credited" and monotonic_s() < deadline:
                known = (await client.account()).deposits or []
                state = next((one.state for one in known if one.tx_hash == tx), state)
                await asyncio.sleep(DEPOSIT_PAUSE_S if state != "credited" else 0)
    except ApiUnavailable as error:
        say(f"the deposit was sent, but the API does not answer: {error.message}")
    return state


def withdraw(
    token: Token,
    amount: Amount,
    /,
    *,
    recipient: Annotated[str | None, Parameter(help="Another address than the role's own.")] = None,
    chain: ChainId = None,
    role: Role = "trader",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Takes tokens home. The settlement keeper pays after the next batch; `stab3l claim` does it without a keeper.

    Example: `stab3l withdraw USDC 5 --role trader --json | jq -r .withdrawal_id`
    """

    async def work(folder: Path) -> WithdrawalQueued:
        async with client_of(folder, role) as client:
            return await client.withdraw(token, amount, recipient=recipient, chain_id=chain)

    def show(queued: WithdrawalQueued) -> None:
        say(f"withdrawal {queued.withdrawal_id} of {amount} {token} to {queued.recipient} is queued")
        say(f"a keeper pays it after the next batch; without one: `stab3l claim {queued.withdrawal_id} --role {role}`")

    told(home, as_json, work, show)


def claim(
    withdrawal: Annotated[int, Parameter(help="Id of the withdrawal.")],
    /,
    *,
    timeout: Annotated[int, Parameter(help="Seconds to wait until its batch is on the chain; 0: not at all.")] = 120,
    role: Role = "trader",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Pays a withdrawal out by its own Merkle proof, checked here before it is sent; nobody else is needed.

    Example: `stab3l claim 12 --role trader`
    """

    async def work(folder: Path) -> dict[str, Any]:
        from stab3l.client.problems import ProofNotReady
        from stab3l.client.wallet import RootNotPosted

        async with client_of(folder, role) as client, wallet_of(folder, role) as wallet:
            deadline = monotonic_s() + timeout
            while True:
                known = await client.withdrawal(withdrawal)
                if known.state == "paid":
                    return {"tx": known.paid_tx, "block": None, "gas": None, "paid_before": True}
                try:
                    proof = await client.withdrawal_proof(withdrawal)
                    return receipt_told(await wallet.claim(proof)) | {"paid_before": False}
                except (ProofNotReady, RootNotPosted) as error:
                    if monotonic_s() >= deadline:
                        raise
                    say(f"waiting: {error.message}")
                    await asyncio.sleep(CLAIM_PAUSE_S)

    def show(done: dict[str, Any]) -> None:
        before = "had been paid before" if done["paid_before"] else f"is paid, {done['gas']} gas"
        say(f"withdrawal {withdrawal} {before}: {done['tx']}")

    told(home, as_json, work, show)


def redeem(
    provider: Annotated[
        str | None,
        Parameter(help="Address of the provider; left out: whoever has verified capacity to spare and asks least."),
    ] = None,
    /,
    *,
    fuel: Annotated[int, Parameter(help="Budget of the job in operations; 10^15 of them cost 1 sSTB.")],
    primes: Annotated[int | None, Parameter(help="Run the sample job: count the primes below this.")] = None,
    module: Annotated[Path | None, Parameter(help="WASM module of an own job.")] = None,
    input: Annotated[Path | None, Parameter(help="Its input.")] = None,
    role: Role = "buyer",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Burns sSTB for a job that a provider has to run.

    Example: `stab3l redeem --fuel 200000000 --primes 100000 --role buyer`
    """
    from stab3l.provider.jobs import Job, primes_job

    if (primes is None) == (module is None):
        raise Invalid("say what to run: either --primes or --module")
    job = primes_job(primes) if module is None and primes else Job(_read(module), _read(input) if input else b"")

    async def work(folder: Path) -> dict[str, Any]:
        async with wallet_of(folder, role) as wallet:
            return {"redemption_id": str(await wallet.redeem(provider, fuel, job))}

    told(home, as_json, work, lambda done: say(f"redemption {done['redemption_id']}: stab3l job status tells of it"))


def job_accept(
    redemption: Annotated[int, Parameter(help="Id of the redemption.")],
    /,
    *,
    timeout: Annotated[int, Parameter(help="Seconds to wait for the delivery.")] = 600,
    output: Annotated[Path | None, Parameter(help="Where to write what the job put out.")] = None,
    role: Role = "buyer",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Waits for a delivery, checks the result against its hash and confirms it.

    Example: `stab3l job accept 3 --output result.bin --role buyer`
    """

    async def work(folder: Path) -> dict[str, Any]:
        async with wallet_of(folder, role) as wallet:
            result = await wallet.accept(redemption, timeout)
        if output is not None:
            output.write_bytes(result.output)
        told_output = result.output[:64].hex()
        return {"status": result.status.name.lower(), "fuel": str(result.fuel), "output": told_output}

    told(home, as_json, work, lambda done: show_pairs(done.items()))


def receipt_told(receipt: Receipt) -> dict[str, Any]:
    """A mined transaction."""
    return {"tx": "0x" + receipt.tx_hash.hex(), "block": str(receipt.block_number), "gas": receipt.gas_used}


def _read(path: Path | None) -> bytes:
    try:
        return path.read_bytes() if path else b""
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}", path=str(path)) from None
