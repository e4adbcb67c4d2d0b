"""Whether a wallet signed: a key by recovery, a contract by its own word (EIP-1271)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import structlog

from stab3l.chain.address import checksum
from stab3l.chain.contracts import Contract
from stab3l.chain.interface import Interface
from stab3l.chain.port import Chain
from stab3l.chain.signatures import recover
from stab3l.errors import Stab3lError, Unauthorised, Unavailable

MAGIC: Final = bytes.fromhex("1626ba7e")
SIGNATURE_BYTES_MAX: Final = 512
_CONTRACT_WALLET: Final = Interface.of(
    [
        {
            "type": "function",
            "name": "isValidSignature",
            "stateMutability": "view",
            "inputs": [{"name": "hash", "type": "bytes32"}, {"name": "signature", "type": "bytes"}],
            "outputs": [{"name": "magicValue", "type": "bytes4"}],
        }
    ]
)
_log = structlog.get_logger(__name__)


class Wallets:
    """Checks signatures; contract wallets are asked on their chain."""

    def __init__(self, chains: Mapping[int, Chain]) -> None:
        self._chains = chains

    async def signed(self, chain_id: int, account: bytes, digest: bytes, signature: bytes) -> bool:
        """Whether an account signed 32 bytes. Raises ``Unavailable`` when its chain must be asked and is away."""
        if key_signed(account, digest, signature):
            return True
        chain = self._chains.get(chain_id)
        if chain is None or not 0 < len(signature) <= SIGNATURE_BYTES_MAX:
            return False
        wallet = Contract(chain_id, "IERC1271", str(checksum(account)), _CONTRACT_WALLET)
        try:
            return bytes(await chain.call(wallet, "isValidSignature", digest, signature)) == MAGIC
        except Unavailable:
            raise
        except Stab3lError as error:
            # No contract there, or one that refuses or answers something else.
            _log.info("wallet_did_not_sign", account=str(checksum(account)), reason=error.message)
            return False


def key_signed(account: bytes, digest: bytes, signature: bytes) -> bool:
    """Whether the account's key signed; some wallets write the recovery bit as 0 or 1."""
    if len(signature) == 65 and signature[64] in (0, 1):
        signature = signature[:64] + bytes((signature[64] + 27,))
    try:
        return bytes.fromhex(recover(digest, signature)[2:]) == account
    except Unauthorised:
        return False
