"""Who signed every command of a journal: from the public record and the signing domain alone (docs/reference/api.md).

What is signed is written here from the page, not taken from the API that checked it first.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from stab3l.chain.address import checksum
from stab3l.chain.signed_batch import evidence_signer, proof_bytes
from stab3l.chain.typed_data import typed_hash
from stab3l.engine.wire import (
    Amend,
    Cancel,
    CancelAll,
    Place,
    Record,
    ScheduleCancel,
    SetProtection,
    Withdraw,
)
from stab3l.errors import Unauthorised
from stab3l.units import NANOSECONDS_PER_SECOND

_MESSAGES: Final = {
    Place: "Order(address account,uint32 market,uint64 clientId,uint64 expiresAt,uint64 ticks,uint64 lots,"
    "uint8 side,uint8 orderType,uint8 timeInForce,uint8 instructions,uint8 selfTrade,uint16 label,"
    "uint64 goodTill,uint64 triggerTicks)",
    Amend: "Amend(address account,uint64 order,uint64 clientId,uint64 expiresAt,uint64 ticks,uint64 lots)",
    Cancel: "Cancel(address account,uint64 order,uint64 expiresAt)",
    CancelAll: "CancelAll(address account,uint32 market,uint16 label,uint8 side,uint64 expiresAt)",
    ScheduleCancel: "ScheduleCancel(address account,uint64 clientId,uint64 expiresAt,uint64 at)",
    SetProtection: "Protection(address account,uint32 market,uint64 clientId,uint64 expiresAt,uint64 window,"
    "uint64 maxLots,uint64 frozen)",
    Withdraw: "Withdrawal(address account,uint32 asset,uint64 clientId,uint64 expiresAt,uint256 amount,"
    "address recipient)",
}
_DELEGATION: Final = "Delegation(address account,address agent,uint64 validFrom,uint64 validUntil)"
_NAMES: Final = {
    "clientId": "client_id", "expiresAt": "expires_at", "orderType": "order_type", "timeInForce": "time_in_force",
    "selfTrade": "self_trade", "goodTill": "good_till", "triggerTicks": "trigger_ticks", "maxLots": "max_lots",
}  # fmt: skip
_EXPIRY: Final = struct.Struct("<Q")
_VALIDITY: Final = struct.Struct("<QQ")


class Signatures:
    """Checks commands as they come. ``checked``: how many; ``delegated``: those of agents; ``by_contracts``: owners
    whose delegation only their contract can confirm (EIP-1271).
    """

    def __init__(self, domain: Mapping[str, Any]) -> None:
        self._domain = domain
        self.checked = 0
        self.delegated = 0
        self.by_contracts: set[str] = set()

    def fault(self, record: Record, owner: bytes, now: int) -> str | None:
        """Why the signature of a command of ``owner``'s account does not stand; None when it does, or needs none.

        ``now``: the time of its batch, nanoseconds since 1970.
        """
        command = record.command
        text = _MESSAGES.get(type(command))
        if text is None:
            return None
        try:
            size = proof_bytes(record.evidence)
            values = {"account": owner} | {
                name: getattr(command, _NAMES.get(name, name))
                for name in _fields(text)
                if hasattr(command, _NAMES.get(name, name)) and name != "account"
            }
            rest = record.evidence[size:]
            if isinstance(command, Cancel | CancelAll):
                (values["expiresAt"],), rest = _EXPIRY.unpack_from(rest), rest[_EXPIRY.size :]
            if isinstance(command, Withdraw) and size != 65:
                return "a withdrawal was signed in a batch"
            signer = evidence_signer(self._domain, self._digest(text, values), record.evidence)
        except (Unauthorised, struct.error) as error:
            return f"no signature: {error}"
        self.checked += 1
        return None if signer == owner else self._delegated(command, owner, signer, rest, now)

    def _delegated(self, command: object, owner: bytes, agent: bytes, rest: bytes, now: int) -> str | None:
        mismatch = f"signed by {checksum(agent)}, not by {checksum(owner)}"
        if isinstance(command, Withdraw) or len(rest) <= _VALIDITY.size:
            return mismatch
        start, end = _VALIDITY.unpack_from(rest)
        if not start <= now // NANOSECONDS_PER_SECOND < end:
            return f"{mismatch}, whose delegation is from {start} until {end}"
        values = {"account": owner, "agent": agent, "validFrom": start, "validUntil": end}
        self.delegated += 1
        try:
            if evidence_signer(self._domain, self._digest(_DELEGATION, values), rest[_VALIDITY.size :]) == owner:
                return None
        except Unauthorised:
            pass
        self.by_contracts.add(str(checksum(owner)))
        return None

    def _digest(self, text: str, values: Mapping[str, Any]) -> bytes:
        return typed_hash(self._domain, _types(text), values)


@cache
def _fields(text: str) -> dict[str, str]:
    """The types of a message's fields by their names."""
    inner = text[text.index("(") + 1 : -1]
    return {name: kind for kind, name in (field.split() for field in inner.split(","))}


@cache
def _types(text: str) -> dict[str, list[dict[str, str]]]:
    return {text[: text.index("(")]: [{"name": name, "type": kind} for name, kind in _fields(text).items()]}
