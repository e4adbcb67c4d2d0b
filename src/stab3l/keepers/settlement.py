"""Seals blocks, posts one batch for each to every chain, and pushes proved withdrawals.

The chain is looked at first and says what is still to do, so a keeper killed anywhere goes on where it stopped.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import structlog
from prometheus_client import Counter, Gauge

from stab3l.chain.contracts import contract, decode_log
from stab3l.chain.errors import ContractRejected
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.config import ChainConfig, load_network
from stab3l.engine.wire import Outcome, OutcomeCode, Seal, Sealed, decode_events, encode
from stab3l.errors import Stab3lError, Unavailable
from stab3l.exchange.gateway_client import GatewayClient, Proof, Withdrawal
from stab3l.keepers.payouts import Payouts
from stab3l.keepers.rounds import keep, operator_of
from stab3l.keepers.settings import KeeperSettings
from stab3l.keepers.settlement_rules import (
    ZERO_HASH,
    LastBatch,
    batch_of,
    check_conserved,
    check_nothing_posted,
    needs_batch,
    needs_seal,
    payment_of,
)

ROLE: Final = "sequencer"
PAYMENTS_AT_ONCE: Final = 16

BATCHES: Final = Counter("stab3l_batches_settled", "Batches posted", ["chain"])
PAYMENTS: Final = Counter(
    "stab3l_withdrawals_pushed", "Payments by outcome: paid, or the refusal", ["chain", "outcome"]
)
OPEN: Final = Gauge("stab3l_withdrawals_open", "Withdrawals that are sealed and not paid for good", ["chain"])

log = structlog.get_logger(__name__)


class Sealer:
    """Closes a block whenever commands came since the last."""

    def __init__(self, gateway: GatewayClient, *, dry_run: bool = False) -> None:
        self._gateway = gateway
        self._dry_run = dry_run
        self._refused_at = 0

    async def round(self) -> None:
        """One look, and at most one seal.

        Raises:
            NotConserved: accounts own what never came in; no block is sealed over it.
            Unavailable: the gateway is away. A seal whose answer was lost does no harm.
        """
        status = await self._gateway.status()
        if not needs_seal(status, self._refused_at):
            return
        check_conserved(await self._gateway.totals())
        if self._dry_run:
            log.info("would_seal", sequence=status.sequence, sealed_sequence=status.sealed_sequence)
            return
        submitted = await self._gateway.submit(encode(Seal()))
        for event in decode_events(submitted.events):
            if isinstance(event, Outcome) and event.code == OutcomeCode.NOTHING_TO_SEAL:
                self._refused_at = event.sequence
            elif isinstance(event, Sealed):
                log.info("sealed", block=event.block, first_input=event.first_input, last_input=event.last_input)


Proven = list[tuple[Withdrawal, Proof]]
"""Open withdrawals with their proofs under one sealed root."""


class ChainSettler:
    """Posts batches to one chain and pays its withdrawals."""

    def __init__(
        self, chain: RpcChain, config: ChainConfig, gateway: GatewayClient, sender: Sender, *, dry_run: bool = False
    ) -> None:
        self._chain = chain
        self._config = config
        self._gateway = gateway
        self._sender = sender
        self._dry_run = dry_run
        self._custody = contract(config, "Custody")
        self._payouts = Payouts(config.chain_id)

    async def round(self) -> None:
        """One look at the chain, at most one batch, and every payment that is due.

        Raises:
            SettlementDiverged: the chain holds a batch that this engine did not make.
            ContractRejected: Custody refused the batch. Unavailable: chain or gateway is away.
        """
        # In this order: what is posted was sealed before, also by another keeper.
        last = await self._last_batch()
        sealed = await self._gateway.sealed()
        if sealed is None:
            check_nothing_posted(self._config.chain_id, last)
            return
        await self._learn(sealed)
        proven = await self._prove(sealed)
        if proven is None:
            return
        index = await self._post(sealed, last)
        if index is not None:
            await self._pay(index, proven)

    async def _learn(self, sealed: Sealed) -> None:
        """Takes up withdrawals that were not looked at yet; at the first time without those paid long ago."""
        paid = await self._paid_for_good() if self._payouts.next_id == 0 else frozenset()
        while self._payouts.next_id < sealed.withdrawals_count:
            page = await self._gateway.withdrawals(self._payouts.next_id)
            self._payouts.learn(page, paid)

    async def _paid_for_good(self) -> frozenset[int]:
        depth = await self._settled_height()
        logs = await self._chain.logs([self._custody.address], self._config.deploy_block, depth)
        decoded = (decode_log(self._custody, entry) for entry in logs)
        return frozenset(int(d.args["id"]) for d in decoded if d is not None and d.event == "Withdrawn")

    async def _settled_height(self) -> int:
        return (await self._chain.head()).number - self._config.confirmations + 1

    async def _prove(self, sealed: Sealed) -> Proven | None:
        """Proofs under this seal's root; None when another seal came in between: the next round has its proofs."""
        proven: Proven = []
        for withdrawal in self._payouts.due(sealed.withdrawals_count):
            proof = await self._gateway.withdrawal_proof(withdrawal.id)
            if proof is None or proof.root != sealed.withdrawals_root or proof.block != sealed.block:
                return None
            proven.append((withdrawal, proof))
        OPEN.labels(self._config.chain_id).set(len(self._payouts.open(sealed.withdrawals_count)))
        return proven

    async def _post(self, sealed: Sealed, last: LastBatch) -> int | None:
        """The index of the sealed block's batch on the chain, posted now if it is not there; None in a dry run."""
        if not needs_batch(self._config.chain_id, sealed, last):
            return last.index
        tokens = await self._chain.call(self._custody, "tokens")
        batch = batch_of(sealed, self._config.chain_id, last.last_input, tokens)
        if self._dry_run:
            log.info("would_settle", chain=self._config.chain_id, block=sealed.block, first_input=batch["firstInput"])
            return None
        receipt = await self._sender.transact(self._custody, "settle", batch)
        BATCHES.labels(self._config.chain_id).inc()
        log.info(
            "batch_settled",
            chain=self._config.chain_id,
            block=sealed.block,
            first_input=batch["firstInput"],
            last_input=sealed.last_input,
            tx=receipt.tx_hash.hex(),
            gas=receipt.gas_used,
        )
        return last.index + 1

    async def _last_batch(self) -> LastBatch:
        head = await self._chain.head()
        index, last_input, block, _ = await self._chain.call(self._custody, "lastBatch", block=head.hash)
        root = await self._chain.call(self._custody, "stateRootOf", index, block=head.hash) if index else ZERO_HASH
        return LastBatch(index, last_input, block, root)

    async def _pay(self, index: int, proven: Proven) -> None:
        at_once = asyncio.Semaphore(PAYMENTS_AT_ONCE)
        depth = await self._settled_height()

        async def pay(withdrawal: Withdrawal, proof: Proof) -> None:
            async with at_once:
                await self._pay_one(index, withdrawal, proof, depth)

        async with asyncio.TaskGroup() as group:
            for withdrawal, proof in proven:
                group.create_task(pay(withdrawal, proof))

    async def _pay_one(self, index: int, withdrawal: Withdrawal, proof: Proof, depth: int) -> None:
        """Pays one withdrawal, or puts it off; whatever happens to it, the others go on."""
        try:
            if await self._chain.call(self._custody, "paid", withdrawal.id):
                await self._forget_when_settled(withdrawal.id, depth)
            elif self._dry_run:
                log.info("would_pay", chain=self._config.chain_id, withdrawal=withdrawal.id)
            else:
                await self._push(index, withdrawal, proof)
        except Unavailable as error:
            log.warning("payment_unknown", chain=self._config.chain_id, withdrawal=withdrawal.id, reason=error.message)
        except Stab3lError as error:
            self._put_off(withdrawal, error)

    async def _forget_when_settled(self, withdrawal: int, depth: int) -> None:
        if depth >= self._config.deploy_block and await self._chain.call(
            self._custody, "paid", withdrawal, block=depth
        ):
            self._payouts.paid_for_good(withdrawal)

    async def _push(self, index: int, withdrawal: Withdrawal, proof: Proof) -> None:
        payment, siblings = payment_of(withdrawal), list(proof.siblings)
        receipt = await self._sender.transact(self._custody, "withdraw", index, payment, siblings)
        PAYMENTS.labels(self._config.chain_id, "paid").inc()
        log.info(
            "withdrawal_paid",
            chain=self._config.chain_id,
            withdrawal=withdrawal.id,
            amount=withdrawal.amount,
            tx=receipt.tx_hash.hex(),
            gas=receipt.gas_used,
        )

    def _put_off(self, withdrawal: Withdrawal, error: Stab3lError) -> None:
        delay_s = self._payouts.refused(withdrawal.id)
        refusal = error.error_name if isinstance(error, ContractRejected) else error.code
        PAYMENTS.labels(self._config.chain_id, refusal).inc()
        log.warning(
            "withdrawal_put_off",
            chain=self._config.chain_id,
            withdrawal=withdrawal.id,
            refusal=refusal,
            reason=error.message,
            retry_after_s=delay_s,
        )


async def serve(home: Path, *, dry_run: bool = False) -> None:
    """Settles on every chain that has a Custody, until SIGTERM. ``dry_run``: decide and tell, send nothing.

    Raises:
        NotFound, Invalid, Unauthorised: there is no usable network description or sequencer key.
    """
    settings, network = KeeperSettings(), load_network(home)
    signer = await asyncio.to_thread(Signer.load, home, ROLE)
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(await operator_of(home, network))
        rounds = {"seal": Sealer(gateway, dry_run=dry_run).round}
        for config in network.chains:
            if "Custody" in config.contracts:
                chain = await stack.enter_async_context(RpcChain(config))
                settler = ChainSettler(chain, config, gateway, Sender(chain, signer), dry_run=dry_run)
                rounds[f"settle_{config.chain_id}"] = settler.round
        await keep(rounds, settings.settlement_interval_s, metrics_port=settings.metrics_port)
