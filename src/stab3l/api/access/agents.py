"""Agent keys: a key that trades for an account and can never take anything out (docs/decisions/0060-agent-keys.md).

The owner signs an EIP-712 ``Delegation``. It travels with every command that the agent signs, so that who reads the
journal can check both signatures and needs nobody's word.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from stab3l.api.access.records import Records
from stab3l.api.access.wallets import SIGNATURE_BYTES_MAX, Wallets
from stab3l.api.problems import Problem
from stab3l.api.signed import DELEGATION_TYPE, DelegationRequest, address_of, delegation_message
from stab3l.chain.address import checksum
from stab3l.chain.typed_data import typed_hash
from stab3l.clock import Clock, seconds
from stab3l.store import access_tables as t

LIFE_S_MAX: Final = 180 * 86_400
AHEAD_S_MAX: Final = 86_400
AGENTS_MAX: Final = 50
VALIDITY: Final = struct.Struct("<QQ")
"""In the evidence, between the agent's signature and the owner's: valid from, valid until."""


class Agent(msgspec.Struct, frozen=True):
    """A key that may trade for an account. Times: unix seconds."""

    agent: str
    account: str
    name: str
    valid_from: str
    valid_until: str
    revoked: bool
    created_at: str


class Agents:
    """Agent keys of all accounts."""

    def __init__(
        self, records: Records, wallets: Wallets, domain: Mapping[str, Any], chain_id: int, clock: Clock
    ) -> None:
        self._records = records
        self._wallets = wallets
        self._domain = domain
        self._chain_id = chain_id
        self._clock = clock

    async def add(self, request: DelegationRequest) -> Agent:
        """Takes a delegation that the owner signed. Raises `Problem`."""
        message, signature = delegation_message(request), _signature(request.signature)
        values, now = message.values, seconds(self._clock.now())
        account, agent = values["account"], values["agent"]
        start, end = values["validFrom"], values["validUntil"]
        if agent == account:
            raise Problem("delegation_invalid", "an account is no agent of its own")
        if not start <= now + AHEAD_S_MAX or not now < end <= start + LIFE_S_MAX:
            told = f"it must begin within a day, end in the future and last at most {LIFE_S_MAX // 86_400} days"
            raise Problem("delegation_invalid", told, valid_from=start, valid_until=end, now=now)
        digest = typed_hash(self._domain, DELEGATION_TYPE, values)
        if not await self._wallets.signed(self._chain_id, account, digest, signature):
            raise Problem("signer_mismatch", f"the delegation is not signed by {checksum(account)}")
        row = {
            "account": str(checksum(account)), "agent": str(checksum(agent)), "name": request.name,
            "valid_from": start, "valid_until": end, "signature": signature, "created_at": now, "revoked": False,
        }  # fmt: skip
        await self._put(row)
        return _agent(row)

    async def of(self, account: bytes) -> list[Agent]:
        """An account's agents, newest first, revoked ones too."""
        c = t.agents.c
        query = sa.select(t.agents).where(c.account == str(checksum(account))).order_by(c.created_at.desc())
        return [_agent(row) for row in await self._records.rows(query)]

    async def revoke(self, account: bytes, agent: bytes) -> None:
        """Takes an agent's right away, for good. Raises `Problem` ``agent_unknown``."""
        where = {"account": str(checksum(account)), "agent": str(checksum(agent))}
        if await self._records.change(t.agents, where, {"revoked": True}) == 0:
            raise Problem("agent_unknown", "the account has no such agent")

    async def delegation(self, account: bytes, agent: bytes) -> bytes | None:
        """The evidence that an agent may sign for an account now; None when it may not."""
        row = await self._records.one(t.agents, account=str(checksum(account)), agent=str(checksum(agent)))
        if row is None or row["revoked"]:
            return None
        if not row["valid_from"] <= seconds(self._clock.now()) < row["valid_until"]:
            return None
        return VALIDITY.pack(row["valid_from"], row["valid_until"]) + bytes(row["signature"])

    async def _put(self, row: dict[str, Any]) -> None:
        """A new agent, or a longer life for a known one; a revoked one never comes back."""
        c = t.agents.c
        own = await self._records.rows(sa.select(t.agents).where(c.account == row["account"]))
        known = next((one for one in own if one["agent"] == row["agent"]), None)
        if known is not None and known["revoked"]:
            raise Problem("delegation_invalid", "this agent was revoked: use another key", agent=row["agent"])
        if known is not None:
            where = {"account": row["account"], "agent": row["agent"]}
            await self._records.change(t.agents, where, {name: row[name] for name in row if name not in where})
            return
        now = row["created_at"]
        if sum(not one["revoked"] and one["valid_until"] > now for one in own) >= AGENTS_MAX:
            raise Problem("too_many_keys", f"an account has at most {AGENTS_MAX} agents", count_max=AGENTS_MAX)
        await self._records.add(t.agents, row)


def _signature(text: str) -> bytes:
    try:
        signature = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        signature = b""
    if not 0 < len(signature) <= SIGNATURE_BYTES_MAX:
        raise Problem("signature_invalid", f"the signature is not 0x and 1 to {SIGNATURE_BYTES_MAX} bytes")
    return signature


def agent_address(text: str) -> bytes:
    """An agent's address in a path. Raises ``AddressInvalid``."""
    return address_of("agent", text)


def _agent(row: Mapping[str, Any]) -> Agent:
    return Agent(
        row["agent"],
        row["account"],
        row["name"],
        str(row["valid_from"]),
        str(row["valid_until"]),
        bool(row["revoked"]),
        str(row["created_at"]),
    )
