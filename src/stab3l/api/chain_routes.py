"""Paths of the chains' history: providers, claims, redemptions, batches, blocks, deposits, withdrawals, the log."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from stab3l.api.answers import ProofView
from stab3l.api.chronicle import claim_view, event_view, redemption_view
from stab3l.api.cursors import COUNT_MAX, ListQuery, cursor_of, position_of
from stab3l.api.deposits import deposit_detail, withdrawal_detail
from stab3l.api.endpoints import Call, Nothing, Page, Routes
from stab3l.api.history import (
    BatchView,
    BlockView,
    ChainEventView,
    ChainView,
    ClaimDetail,
    ClaimView,
    DepositDetail,
    ProviderDetail,
    ProviderView,
    RedemptionDetail,
    RedemptionView,
    StakeView,
    SupplyView,
    WithdrawalView,
)
from stab3l.api.leaves import withdrawal_leaf
from stab3l.api.market_views import proof_view
from stab3l.api.problems import Problem
from stab3l.api.signed import address_of, u64, unsigned
from stab3l.chain.address import checksum
from stab3l.engine.wire import U64_MAX
from stab3l.watch import pages, queries
from stab3l.watch.values import ExchangeBlock

CHAINS: Final = Routes("Chains")
COMPUTE: Final = Routes("Compute")
ID_MAX: Final = 2**256 - 1
DETAIL_ROWS: Final = 50

AddressText = Annotated[str, msgspec.Meta(pattern="^0x[0-9a-fA-F]{40}$", description="An address.")]
ChainId = Annotated[int, msgspec.Meta(ge=0, le=COUNT_MAX, description="A chain's id.")]
Name = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_]{1,40}$")]


class ClaimsQuery(ListQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which claims."""

    provider: AddressText | None = None


class RedemptionsQuery(ListQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which redemptions."""

    buyer: AddressText | None = None
    provider: AddressText | None = None


class BatchesQuery(ListQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which batches."""

    chain_id: ChainId | None = None


class EventsQuery(ListQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which events."""

    chain_id: ChainId | None = None
    contract: Name | None = None
    event: Name | None = None


@CHAINS.get("/v1/supply")
async def supply(call: Call[Nothing, Nothing]) -> SupplyView:
    """sSTB and CU over all chains."""
    return await call.desk.history.supply()


@CHAINS.get("/v1/chains")
async def chains(call: Call[Nothing, Nothing]) -> Page[ChainView]:
    """Every chain: its head and how far the index has read."""
    return Page(await call.desk.history.chains())


@CHAINS.get("/v1/batches", problems=("cursor_invalid",))
async def batches(call: Call[BatchesQuery, Nothing]) -> Page[BatchView]:
    """Settlement batches of every chain or one, newest first."""
    query = call.query
    before = position_of(query.cursor, (COUNT_MAX, 0))
    at = (min(before[0], COUNT_MAX), min(before[1], COUNT_MAX) if query.cursor else -1)
    rows = await call.desk.history.ask(pages.batches, query.limit, at, query.chain_id)
    following = cursor_of(rows[-1].exchange_block, rows[-1].chain_id) if len(rows) == query.limit else None
    return Page(await call.desk.history.batch_views(rows), following)


@CHAINS.get("/v1/batches/{chain}/{index}", problems=("number_invalid", "batch_unknown"))
async def batch(call: Call[Nothing, Nothing]) -> BatchView:
    """One settlement batch of a chain."""
    chain = unsigned("chain", call.path["chain"], COUNT_MAX)
    index = unsigned("index", call.path["index"], COUNT_MAX)
    row = await call.desk.history.ask(pages.batch, chain, index)
    if row is None:
        raise Problem("batch_unknown", f"chain {chain} has no batch {index}", chain_id=chain, index=index)
    return (await call.desk.history.batch_views([row]))[0]


@CHAINS.get("/v1/blocks", problems=("cursor_invalid",))
async def blocks(call: Call[ListQuery, Nothing]) -> Page[BlockView]:
    """Sealed blocks of the exchange, newest first."""
    (before,) = position_of(call.query.cursor, (COUNT_MAX,))
    rows = await call.desk.history.ask(pages.blocks, call.query.limit, min(before, COUNT_MAX))
    following = cursor_of(rows[-1].block) if len(rows) == call.query.limit else None
    return Page([_block_view(row) for row in rows], following)


@CHAINS.get("/v1/events", problems=("cursor_invalid",))
async def events(call: Call[EventsQuery, Nothing]) -> Page[ChainEventView]:
    """Events of our contracts on every chain, newest first, all or those of a chain, contract or name."""
    query, start = call.query, (2**62, 0, 2**62, 2**62)
    position: tuple[int, ...] = pages.FACT_START
    if query.cursor is not None:
        position = tuple(min(part, COUNT_MAX) for part in position_of(query.cursor, start))
    filters = {"chain_id": query.chain_id, "contract": query.contract, "event": query.event}
    rows = await call.desk.history.ask(pages.events, query.limit, position, **filters)
    last = rows[-1] if len(rows) == query.limit else None
    following = cursor_of(last.at, last.chain_id, last.block_number, last.log_index) if last else None
    return Page([event_view(row) for row in rows], following)


@CHAINS.get("/v1/deposits/{chain}/{ordinal}", problems=("number_invalid", "deposit_unknown"))
async def deposit(call: Call[Nothing, Nothing]) -> DepositDetail:
    """A deposit on its way: confirmed, credited, sealed, and posted back to its chain."""
    chain = unsigned("chain", call.path["chain"], COUNT_MAX)
    return await deposit_detail(call.desk, chain, unsigned("ordinal", call.path["ordinal"], COUNT_MAX))


@CHAINS.get("/v1/withdrawals/{withdrawal}", problems=("number_invalid", "withdrawal_unknown"))
async def withdrawal(call: Call[Nothing, Nothing]) -> WithdrawalView:
    """A withdrawal: queued, settled (it can be proved), paid."""
    return await withdrawal_detail(call.desk, unsigned("withdrawal", call.path["withdrawal"], U64_MAX))


@CHAINS.get("/v1/withdrawals/{withdrawal}/proof", problems=("number_invalid", "withdrawal_unknown", "proof_not_ready"))
async def withdrawal_proof(call: Call[Nothing, Nothing]) -> ProofView:
    """Proof of a withdrawal against the last sealed block: what ``Custody.withdraw`` takes."""
    number = u64("withdrawal", call.path["withdrawal"])
    made = await call.desk.exchange.withdrawal(number)
    if made is None:
        raise Problem("withdrawal_unknown", f"there is no withdrawal {number}", withdrawal=number)
    proof = await call.desk.exchange.withdrawal_proof(number)
    if proof is None:
        raise Problem("proof_not_ready", f"withdrawal {number} is not in a sealed block yet", withdrawal=number)
    return proof_view(proof, withdrawal_leaf(made), made.chain_id, made.token, made.owner, made.recipient)


@COMPUTE.get("/v1/providers", problems=("cursor_invalid",))
async def providers(call: Call[ListQuery, Nothing]) -> Page[ProviderView]:
    """Registered providers, by address."""
    (after,) = position_of(call.query.cursor, (0,))
    rows = await call.desk.history.ask(pages.providers, call.query.limit, min(after, 2**160 - 1))
    following = cursor_of(int(rows[-1].provider, 16)) if len(rows) == call.query.limit else None
    return Page(await call.desk.history.provider_views(rows), following)


@COMPUTE.get("/v1/providers/{address}", problems=("address_invalid", "provider_unknown"))
async def provider(call: Call[Nothing, Nothing]) -> ProviderDetail:
    """A provider with its newest claims and stakes."""
    history, address = call.desk.history, checksum(address_of("address", call.path["address"]))
    row = await history.ask(queries.provider, address)
    if row is None:
        raise Problem("provider_unknown", f"{address} never registered", provider=address)
    (view,) = await history.provider_views([row])
    claims = [claim_view(one) for one in await history.ask(pages.claims, DETAIL_ROWS, None, address)]
    stakes = [
        StakeView(str(one.stake_id), str(one.amount), str(one.unlocks_at), one.unstaked)
        for one in await history.ask(pages.stakes, address, DETAIL_ROWS)
    ]
    return ProviderDetail(view, claims, stakes)


@COMPUTE.get("/v1/claims", problems=("cursor_invalid",))
async def claims(call: Call[ClaimsQuery, Nothing]) -> Page[ClaimView]:
    """Claims of verified compute (attestations), newest first, of all providers or one."""
    query = call.query
    (before,) = position_of(query.cursor, (ID_MAX,))
    rows = await call.desk.history.ask(pages.claims, query.limit, min(before, ID_MAX), _address(query.provider))
    following = cursor_of(rows[-1].claim_id) if len(rows) == query.limit else None
    return Page([claim_view(row) for row in rows], following)


@COMPUTE.get("/v1/claims/{claim}", problems=("number_invalid", "claim_unknown"))
async def claim(call: Call[Nothing, Nothing]) -> ClaimDetail:
    """A claim with the benchmark that it was and every event about it."""
    number = unsigned("claim", call.path["claim"], ID_MAX)
    row = await call.desk.history.ask(pages.claim, number)
    if row is None:
        raise Problem("claim_unknown", f"there is no claim {number}", claim=number)
    about = await call.desk.history.ask(pages.events, DETAIL_ROWS, argument=("claimId", str(number)))
    return ClaimDetail(
        **msgspec.structs.asdict(claim_view(row)),
        compute_class=row.compute_class,
        rows=str(row.rows),
        depth=str(row.depth),
        products=str(row.products),
        root=None if row.root is None else "0x" + row.root.hex(),
        events=[event_view(one) for one in about],
    )


@COMPUTE.get("/v1/redemptions", problems=("cursor_invalid",))
async def redemptions(call: Call[RedemptionsQuery, Nothing]) -> Page[RedemptionView]:
    """Redemptions of sSTB for compute, newest first, of everybody, a buyer or a provider."""
    query = call.query
    (before,) = position_of(query.cursor, (ID_MAX,))
    who = (_address(query.buyer), _address(query.provider))
    rows = await call.desk.history.ask(pages.redemptions, query.limit, min(before, ID_MAX), *who)
    following = cursor_of(rows[-1].redemption_id) if len(rows) == query.limit else None
    return Page([redemption_view(row) for row in rows], following)


@COMPUTE.get("/v1/redemptions/{redemption}", problems=("number_invalid", "redemption_unknown"))
async def redemption(call: Call[Nothing, Nothing]) -> RedemptionDetail:
    """A redemption with its job, its result and every event about it."""
    number = unsigned("redemption", call.path["redemption"], ID_MAX)
    row = await call.desk.history.ask(pages.redemption, number)
    if row is None:
        raise Problem("redemption_unknown", f"there is no redemption {number}", redemption=number)
    asked = {"contract": "Redemption", "argument": ("id", str(number))}
    about = await call.desk.history.ask(pages.events, DETAIL_ROWS, **asked)
    return RedemptionDetail(
        **msgspec.structs.asdict(redemption_view(row)),
        job_uri=row.job_uri,
        job_hash="0x" + row.job_hash.hex(),
        result_uri=row.result_uri,
        result_hash=None if row.result_hash is None else "0x" + row.result_hash.hex(),
        events=[event_view(one) for one in about],
    )


def _address(text: str | None) -> str | None:
    """With its checksum, as the index has it."""
    return None if text is None else str(checksum(bytes.fromhex(text[2:])))


def _block_view(row: ExchangeBlock) -> BlockView:
    return BlockView(
        block=str(row.block),
        sequence=str(row.sequence),
        at=str(row.at),
        first_input=str(row.first_input),
        last_input=str(row.last_input),
        input_hash="0x" + row.input_hash.hex(),
        output_hash="0x" + row.output_hash.hex(),
        state_root="0x" + row.state_root.hex(),
        withdrawals_count=str(row.withdrawals_count),
    )
