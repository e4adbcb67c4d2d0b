"""Money in and out of the reference exchange: deposits and withdrawals."""

from __future__ import annotations

from collections.abc import Iterator

from stab3l.audit.reference_margin import outflow_margin_short
from stab3l.audit.reference_requests import remember, request_breaks
from stab3l.audit.reference_state import AMOUNT_MAX, ZERO_ADDRESS, State, Withdrawal
from stab3l.audit.reference_trees import abi_words, keccak, leaf
from stab3l.engine.wire import Deposit, DepositCredited, OutcomeCode, Withdraw, WithdrawalQueued


def deposit_breaks(state: State, deposit: Deposit) -> Iterator[OutcomeCode]:
    """What is wrong with a deposit."""
    if deposit.asset >= len(state.assets) or state.assets[deposit.asset].chain_id != deposit.chain_id:
        yield OutcomeCode.ASSET_UNKNOWN
        return
    if deposit.amount == 0:
        yield OutcomeCode.AMOUNT_ZERO
    if state.assets[deposit.asset].credited + deposit.amount > AMOUNT_MAX:
        yield OutcomeCode.AMOUNT_TOO_LARGE
    if deposit.owner == ZERO_ADDRESS:
        yield OutcomeCode.OWNER_ZERO
    count = state.chains[deposit.chain_id].deposit_count
    if deposit.ordinal <= count:
        yield OutcomeCode.DEPOSIT_DUPLICATE
    if deposit.ordinal > count + 1:
        yield OutcomeCode.DEPOSIT_GAP


def accept_deposit(state: State, deposit: Deposit) -> int:
    """Credit a deposit; the account."""
    if deposit.owner not in state.accounts:
        state.accounts[deposit.owner] = len(state.owners)
        state.owners.append(deposit.owner)
    account = state.accounts[deposit.owner]
    asset = state.assets[deposit.asset]
    asset.credited += deposit.amount
    state.credit(account, deposit.asset, deposit.amount)
    chain = state.chains[deposit.chain_id]
    chain.deposit_count = deposit.ordinal
    chain.deposit_hash = keccak(
        abi_words(chain.deposit_hash, deposit.ordinal, asset.token, deposit.owner, deposit.amount)
    )
    state.emit(
        DepositCredited(
            state.sequence,
            deposit.chain_id,
            deposit.ordinal,
            account,
            deposit.asset,
            deposit.amount,
            deposit.owner,
        )
    )
    return account


def withdrawal_breaks(state: State, request: Withdraw) -> Iterator[OutcomeCode]:
    """What is wrong with a withdrawal."""
    yield from request_breaks(state, request)
    if request.asset >= len(state.assets):
        yield OutcomeCode.ASSET_UNKNOWN
    if request.amount == 0:
        yield OutcomeCode.AMOUNT_ZERO
    if request.recipient == ZERO_ADDRESS:
        yield OutcomeCode.RECIPIENT_ZERO
    if state.balance(request.account, request.asset).available < request.amount:
        yield OutcomeCode.FUNDS_SHORT
    if request.asset < len(state.assets):
        asset = state.assets[request.asset]
        if request.amount > asset.credited - asset.withdrawn:
            yield OutcomeCode.RESERVE_SHORT
    if outflow_margin_short(state, request.account, request.asset, request.amount):
        yield OutcomeCode.MARGIN_SHORT


def accept_withdrawal(state: State, request: Withdraw) -> int:
    """Debit a withdrawal and append its leaf; the withdrawal."""
    asset = state.assets[request.asset]
    owner = state.owners[request.account]
    withdrawal = Withdrawal(
        len(state.withdrawals),
        request.account,
        request.asset,
        asset.chain_id,
        asset.token,
        owner,
        request.recipient,
        request.amount,
    )
    state.withdrawals.append(withdrawal)
    state.withdrawal_leaves.append(
        leaf(withdrawal.id, asset.chain_id, asset.token, owner, request.recipient, request.amount)
    )
    asset.withdrawn += request.amount
    state.debit(request.account, request.asset, request.amount)
    state.emit(
        WithdrawalQueued(
            state.sequence,
            withdrawal.id,
            request.account,
            request.asset,
            asset.chain_id,
            request.amount,
            asset.token,
            owner,
            request.recipient,
        )
    )
    return remember(state, request, withdrawal.id)
