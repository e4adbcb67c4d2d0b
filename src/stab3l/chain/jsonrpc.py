"""JSON-RPC 2.0 over HTTP: requests, batches, and the difference between a node that refuses and one that is away."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from functools import cache
from itertools import count
from typing import Any

import httpx
import msgspec

from stab3l.chain.errors import ChainUnavailable, NodeRejected

BODY_BYTES_MAX = 64 * 2**20
"""An answer longer than this is not read: no honest range of ours comes near."""


class JsonRpc:
    """One node's door. Every request is made once; retrying is the caller's choice."""

    def __init__(self, url: str, *, timeout_s: int = 10) -> None:
        self.url = url
        self._ids = count(1)
        # Redirects are not followed, so a plain address never needs the certificates.
        verify = False if url.startswith("http://") else _certificates()
        self._client = httpx.AsyncClient(timeout=timeout_s, trust_env=False, verify=verify)

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def request(self, method: str, *params: Any) -> Any:
        """Result of one method.

        Raises:
            ChainUnavailable: no answer, or none that is JSON-RPC.
            NodeRejected: the node answered with an error.
        """
        answer = await self._post({"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params})
        return self._result(answer, method)

    async def batch(self, method: str, params: Sequence[Sequence[Any]]) -> list[Any]:
        """Results of one method for several parameter lists, in their order; raises as ``request`` does."""
        if not params:
            return []
        ids = [next(self._ids) for _ in params]
        body = [{"jsonrpc": "2.0", "id": i, "method": method, "params": p} for i, p in zip(ids, params, strict=True)]
        answers = await self._post(body)
        if not isinstance(answers, list):
            return [self._result(answers, method)]
        by_id = {a.get("id"): a for a in answers if isinstance(a, dict)}
        return [self._result(by_id.get(i), method) for i in ids]

    async def _post(self, body: Any) -> Any:
        try:
            response = await self._client.post(
                self.url, content=msgspec.json.encode(body), headers={"content-type": "application/json"}
            )
        except httpx.HTTPError as error:
            raise ChainUnavailable(f"{self.url} does not answer: {type(error).__name__}", url=self.url) from error
        if response.status_code != 200 or len(response.content) > BODY_BYTES_MAX:
            status = response.status_code
            raise ChainUnavailable(f"{self.url} answers {status}", url=self.url, status=status)
        try:
            return msgspec.json.decode(response.content)
        except msgspec.DecodeError as error:
            raise ChainUnavailable(f"{self.url} answers with something else than JSON", url=self.url) from error

    def _result(self, answer: Any, method: str) -> Any:
        if not isinstance(answer, dict) or not ("result" in answer or isinstance(answer.get("error"), dict)):
            raise ChainUnavailable(f"{self.url} answers {method} with no result and no error", url=self.url)
        if (error := answer.get("error")) is not None:
            words = str(error.get("message", ""))
            raise NodeRejected(
                f"{method}: {words}",
                node_code=int(error.get("code", 0)),
                node_message=words,
                data=error.get("data"),
                method=method,
            )
        return answer["result"]


@cache
def _certificates() -> ssl.SSLContext:
    """Shared by all chains: reading them costs more than all the rest of a client."""
    return httpx.create_ssl_context(trust_env=False)
