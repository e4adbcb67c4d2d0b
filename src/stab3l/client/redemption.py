"""Redeeming sSTB for compute as a buyer does it: upload the job, burn, wait for the delivery, check it, accept it."""

from __future__ import annotations

import anyio
import httpx

from stab3l.chain.contracts import contract, decode_log
from stab3l.chain.port import Receipt
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.clock import monotonic_s
from stab3l.config import Network
from stab3l.errors import Rejected, Unavailable
from stab3l.provider.jobs import Job, Result, document_hash
from stab3l.watch.backing import board, choose

TIMEOUT_S = 30
POLL_S = 0.5
DELIVERED, SETTLED = 2, 4


class ResultMismatch(Rejected):
    """The provider's document is not the one whose hash it delivered. ``values``: ``expected``, ``got``."""

    code = "result_mismatch"


class CapacityShort(Unavailable):
    """No provider has so much verified capacity that is not asked for already. ``values``: ``amount``, ``most``."""

    code = "capacity_short"


class DocumentDesk:
    """The provider's document store as a buyer uses it."""

    def __init__(self, provider_url: str) -> None:
        self._url = provider_url

    def job_url(self, job: Job) -> str:
        """Where a job lies once it is uploaded; what goes into the redemption."""
        return f"{self._url}/documents/{document_hash(job.document()).hex()}"

    async def upload(self, job: Job) -> None:
        """Stores the job with the provider. Raises ``Unavailable``, ``Rejected``."""
        answer = await self._request("PUT", self.job_url(job), job.document())
        if not answer.is_success:
            raise Rejected(f"the provider refused the job: HTTP {answer.status_code}", status=answer.status_code)

    async def result(self, name: bytes) -> Result:
        """A delivered result, checked against its hash. Raises ``Unavailable``, ``ResultMismatch``."""
        answer = await self._request("GET", f"{self._url}/results/{name.hex()}", None)
        if not answer.is_success:
            raise Unavailable(f"the result is not there: HTTP {answer.status_code}", status=answer.status_code)
        got = document_hash(answer.content)
        if got != name:
            raise ResultMismatch("the result's hash is not what was delivered", expected=name.hex(), got=got.hex())
        return Result.parse(answer.content)

    async def _request(self, method: str, url: str, content: bytes | None) -> httpx.Response:
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_S) as client:
                return await client.request(method, url, content=content)
        except httpx.TransportError as error:
            raise Unavailable(f"{url} does not answer: {error!r}") from None


class Buyer:
    """One buyer on the primary chain."""

    def __init__(self, network: Network, chain: RpcChain, signer: Signer) -> None:
        self.address = signer.address
        self._chain = chain
        self._sender = Sender(chain, signer)
        self._config = network.primary
        self._redemption = contract(network.primary, "Redemption")
        self._desk = DocumentDesk(network.provider_url)

    async def choose(self, amount: int, tier: int) -> str:
        """The provider with verified capacity to spare for ``amount`` [wad CU] that asks least at this tier.

        Raises:
            CapacityShort: nobody has as much.
        """
        offers = await board(self._chain, self._config)
        found = choose(offers, amount, tier)
        if found is None:
            most = max((each.spare for each in offers.providers if not each.liquidation), default=0)
            raise CapacityShort(f"nobody has {amount} wad CU to spare; the most is {most}", amount=amount, most=most)
        return found.provider

    async def redeem(self, provider: str, amount: int, tier: int, job: Job) -> tuple[int, Receipt]:
        """Uploads the job and burns ``amount`` [wad CU] for it; the order's id."""
        await self._desk.upload(job)
        name = document_hash(job.document())
        arguments = (provider, amount, tier, name, self._desk.job_url(job))
        receipt = await self._sender.transact(self._redemption, "redeem", *arguments)
        for log in receipt.logs:
            event = decode_log(self._redemption, log)
            if event is not None and event.event == "RedemptionRequested":
                return int(event.args["id"]), receipt
        raise Rejected("the redemption left no order", tx_hash=receipt.tx_hash.hex())

    async def accept(self, order: int, timeout_s: int) -> Result:
        """Waits for the delivery, checks the result against its hash and confirms; what was delivered.

        Raises:
            Unavailable: nothing was delivered within ``timeout_s``.
        """
        deadline = monotonic_s() + timeout_s
        while (found := await self._chain.call(self._redemption, "orderOf", order)).state not in (DELIVERED, SETTLED):
            if monotonic_s() > deadline:
                raise Unavailable(f"order {order} was not delivered within {timeout_s} s", order=order)
            await anyio.sleep(POLL_S)
        result = await self._desk.result(found.resultHash)
        if found.state == DELIVERED:
            await self._sender.transact(self._redemption, "confirm", order)
        return result
