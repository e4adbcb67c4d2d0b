"""A signer's hands on the chains: deposits, proved withdrawals, redemptions, streams. ``Wallet`` is the blocking face.

What comes from the API is believed only as far as it can be checked: a proof is checked here and its root compared
with the one that ``Custody`` holds before anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, ExitStack
from typing import Any, ClassVar, Concatenate, ParamSpec, Self, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from stab3l.chain.contracts import TOKEN_ABI, Contract, contract, contract_at
from stab3l.chain.port import Receipt
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.client.deposit import deposit
from stab3l.client.flow import TASK_TYPE, FlowSource
from stab3l.client.proofs import CheckedProof, ProofInvalid
from stab3l.client.redemption import Buyer
from stab3l.client.trading import base_units, whole_tokens
from stab3l.config import Network
from stab3l.errors import Invalid, NotFound, Unavailable
from stab3l.provider.jobs import Job, Result
from stab3l.units import OPERATIONS_PER_CU, WAD

BATCHES_LOOKED_AT = 50
STANDARD = 0
DELIVERY_TIMEOUT_S = 600

P = ParamSpec("P")
T = TypeVar("T")


class RootNotPosted(Unavailable):
    """No recent batch on the chain has the proof's root: wait for the next one. ``values``: ``root``, ``chain_id``."""

    code: ClassVar[str] = "root_not_posted"


class TokensShort(Invalid):
    """The wallet has less of a token than it is to bring. ``values``: ``held``, ``needed``, in base units."""

    code: ClassVar[str] = "tokens_short"


class AsyncWallet:
    """One signer on the chains of a network; use it as an async context manager."""

    def __init__(self, network: Network, signer: Signer) -> None:
        self.network = network
        self.signer = signer
        self._open = AsyncExitStack()
        self._chains: dict[int, RpcChain] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def chain(self, chain_id: int | None = None) -> RpcChain:
        """A chain of the network, the primary one by default."""
        config = self.network.primary if chain_id is None else self.network.chain(chain_id)
        if config.chain_id not in self._chains:
            self._chains[config.chain_id] = await self._open.enter_async_context(RpcChain(config))
        return self._chains[config.chain_id]

    async def balance(self, token: str, chain_id: int | None = None) -> str:
        """What the signer holds of a token on a chain, in whole tokens."""
        chain, coin = await self._token(token, chain_id)
        held = int(await chain.call(coin, "balanceOf", self.signer.address))
        return whole_tokens(held, int(await chain.call(coin, "decimals")))

    async def deposit(self, token: str, amount: str, *, chain_id: int | None = None) -> Receipt:
        """Brings ``amount`` whole tokens to the exchange; they count once the confirmation depth lies on them.

        Raises:
            TokensShort: the wallet has less.
            ContractRejected, ChainUnavailable, TransactionLost: as ``Sender.transact``.
        """
        chain, coin = await self._token(token, chain_id)
        decimals = int(await chain.call(coin, "decimals"))
        units, held = base_units(amount, decimals), int(await chain.call(coin, "balanceOf", self.signer.address))
        if held < units:
            raise TokensShort(
                f"{self.signer.address} has {whole_tokens(held, decimals)} {token} on chain {chain.chain_id}, "
                f"{amount} are to be deposited",
                held=held,
                needed=units,
            )
        return await deposit(Sender(chain, self.signer), chain.config, coin.address, units)

    async def batch_of(self, proof: CheckedProof) -> int:
        """The batch on the proof's chain whose withdrawals root is the proof's. Raises `RootNotPosted`."""
        chain = await self.chain(proof.view.chain_id)
        custody = contract(chain.config, "Custody")
        last, *_ = await chain.call(custody, "lastBatch")
        for index in range(last, max(0, last - BATCHES_LOOKED_AT), -1):
            if bytes((await chain.call(custody, "batchOf", index)).withdrawalsRoot) == proof.root:
                return index
        root = "0x" + proof.root.hex()
        raise RootNotPosted(
            f"no batch on chain {chain.chain_id} has root {root} yet", root=root, chain_id=chain.chain_id
        )

    async def claim(self, proof: CheckedProof) -> Receipt:
        """Pays a withdrawal out by its own proof, without any keeper. ``proof``: of ``AsyncClient.withdrawal_proof``.

        Raises:
            RootNotPosted: its batch is not on the chain yet; ask for the proof again after the next one.
            ContractRejected: it is paid already, or the cap of this epoch is used up.
        """
        view = proof.view
        if view.recipient is None:
            raise ProofInvalid("this is a balance's proof, not a withdrawal's", expected="recipient", got=None)
        index = await self.batch_of(proof)
        chain = await self.chain(view.chain_id)
        withdrawal = (proof.index, view.chain_id, view.token, view.owner, view.recipient, proof.amount)
        custody = contract(chain.config, "Custody")
        return await Sender(chain, self.signer).transact(custody, "withdraw", index, withdrawal, list(proof.siblings))

    async def redeem(self, provider: str | None, fuel: int, job: Job, *, tier: int = STANDARD) -> int:
        """Burns sSTB for ``fuel`` operations of a provider's work on ``job``; the order's id.

        ``provider`` None: whoever has verified capacity to spare and asks least.

        Raises:
            CapacityShort: nobody has as much.
        """
        buyer = Buyer(self.network, await self.chain(), self.signer)
        amount = fuel * WAD // OPERATIONS_PER_CU
        order, _ = await buyer.redeem(provider or await buyer.choose(amount, tier), amount, tier, job)
        return order

    async def accept(self, order: int, timeout_s: int = DELIVERY_TIMEOUT_S) -> Result:
        """Waits for the delivery, checks the result against its hash and confirms; what was delivered."""
        return await Buyer(self.network, await self.chain(), self.signer).accept(order, timeout_s)

    async def redemption(self, order: int) -> Any:
        """A redemption as the contract has it."""
        chain = await self.chain()
        return await chain.call(contract(chain.config, "Redemption"), "orderOf", order)

    async def flow(self, task_type: str = TASK_TYPE) -> FlowSource:
        """Paying by a stream (docs/guides/pay-by-a-stream.md)."""
        return FlowSource(self.network, await self.chain(), self.signer, task_type)

    async def paid(self, proof: CheckedProof) -> bool:
        """Whether a withdrawal was paid out."""
        chain = await self.chain(proof.view.chain_id)
        return bool(await chain.call(contract(chain.config, "Custody"), "paid", proof.index))

    async def _token(self, symbol: str, chain_id: int | None) -> tuple[RpcChain, Contract]:
        """A token by the symbol that the exchange gives it (``USDC.138``), or by its contract's name on a chain."""
        from stab3l.api.catalogue import token_symbols  # with the server's own imports

        for (chain, token), name in token_symbols(self.network).items():
            if name == symbol and chain_id in (None, chain):
                return await self.chain(chain), contract_at(chain, TOKEN_ABI, "0x" + token.hex())
        raise NotFound(f"the network has no token {symbol}", symbol=symbol, chain_id=chain_id)


def blocking(
    method: Callable[Concatenate[AsyncWallet, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Any, P], T]:
    """A method of the awaiting wallet as one of the blocking wallet."""

    def waited(wallet: Wallet, /, *args: P.args, **options: P.kwargs) -> T:
        result: T = wallet.portal.call(lambda: method(wallet.awaiting, *args, **options))
        return result

    waited.__doc__ = method.__doc__
    return waited


class Wallet:
    """``AsyncWallet`` without ``await``: an event loop in a thread of its own. Use it as a context manager."""

    def __init__(self, network: Network, signer: Signer) -> None:
        self.awaiting = AsyncWallet(network, signer)
        self._open = ExitStack()
        self.portal: BlockingPortal

    def __enter__(self) -> Self:
        self.portal = self._open.enter_context(start_blocking_portal())
        self._open.enter_context(self.portal.wrap_async_context_manager(self.awaiting))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    balance = blocking(AsyncWallet.balance)
    deposit = blocking(AsyncWallet.deposit)
    claim = blocking(AsyncWallet.claim)
    redeem = blocking(AsyncWallet.redeem)
    accept = blocking(AsyncWallet.accept)
    redemption = blocking(AsyncWallet.redemption)
    paid = blocking(AsyncWallet.paid)
