"""Column types that keep money exact on every database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Dialect, LargeBinary, String
from sqlalchemy.types import TypeDecorator

from stab3l.errors import Corrupt, Invalid

AMOUNT_DIGITS = 78
AMOUNT_MAX = 2**256 - 1


class Amount(TypeDecorator[int]):
    """An unsigned integer up to 256 bits as 78 decimal digits: exact everywhere, and text order is number order."""

    impl = String(AMOUNT_DIGITS)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= AMOUNT_MAX:
            raise Invalid(f"{value!r} is no amount: an integer from 0 to 2^256 - 1")
        return str(value).zfill(AMOUNT_DIGITS)

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if len(value) != AMOUNT_DIGITS or not value.isdecimal():
            raise Corrupt(f"{value!r} is stored where an amount should be")
        return int(value)


class SignedAmount(TypeDecorator[int]):
    """A signed integer as decimal text: exact everywhere; not for sorting."""

    impl = String(AMOUNT_DIGITS + 1)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > AMOUNT_MAX:
            raise Invalid(f"{value!r} is no signed amount: an integer from -(2^256 - 1) to 2^256 - 1")
        return str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if not value.removeprefix("-").isdecimal():
            raise Corrupt(f"{value!r} is stored where a signed amount should be")
        return int(value)


Address = String(42)
"""Checksummed address."""

Hash = LargeBinary(32)
Count = BigInteger()
"""Heights, sequence numbers, dense ids: never money."""

Word = String(40)
"""A name out of a closed list."""
