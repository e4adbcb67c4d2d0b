"""Why a member does not sign. The code says which check failed; nothing is signed."""

from __future__ import annotations

from typing import ClassVar

from stab3l.errors import NotFound, Rejected, Unavailable


class ClaimUnknown(NotFound):
    """The chain has no such claim."""

    code: ClassVar[str] = "claim_unknown"


class ClaimNotCommitted(Rejected):
    """The claim does not wait for a proof. ``values``: ``claim_id``, ``state``."""

    code: ClassVar[str] = "claim_not_committed"


class ClaimUnconfirmed(Unavailable):
    """The commitment or the sample block is not deep enough in the chain yet: ask again."""

    code: ClassVar[str] = "claim_unconfirmed"


class StatementUnreadable(Rejected):
    """The contract no longer gives the statement: the sample block's hash is out of reach."""

    code: ClassVar[str] = "statement_unreadable"


class StatementMismatch(Rejected):
    """The statement does not fit the chain's blocks. ``values``: ``field``."""

    code: ClassVar[str] = "statement_mismatch"


class CommittedLate(Rejected):
    """The root was not committed between the seed block and the deadline block."""

    code: ClassVar[str] = "committed_late"


class StatementConflict(Rejected):
    """This member has signed another statement for the same claim."""

    code: ClassVar[str] = "statement_conflict"


class ProductUnavailable(Unavailable):
    """The provider does not hand out the product that this member wants to see."""

    code: ClassVar[str] = "product_unavailable"


class ProductMalformed(Rejected):
    """The provider's answer has not the size of a product."""

    code: ClassVar[str] = "product_malformed"


class ProductRootMismatch(Rejected):
    """The published product is not the committed one."""

    code: ClassVar[str] = "product_root_mismatch"


class Busy(Unavailable):
    """Too many claims wait for this member."""

    code: ClassVar[str] = "busy"
