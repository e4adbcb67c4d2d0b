"""The built console as the API serves it: what may be kept, what is compressed, what stands for every page."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from api_venue import opened

pytestmark = pytest.mark.anyio
INDEX, SCRIPT = "<!doctype html><title>console</title>", b"export const one = 1;"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(INDEX)
    (tmp_path / "sw.js").write_bytes(SCRIPT)
    (tmp_path / "assets" / "app-1a2b.js").write_bytes(SCRIPT)
    (tmp_path / "assets" / "app-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT))
    async with opened(console=tmp_path) as venue:
        yield venue.client


async def test_every_page_of_the_console_is_its_index_under_a_policy_of_own_scripts(client: httpx.AsyncClient) -> None:
    for path in ("/", "/market/sSTB-USDC", "/proofs"):
        page = await client.get(path)
        assert (page.status_code, page.text, page.headers["cache-control"]) == (200, INDEX, "no-cache")
        policy = page.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("path", ["/v1/nothing", "/assets/nothing.js", "/nothing.js", "/assets/app-1a2b.js.gz"])
async def test_what_is_not_there_is_no_page(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")


async def test_hashed_files_are_kept_for_ever_and_others_asked_for_again(client: httpx.AsyncClient) -> None:
    script = await client.get("/assets/app-1a2b.js", headers={"Accept-Encoding": "gzip"})
    assert (script.content, script.headers["content-encoding"]) == (SCRIPT, "gzip")
    assert "immutable" in script.headers["cache-control"]
    plain = await client.get("/sw.js", headers={"Accept-Encoding": "identity"})
    assert (plain.content, plain.headers["cache-control"]) == (SCRIPT, "no-cache")
    again = await client.get("/sw.js", headers={"If-None-Match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
