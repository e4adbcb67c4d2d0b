"""What stops a keeper.

::

    Stab3lError
    ├── Rejected
    │   └── DepositRefused      the engine would not credit a deposit; those behind it wait
    ├── Unavailable
    │   └── PricesAway          there is no fresh price of an underlying; nothing is posted
    └── Corrupt
        ├── HistoriesDisagree   chain and engine differ about deposits that are already credited
        ├── NotConserved        what accounts own of an asset is not what came in less what went out
        └── SettlementDiverged  a chain holds a batch that this engine did not make
"""

from __future__ import annotations

from typing import ClassVar

from stab3l.errors import Corrupt, Rejected, Unavailable


class DepositRefused(Rejected):
    """The engine would not credit a deposit. ``values``: ``chain_id``, ``ordinal``, ``outcome``."""

    code: ClassVar[str] = "deposit_refused"


class PricesAway(Unavailable):
    """The oracle has no fresh price of an underlying. ``values``: ``pair``."""

    code: ClassVar[str] = "prices_away"


class HistoriesDisagree(Corrupt):
    """A reorganisation undid deposits below the confirmation depth after they were credited; a person must decide.

    ``values``: ``chain_id``, ``ordinal``, ``credited`` and ``found``, the deposit hash chain of each side.
    """

    code: ClassVar[str] = "deposit_histories_disagree"


class SettlementDiverged(Corrupt):
    """The chain's last batch is not a batch of this engine. ``values``: ``chain_id`` and both sides."""

    code: ClassVar[str] = "settlement_diverged"


class NotConserved(Corrupt):
    """Accounts own more or less of an asset than came in and did not go out; no block is sealed over it.

    ``values``: ``asset``, ``owned``, ``credited``, ``withdrawn``.
    """

    code: ClassVar[str] = "not_conserved"
