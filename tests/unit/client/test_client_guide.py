"""The guides' examples run as they stand, against a served API."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import anyio
import pytest
from api_venue import Venue

from stab3l.client import Client

pytestmark = pytest.mark.anyio
GUIDES = Path(__file__).parents[3] / "docs" / "guides"


def examples(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", (GUIDES / page).read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(4))
async def test_the_python_guides_examples_run(
    number: int, venue: Venue, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await venue.place(venue.maker, side="sell", price="0.07")
    await venue.seal()
    plain = Client.__init__

    def with_the_venues_time(self: Client, *args: Any, **options: Any) -> None:
        plain(self, *args, **{"clock": venue.clock, **options})

    monkeypatch.setattr(Client, "__init__", with_the_venues_time)
    source = examples("trade-from-python.md")[number]
    names: dict[str, Any] = {"url": url, "signer": venue.trader}
    await anyio.to_thread.run_sync(exec, compile(source, "trade-from-python.md", "exec"), names)
    assert capsys.readouterr().out


def test_every_example_of_the_python_guide_is_run() -> None:
    assert len(examples("trade-from-python.md")) == 4
