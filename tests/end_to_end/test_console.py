"""The console as a person uses it: a real browser, a real chain, a real exchange."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from console_setting import needs_chromium, opened
from deployed_chain import Deployments

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.chain,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.usefixtures("one_event_loop"),
]


@needs_chromium
async def test_a_newcomer_trades_withdraws_redeems_and_signs_in(deployments: Deployments, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    async with opened(deployments, home) as console:
        await asyncio.to_thread(console.run, "newcomer", "sign-in", "pages")
