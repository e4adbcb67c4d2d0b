"""Deposits, withdrawals, requests and blocks on the reference exchange, worked out by hand."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode as abi_encode
from eth_hash.auto import keccak
from msgspec.structs import replace

from stab3l.audit.reference_exchange import ReferenceExchange
from stab3l.audit.reference_queries import ReferenceQueries
from stab3l.audit.reference_requests import REQUEST_LIFE_MAX_NS
from stab3l.audit.reference_trees import ZERO_HASH, payload_hash, root_of_proof
from stab3l.engine.wire import (
    AssetTotals,
    ChainDeposits,
    Deposit,
    DepositCredited,
    Outcome,
    OutcomeCode,
    Seal,
    Side,
    WithdrawalQueued,
    encode,
    encode_batch,
)
from stab3l.testing.trading_desk import (
    BASE,
    CHAIN,
    FOREIGN,
    LISTING,
    OTHER_CHAIN,
    QUOTE,
    SECOND_NS,
    START_NS,
    TradingDesk,
    owner,
    token,
)


def u64(number: int) -> bytes:
    return number.to_bytes(8, "little")


def double(types: list[str], values: list[object]) -> bytes:
    return keccak(keccak(abi_encode(types, values)))


def test_users_are_numbered_after_the_system_accounts(desk: TradingDesk) -> None:
    assert [desk.fund(7, BASE, 1), desk.fund(8, FOREIGN, 1), desk.fund(7, QUOTE, 1)] == [3, 4, 3]


def test_a_deposit_is_credited_once(exchange: ReferenceExchange, desk: TradingDesk) -> None:
    deposit = Deposit(CHAIN, 1, BASE, 9, owner(7), 500, b"\x11" * 32)
    events = desk.accepted(deposit)
    assert events == [
        Outcome(5, OutcomeCode.ACCEPTED, 4, 3, START_NS),
        DepositCredited(5, CHAIN, 1, 3, BASE, 500, owner(7)),
    ]
    assert desk.code(deposit) == OutcomeCode.DEPOSIT_DUPLICATE
    assert desk.code(replace(deposit, ordinal=0)) == OutcomeCode.DEPOSIT_DUPLICATE
    assert desk.code(replace(deposit, ordinal=3)) == OutcomeCode.DEPOSIT_GAP
    assert exchange.balance(3, BASE).available == 500
    assert exchange.assets[BASE].credited == 500


def test_each_chain_counts_its_own_deposits(desk: TradingDesk) -> None:
    desk.accepted(Deposit(CHAIN, 1, BASE, 0, owner(7), 1, bytes(32)))
    desk.accepted(Deposit(OTHER_CHAIN, 1, FOREIGN, 0, owner(7), 1, bytes(32)))
    desk.accepted(Deposit(CHAIN, 2, QUOTE, 0, owner(7), 1, bytes(32)))


def test_an_asset_is_never_credited_above_its_limit(desk: TradingDesk) -> None:
    desk.fund(1, BASE, 2**127 - 2)
    assert desk.code(Deposit(CHAIN, 2, BASE, 0, owner(1), 2, bytes(32))) == OutcomeCode.AMOUNT_TOO_LARGE
    desk.accepted(Deposit(CHAIN, 2, BASE, 0, owner(1), 1, bytes(32)))
    account = 3
    desk.accepted(desk.withdrawal(account, BASE, 2**127 - 1))
    assert desk.code(Deposit(CHAIN, 3, BASE, 0, owner(1), 1, bytes(32))) == OutcomeCode.AMOUNT_TOO_LARGE


def test_a_withdrawal_is_debited_at_once(exchange: ReferenceExchange, desk: TradingDesk) -> None:
    account = desk.fund(7, QUOTE, 100)
    events = desk.accepted(desk.withdrawal(account, QUOTE, 40, owner(50)))
    assert events[1] == WithdrawalQueued(exchange.sequence, 0, account, QUOTE, CHAIN, 40, token(2), owner(7), owner(50))
    assert exchange.balance(account, QUOTE).available == 60
    assert exchange.assets[QUOTE].withdrawn == 40
    assert desk.code(desk.withdrawal(account, QUOTE, 61)) == OutcomeCode.FUNDS_SHORT
    assert desk.code(desk.withdrawal(account, QUOTE, 60)) == OutcomeCode.ACCEPTED


def test_what_an_order_holds_cannot_be_withdrawn(desk: TradingDesk) -> None:
    account = desk.fund(7, QUOTE, 90)
    desk.accepted(desk.order(account, Side.BUY, 10, 1))
    assert desk.code(desk.withdrawal(account, QUOTE, 61)) == OutcomeCode.FUNDS_SHORT
    assert desk.code(desk.withdrawal(account, QUOTE, 60)) == OutcomeCode.ACCEPTED


def test_a_repeated_request_answers_with_the_first_ones_id(exchange: ReferenceExchange, desk: TradingDesk) -> None:
    account = desk.fund(7, QUOTE, 1_000)
    order = desk.order(account, Side.BUY, 1, 1)
    desk.accepted(desk.withdrawal(account, QUOTE, 1))
    desk.accepted(desk.order(account, Side.BUY, 1, 1), order)
    again = desk.send(order)
    assert again == [Outcome(exchange.sequence, OutcomeCode.CLIENT_ID_REUSED, 5, 2, desk.now)]
    other_kind = replace(desk.withdrawal(account, QUOTE, 1), client_id=order.client_id)
    assert desk.send(other_kind) == [Outcome(exchange.sequence, OutcomeCode.CLIENT_ID_REUSED, 7, 2, desk.now)]


def test_another_accounts_client_id_is_free(desk: TradingDesk) -> None:
    accounts = desk.fund(7, QUOTE, 1_000), desk.fund(8, QUOTE, 1_000)
    first, second = (replace(desk.order(account, Side.BUY, 1, 1), client_id=77) for account in accounts)
    desk.accepted(first)
    desk.accepted(second)


def test_a_refused_request_does_not_use_up_its_client_id(desk: TradingDesk) -> None:
    account = desk.fund(7, QUOTE, 2)
    order = desk.order(account, Side.BUY, 1, 1)
    assert desk.code(order) == OutcomeCode.FUNDS_SHORT
    desk.fund(7, QUOTE, 1)
    assert desk.code(order) == OutcomeCode.ACCEPTED


def test_a_client_id_is_free_again_when_its_request_has_expired(desk: TradingDesk) -> None:
    account = desk.fund(7, QUOTE, 1_000)
    order = desk.order(account, Side.BUY, 1, 1)
    desk.accepted(order)
    later = replace(order, expires_at=order.expires_at + SECOND_NS)
    desk.now = order.expires_at - 1
    assert desk.code(later) == OutcomeCode.CLIENT_ID_REUSED
    desk.now = order.expires_at
    assert desk.code(order) == OutcomeCode.REQUEST_EXPIRED
    assert desk.code(later) == OutcomeCode.ACCEPTED


def test_a_request_lives_a_day_at_most(desk: TradingDesk) -> None:
    account = desk.fund(7, QUOTE, 1_000)
    order = desk.order(account, Side.BUY, 1, 1)
    last = desk.now + REQUEST_LIFE_MAX_NS
    assert desk.code(replace(order, expires_at=last + 1)) == OutcomeCode.REQUEST_TOO_FAR
    assert desk.code(replace(order, expires_at=last)) == OutcomeCode.ACCEPTED


def test_time_never_runs_backwards(exchange: ReferenceExchange, desk: TradingDesk) -> None:
    desk.now -= SECOND_NS
    outcome = desk.send(LISTING[0])[0]
    assert isinstance(outcome, Outcome)
    assert outcome.at == exchange.now == START_NS


def test_an_empty_batch_is_nothing(exchange: ReferenceExchange) -> None:
    assert exchange.apply(b"", START_NS) == b""
    assert (exchange.now, exchange.sequence, exchange.input_hash) == (0, 0, ZERO_HASH)


def test_the_hash_chains_link_batches(exchange: ReferenceExchange) -> None:
    first, second = encode_batch(LISTING), encode(LISTING[0]) + b"\x05"
    events = [exchange.apply(first, START_NS), exchange.apply(second, START_NS - 1)]
    expected = ZERO_HASH
    for first_sequence, count, batch in ((1, 4, first), (5, 2, second)):
        place = u64(first_sequence) + count.to_bytes(4, "little") + u64(START_NS)
        expected = keccak(expected + place + u64(len(batch)) + keccak(batch))
    assert exchange.input_hash == expected
    first_link = keccak(ZERO_HASH + u64(len(events[0])) + keccak(events[0]))
    assert exchange.output_hash == keccak(first_link + u64(len(events[1])) + keccak(events[1]))


def test_a_payload_beyond_a_chunk_is_a_tree_of_chunks() -> None:
    """2,500 bytes are three chunks, padded to four leaves; the second chunk's proof leads to the root."""
    payload = bytes(i * 7 % 251 for i in range(2_500))
    first, second, third = (keccak(payload[at : at + 1024]) for at in (0, 1024, 2048))
    root = keccak(keccak(first + second) + keccak(third + ZERO_HASH))
    assert payload_hash(payload) == u64(2_500) + root
    assert root_of_proof(second, 1, [first, keccak(third + ZERO_HASH)]) == root
    assert payload_hash(b"") == u64(0) + ZERO_HASH


def test_a_seal_closes_a_block_with_every_hash(exchange: ReferenceExchange, desk: TradingDesk) -> None:
    """Three balances and one withdrawal: the tree of three is padded to four."""
    first, second = desk.fund(7, BASE, 100), desk.fund(8, QUOTE, 200)
    desk.fund(8, FOREIGN, 300)
    desk.accepted(desk.withdrawal(first, BASE, 30, owner(50)))
    output_before = exchange.output_hash
    sealed = desk.seal()
    types = ["address", "uint32", "uint64", "address", "uint256"]
    leaves = [
        double(types, [owner(7), first, CHAIN, token(1), 70]),
        double(types, [owner(8), second, CHAIN, token(2), 200]),
        double(types, [owner(8), second, OTHER_CHAIN, token(1), 300]),
    ]
    balances_root = keccak(keccak(leaves[0] + leaves[1]) + keccak(leaves[2] + ZERO_HASH))
    types = ["uint64", "uint64", "address", "address", "address", "uint256"]
    withdrawals_root = double(types, [0, CHAIN, token(1), owner(7), owner(50), 30])
    state = abi_encode(
        ["bytes32", "uint64"] * 3,
        [balances_root, 3, withdrawals_root, 1, sealed.positions_root, sealed.positions_count],
    )
    assert (sealed.block, sealed.first_input, sealed.last_input) == (1, 1, 9)
    assert (sealed.balances_root, sealed.balances_count) == (balances_root, 3)
    assert (sealed.withdrawals_root, sealed.withdrawals_count) == (withdrawals_root, 1)
    assert (sealed.positions_root, sealed.positions_count) == (ZERO_HASH, 0)
    assert sealed.state_root == keccak(state)
    assert sealed.input_hash == exchange.input_hash
    assert sealed.output_hash == exchange.output_hash == keccak(output_before + payload_hash(b""))
    assert sealed.assets == (
        AssetTotals(0, CHAIN, token(1), 100, 30),
        AssetTotals(1, CHAIN, token(2), 200, 0),
        AssetTotals(2, OTHER_CHAIN, token(1), 300, 0),
    )


def test_the_deposit_hash_chains_every_deposit_of_a_chain(desk: TradingDesk) -> None:
    desk.fund(7, BASE, 100)
    desk.fund(8, QUOTE, 200)
    types = ["bytes32", "uint64", "address", "address", "uint256"]
    first = keccak(abi_encode(types, [ZERO_HASH, 1, token(1), owner(7), 100]))
    second = keccak(abi_encode(types, [first, 2, token(2), owner(8), 200]))
    assert desk.seal().chains == (ChainDeposits(OTHER_CHAIN, 0, ZERO_HASH), ChainDeposits(CHAIN, 2, second))


def test_an_exchange_without_balances_seals_zero_roots(desk: TradingDesk) -> None:
    sealed = desk.seal()
    assert (sealed.balances_root, sealed.withdrawals_root) == (ZERO_HASH, ZERO_HASH)


def test_blocks_follow_each_other(desk: TradingDesk) -> None:
    assert desk.code(Seal()) == OutcomeCode.ACCEPTED
    assert desk.code(Seal()) == OutcomeCode.NOTHING_TO_SEAL
    assert desk.code(Seal(), Seal()) == OutcomeCode.SEAL_NOT_ALONE
    assert desk.code(Seal()) == OutcomeCode.NOTHING_TO_SEAL
    assert desk.code(LISTING[0]) == OutcomeCode.ASSET_EXISTS
    sealed = desk.seal()
    assert (sealed.block, sealed.first_input, sealed.last_input) == (2, 6, 11)


def test_a_malformed_seal_is_something_to_seal(exchange: ReferenceExchange, desk: TradingDesk) -> None:
    desk.seal()
    exchange.apply(encode(Seal()).replace(b"\x08\x00\x00\x00", b"\x08\x00\x01\x00", 1), desk.now)
    assert desk.seal().block == 2


@pytest.mark.parametrize("users", [1, 2, 3, 4, 5, 9])
def test_every_proof_leads_to_the_sealed_root(exchange: ReferenceExchange, desk: TradingDesk, users: int) -> None:
    for user in range(users):
        account = desk.fund(user + 1, BASE, 100 + user)
        desk.accepted(desk.withdrawal(account, BASE, 1 + user))
    sealed = desk.seal()
    desk.fund(1, BASE, 5)
    queries = ReferenceQueries(exchange)
    for index, leaf in enumerate(exchange.sealed_balance_leaves):
        proof = queries.balance_proof(3 + index, BASE)
        assert proof is not None
        assert proof[:2] == (index, 99)
        assert root_of_proof(leaf, index, proof[2]) == sealed.balances_root
    for index, leaf in enumerate(exchange.withdrawal_leaves):
        siblings = queries.withdrawal_proof(index)
        assert siblings is not None
        assert root_of_proof(leaf, index, siblings) == sealed.withdrawals_root


def test_what_is_not_sealed_yet_has_no_proof(exchange: ReferenceExchange, desk: TradingDesk) -> None:
    account = desk.fund(7, BASE, 100)
    desk.accepted(desk.withdrawal(account, BASE, 1))
    assert ReferenceQueries(exchange).balance_proof(account, BASE) is None
    assert ReferenceQueries(exchange).withdrawal_proof(0) is None
