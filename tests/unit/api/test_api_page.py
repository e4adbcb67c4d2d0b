"""The live page: self-contained, under a strict policy, and its numbers exact."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from api_venue import Venue

pytestmark = pytest.mark.anyio
PAGE = Path(__file__).parents[3] / "src" / "stab3l" / "api" / "page"


async def test_the_page_and_its_files_are_served_under_a_strict_policy(venue: Venue) -> None:
    page = await venue.client.get("/")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for name in re.findall(r'(?:src|href)="(/page/[^"]+)"', page.text):
        assert (await venue.client.get(name)).status_code == 200


async def test_every_module_that_a_script_imports_is_served(venue: Venue) -> None:
    for script in PAGE.glob("*.js"):
        for name in re.findall(r'from "\./([^"]+)"', script.read_text()):
            assert (await venue.client.get(f"/page/{name}")).status_code == 200, (script.name, name)


def test_nothing_comes_from_elsewhere_and_nothing_is_inline() -> None:
    for file in PAGE.iterdir():
        text = file.read_text()
        assert not re.search(r"""(?:src|href|url|import)\W{1,3}(?:https?:)?//""", text), file.name
    page = (PAGE / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", page)


def test_every_element_that_the_scripts_look_for_is_on_the_page() -> None:
    page = (PAGE / "index.html").read_text()
    ids = set(re.findall(r'id="([^"]+)"', page))
    wanted = set()
    for script in PAGE.glob("*.js"):
        wanted |= set(re.findall(r'(?:byId|getElementById|fill)\("([\w-]+)"', script.read_text()))
    assert wanted
    assert wanted <= ids


CASES = """
import { decimal, grouped, percent, rate, scaled, short, tokens, unscaled, until } from "./format.js";
const cases = [
  [tokens("184250500000000000000000", 18), "184\\u202f250.50"],
  [tokens("1", 18), "0.000000000000000001"],
  [tokens("0", 18), "0"],
  [tokens("999999", 6), "0.99"],
  [tokens("123456789012345678901234567890", 18), "123\\u202f456\\u202f789\\u202f012.34"],
  [decimal("1234.5", "0.01"), "1\\u202f234.50"],
  [decimal("7", "1"), "7"],
  [unscaled(scaled("0.1", 4) + scaled("0.2", 4), 4), "0.3000"],
  [grouped("1000"), "1\\u202f000"],
  [rate("1843500000000"), "1.84 Top/s"],
  [rate("999"), "999 op/s"],
  [percent(12000), "120\\u202f%"],
  [percent(12027), "120.3\\u202f%"],
  [short("0x1234567890abcdef1234"), "0x1234…1234"],
  [until("7260", 60000), "2 h 0 min"],
  [until("5", 60000), "passed"],
];
const wrong = cases.filter(([found, expected]) => found !== expected);
if (wrong.length) throw new Error(JSON.stringify(wrong));
"""


def test_amounts_are_shown_exactly(tmp_path: Path) -> None:
    (tmp_path / "format.js").write_text((PAGE / "format.js").read_text())
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "cases.js").write_text(CASES)
    done = subprocess.run(["node", str(tmp_path / "cases.js")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
