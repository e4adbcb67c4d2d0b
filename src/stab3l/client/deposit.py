"""Bringing tokens in: approval and ``Custody.deposit`` on the token's chain."""

from __future__ import annotations

from stab3l.chain.contracts import TOKEN_ABI, contract, contract_at
from stab3l.chain.port import Receipt
from stab3l.chain.sender import Sender
from stab3l.config import ChainConfig
from stab3l.units import BaseUnits


async def deposit(
    sender: Sender, chain: ChainConfig, token: str, amount: BaseUnits, *, owner: str | None = None
) -> Receipt:
    """Deposits ``amount`` of the token at address ``token``, for the sender or for ``owner``.

    The exchange credits it once the chain's confirmation depth lies on it. Not to be repeated blindly after
    ``TransactionLost``: look at the account's deposits first.

    Raises:
        ContractRejected, ChainUnavailable, TransactionLost: as ``Sender.transact``.
        NotFound: the chain has no Custody.
    """
    custody, coin = contract(chain, "Custody"), contract_at(chain.chain_id, TOKEN_ABI, token)
    holder = sender.signer.address
    allowance = await sender.chain.call(coin, "allowance", holder, custody.address)
    if allowance < amount:
        await sender.transact(coin, "approve", custody.address, amount)
    return await sender.transact(custody, "deposit", coin.address, amount, owner or holder)
