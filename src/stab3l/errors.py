"""The error tree. Each error has a stable ``code``, carries its values and says what to do.

::

    Stab3lError
    ├── Invalid        the caller's mistake; retrying the same thing never helps
    │   └── Unauthorised   the signature or credential does not fit
    ├── Rejected       a rule of the system said no; carries the rule's values
    ├── NotFound       nothing is there under that name
    ├── Unavailable    try again; carries ``retry_after_s``
    └── Corrupt        stored data is damaged; a person must look
"""

from __future__ import annotations

from typing import ClassVar


class Stab3lError(Exception):
    """Root of all errors of this package. ``code`` is stable; ``values`` are what the message is made from."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(message)
        self.message = message
        self.values = values

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.values))


def _rebuild(kind: type[Stab3lError], message: str, values: dict[str, object]) -> Stab3lError:
    return kind(message, **values)


class Invalid(Stab3lError):
    """The caller's mistake: malformed, out of range, oversized."""

    code: ClassVar[str] = "invalid"


class Unauthorised(Invalid):
    """Unsigned, wrongly signed, or signed by someone else."""

    code: ClassVar[str] = "unauthorised"


class Rejected(Stab3lError):
    """A rule said no (an engine outcome, a contract's custom error)."""

    code: ClassVar[str] = "rejected"


class NotFound(Stab3lError):
    """Nothing is stored under that name."""

    code: ClassVar[str] = "not_found"


class Unavailable(Stab3lError):
    """Something needed is not answering now; ``retry_after_s`` says when to try again."""

    code: ClassVar[str] = "unavailable"

    def __init__(self, message: str, *, retry_after_s: int = 1, **values: object) -> None:
        super().__init__(message, retry_after_s=retry_after_s, **values)
        self.retry_after_s = retry_after_s


class Corrupt(Stab3lError):
    """Stored data does not fit its own checks."""

    code: ClassVar[str] = "corrupt"
