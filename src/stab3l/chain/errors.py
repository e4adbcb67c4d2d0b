"""What can go wrong between this process and a chain.

::

    Stab3lError
    ├── Invalid
    │   ├── ArgumentsInvalid   arguments do not fit a function's ABI
    │   └── ChainMismatch      the node serves another chain than the configuration names
    ├── Rejected
    │   ├── ContractRejected   a contract reverted; carries the decoded custom error
    │   ├── NodeRejected       the node refused a request; carries its code and words
    │   ├── FundsShort         the sender cannot pay for the transaction
    │   └── NotLocal           a local-only action was asked of a chain that is not local
    ├── NotFound
    │   └── BlockUnknown       the chain has no such block (yet, or any more)
    └── Unavailable
        ├── ChainUnavailable   the node does not answer
        ├── TransactionLost    sent, but not mined in time: look at the chain before acting again
        └── Reorganised        blocks that were just read are no longer on the chain
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from stab3l.errors import Invalid, NotFound, Rejected, Unavailable


class ArgumentsInvalid(Invalid):
    """Arguments do not fit the function's ABI. ``values``: ``function``."""

    code: ClassVar[str] = "arguments_invalid"


class ChainMismatch(Invalid):
    """The node answers for another chain. ``values``: ``expected``, ``found`` (chain ids)."""

    code: ClassVar[str] = "chain_mismatch"


class ContractRejected(Rejected):
    """A contract reverted.

    ``error_name`` is the custom error's name (``Error`` for a reason string, ``Panic`` for a checked failure,
    ``Unknown`` when the data fits no known error); ``arguments`` its decoded arguments by name.
    """

    code: ClassVar[str] = "contract_rejected"

    def __init__(self, message: str, *, error_name: str, arguments: Mapping[str, Any], **values: object) -> None:
        super().__init__(message, error_name=error_name, arguments=dict(arguments), **values)
        self.error_name = error_name
        self.arguments = dict(arguments)


class NodeRejected(Rejected):
    """The node answered with a JSON-RPC error: its own ``node_code``, ``node_message`` and ``data``."""

    code: ClassVar[str] = "node_rejected"

    def __init__(self, message: str, *, node_code: int, node_message: str, data: Any = None, **values: object) -> None:
        super().__init__(message, node_code=node_code, node_message=node_message, data=data, **values)
        self.node_code = node_code
        self.node_message = node_message
        self.data = data


class FundsShort(Rejected):
    """The sender's balance does not cover value and gas. ``values``: ``sender``."""

    code: ClassVar[str] = "gas_funds_short"


class NotLocal(Rejected):
    """The chain is not a local test chain. ``values``: ``url``, ``client``."""

    code: ClassVar[str] = "not_local"


class BlockUnknown(NotFound):
    """The chain has no such block. ``values``: ``chain_id``, ``number``."""

    code: ClassVar[str] = "block_unknown"


class ChainUnavailable(Unavailable):
    """The node does not answer, or answers with something that is not JSON-RPC. ``values``: ``chain_id``."""

    code: ClassVar[str] = "chain_unavailable"


class TransactionLost(Unavailable):
    """A transaction was sent and not seen mined; it may still be mined later. ``values``: ``tx_hash``, ``nonce``."""

    code: ClassVar[str] = "transaction_lost"


class Reorganised(Unavailable):
    """The chain changed while it was read: read again. ``values``: ``chain_id``, ``number``."""

    code: ClassVar[str] = "chain_reorganised"
