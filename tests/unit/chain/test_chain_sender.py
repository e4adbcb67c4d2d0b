"""Transactions against a real node: reverts, nonces, restarts, forgotten and outpriced transactions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from chain_anvil import RICH_KEY, Anvil, deploy

from stab3l.chain.contracts import Contract, decode_log
from stab3l.chain.errors import ChainUnavailable, ContractRejected, FundsShort, TransactionLost
from stab3l.chain.port import Receipt
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender, SendPolicy
from stab3l.chain.signer import Signer

pytestmark = [pytest.mark.anyio, pytest.mark.chain]

QUICK = SendPolicy(receipt_timeout_s=20, doubt_s=0.3, poll_s_max=0.1)
TARGET = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


async def roles_labelled(chain: RpcChain, manager: Contract) -> list[int]:
    head = await chain.head()
    decoded = [decode_log(manager, entry) for entry in await chain.logs([manager.address], 0, head.number)]
    return sorted(d.args["roleId"] for d in decoded if d is not None and d.event == "RoleLabel")


async def test_a_receipt_tells_what_the_transaction_did(sender: Sender, manager: Contract, chain: RpcChain) -> None:
    receipt = await sender.transact(manager, "labelRole", 7, "seven")
    head = await chain.head()
    assert (receipt.block_number, receipt.block_hash, receipt.succeeded) == (head.number, head.hash, True)
    assert 21_000 < receipt.gas_used < 60_000
    decoded = decode_log(manager, receipt.logs[0])
    assert decoded is not None
    assert (decoded.event, decoded.args) == ("RoleLabel", {"roleId": 7, "label": "seven"})
    assert await chain.receipt(receipt.tx_hash) == receipt


async def test_a_transaction_that_would_revert_is_not_sent(sender: Sender, manager: Contract, chain: RpcChain) -> None:
    before = await chain.transaction_count(sender.signer.address, pending=True)
    with pytest.raises(ContractRejected, match=r"AccessManager\.labelRole reverted: AccessManagerLockedRole") as caught:
        await sender.transact(manager, "labelRole", 0, "admin")
    assert (caught.value.error_name, caught.value.arguments) == ("AccessManagerLockedRole", {"roleId": 0})
    assert await chain.transaction_count(sender.signer.address, pending=True) == before


async def test_a_transaction_that_reverts_when_mined_carries_the_decoded_error(
    anvil: Anvil, sender: Sender, manager: Contract
) -> None:
    custody = await deploy(sender, "Custody", [manager.address, 3600])
    anvil.ask("evm_setAutomine", False)
    outcomes: list[str] = []
    gas_spent: list[object] = []

    async def list_token() -> None:
        try:
            await sender.transact(custody, "listToken", manager.address, 10**18)
            outcomes.append("listed")
        except ContractRejected as error:
            outcomes.append(error.error_name)
            gas_spent.append(error.values["gas_used"])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(list_token)
        tasks.start_soon(list_token)
        await anyio.sleep(1)
        anvil.ask("evm_mine")
    assert sorted(outcomes) == ["TokenAlreadyListed", "listed"]
    assert all(gas_spent)


async def test_fifty_transactions_at_once_are_each_mined_once(
    sender: Sender, manager: Contract, chain: RpcChain
) -> None:
    async with anyio.create_task_group() as tasks:
        for role in range(1, 51):
            tasks.start_soon(sender.transact, manager, "labelRole", role, "label")
    assert await roles_labelled(chain, manager) == list(range(1, 51))


async def test_two_processes_with_one_key_get_everything_mined_once(
    anvil: Anvil, sender: Sender, manager: Contract, chain: RpcChain
) -> None:
    anvil.ask("evm_setIntervalMining", 1)
    other = Sender(chain, sender.signer, QUICK)
    async with anyio.create_task_group() as tasks:
        for role in range(1, 21):
            tasks.start_soon((sender, other)[role % 2].transact, manager, "labelRole", role, "label")
    assert await roles_labelled(chain, manager) == list(range(1, 21))


async def test_a_signer_without_funds_is_told_so(chain: RpcChain, manager: Contract) -> None:
    poor = Sender(chain, Signer(b"\x05" * 32), QUICK)
    with pytest.raises(FundsShort):
        await poor.send(TARGET, b"", value=1)


async def test_native_value_arrives(sender: Sender, chain: RpcChain) -> None:
    stranger = "0x" + "ab" * 20
    await sender.send(stranger, b"", value=17)
    assert await chain.balance(stranger) == 17


async def test_a_chain_that_is_away_raises_and_sends_nothing(anvil: Anvil, sender: Sender, manager: Contract) -> None:
    anvil.kill()
    with pytest.raises(ChainUnavailable):
        await sender.transact(manager, "labelRole", 7, "seven")


async def test_a_transaction_that_the_node_forgot_is_sent_again(
    anvil: Anvil, sender: Sender, manager: Contract, chain: RpcChain
) -> None:
    anvil.ask("evm_setAutomine", False)
    async with anyio.create_task_group() as tasks:
        for role in (7, 8, 9):
            tasks.start_soon(sender.transact, manager, "labelRole", role, "label")
        await anyio.sleep(0.5)
        anvil.ask("anvil_dropAllTransactions")
        await anyio.sleep(1.5)
        anvil.ask("evm_setIntervalMining", 1)
    assert await roles_labelled(chain, manager) == [7, 8, 9]


async def test_a_nonce_lost_to_another_transaction_is_reported_as_lost(
    anvil: Anvil, sender: Sender, manager: Contract, chain: RpcChain
) -> None:
    anvil.ask("evm_setAutomine", False)
    other = Sender(chain, sender.signer, QUICK)

    async def lose() -> None:
        with pytest.raises(TransactionLost, match="lost its nonce"):
            await sender.transact(manager, "labelRole", 7, "mine")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lose)
        await anyio.sleep(0.2)
        anvil.ask("anvil_dropAllTransactions")
        tasks.start_soon(other.transact, manager, "labelRole", 8, "theirs")
        await anyio.sleep(0.1)
        anvil.ask("evm_setIntervalMining", 1)
    assert await roles_labelled(chain, manager) == [8]


async def test_a_transaction_that_is_never_mined_is_reported_as_lost(
    anvil: Anvil, sender: Sender, chain: RpcChain
) -> None:
    anvil.ask("evm_setAutomine", False)
    hurried = Sender(chain, sender.signer, SendPolicy(receipt_timeout_s=1))
    with pytest.raises(TransactionLost) as caught:
        await hurried.send(TARGET, b"", value=1)
    assert caught.value.values["nonce"] == 0


async def test_a_transaction_priced_below_a_risen_base_fee_is_outbid_and_mined(
    anvil: Anvil, sender: Sender, chain: RpcChain
) -> None:
    anvil.ask("evm_setAutomine", False)
    receipts: list[Receipt] = []

    async def pay() -> None:
        receipts.append(await sender.send(TARGET, b"", value=1))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pay)
        await anyio.sleep(0.1)
        anvil.ask("anvil_setNextBlockBaseFeePerGas", hex(10**12))
        anvil.ask("evm_mine")
        await anyio.sleep(1)
        anvil.ask("evm_setIntervalMining", 1)
    assert receipts[0].succeeded
    assert await chain.transaction_count(sender.signer.address, pending=False) == 1


@pytest.fixture
async def keeping(tmp_path: Path) -> AsyncIterator[tuple[Anvil, RpcChain, Sender, Contract]]:
    """A chain that keeps its state over a restart."""
    with Anvil(state=tmp_path / "state.json") as anvil:
        async with RpcChain(anvil.config(), retry_s=2) as chain:
            sender = Sender(chain, Signer(RICH_KEY), QUICK)
            yield anvil, chain, sender, await deploy(sender, "AccessManager", [sender.signer.address])


async def test_a_chain_that_restarts_while_a_transaction_waits_mines_it_in_the_end(
    keeping: tuple[Anvil, RpcChain, Sender, Contract],
) -> None:
    anvil, chain, sender, manager = keeping
    anvil.ask("evm_setAutomine", False)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sender.transact, manager, "labelRole", 7, "seven")
        await anyio.sleep(0.3)
        await anyio.to_thread.run_sync(anvil.stop)
        await anyio.sleep(1)
        await anyio.to_thread.run_sync(anvil.start)
    assert await roles_labelled(chain, manager) == [7]
    await sender.transact(manager, "labelRole", 8, "eight")
    assert await roles_labelled(chain, manager) == [7, 8]


async def test_a_chain_restarted_from_an_older_state_gets_fitting_nonces(
    keeping: tuple[Anvil, RpcChain, Sender, Contract],
) -> None:
    anvil, chain, sender, manager = keeping
    await sender.transact(manager, "labelRole", 7, "seven")
    older = anvil.ask("anvil_dumpState")
    for role in (8, 9):
        await sender.transact(manager, "labelRole", role, "newer")
    anvil.kill()
    assert anvil.state is not None
    anvil.state.unlink(missing_ok=True)
    anvil.start()
    anvil.ask("anvil_loadState", older)
    await sender.transact(manager, "labelRole", 10, "after")
    assert await chain.transaction_count(sender.signer.address, pending=False) == 3
