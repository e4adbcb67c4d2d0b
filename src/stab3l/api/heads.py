"""The newest height of every chain, asked in the background so that no reader waits for a slow node."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from stab3l.chain.rpc import RpcChain
from stab3l.config import ChainConfig
from stab3l.errors import Stab3lError

PAUSE_S: Final = 1
PAUSE_DOWN_S: Final = 5

_log = structlog.get_logger(__name__)


async def follow_heads(chains: Sequence[ChainConfig], heads: dict[int, int]) -> None:
    """Keeps ``heads`` (chain id -> height) up to date until cancelled; a chain that is down keeps its last height."""
    async with asyncio.TaskGroup() as tasks:
        for config in chains:
            tasks.create_task(_follow(config, heads))


async def _follow(config: ChainConfig, heads: dict[int, int]) -> None:
    async with RpcChain(config) as chain:
        down = False
        while True:
            try:
                heads[config.chain_id] = (await chain.head()).number
                down = False
            except Stab3lError as error:
                if not down:
                    _log.warning("chain_head_unread", chain_id=config.chain_id, error=error.message)
                down = True
            await asyncio.sleep(PAUSE_DOWN_S if down else PAUSE_S)
