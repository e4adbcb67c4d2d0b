"""What users run: the SDK (docs/guides/python.md), and the agents of the demo economy in ``stab3l.client.agents``.

``Client`` and ``AsyncClient`` trade and look over HTTP, their ``stream()`` over a WebSocket; ``Wallet`` and
``AsyncWallet`` act on the chains. All of them raise the errors of ``stab3l.client.problems``.
"""

from __future__ import annotations

from stab3l.chain.signer import Signer
from stab3l.client.asynchronous import AsyncClient, AsyncStream
from stab3l.client.blocking import Client, Stream
from stab3l.client.credentials import AgentSigner, ApiKey, BearerToken
from stab3l.client.problems import ApiProblem, ApiUnavailable
from stab3l.client.retries import RetryPolicy
from stab3l.client.wallet import AsyncWallet, Wallet

__all__ = [
    "AgentSigner",
    "ApiKey",
    "ApiProblem",
    "ApiUnavailable",
    "AsyncClient",
    "AsyncStream",
    "AsyncWallet",
    "BearerToken",
    "Client",
    "RetryPolicy",
    "Signer",
    "Stream",
    "Wallet",
]
