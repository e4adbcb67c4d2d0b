"""Segment files over HTTP: ranges, conditions and heads by RFC 9110."""

from __future__ import annotations

import re
from contextlib import ExitStack

import httpx
import pytest
from api_venue import Venue

from stab3l.api import public_streams
from stab3l.api.byte_ranges import Part, part_of
from stab3l.api.problems import Problem
from stab3l.api.readers import READERS_OF_ADDRESS_MAX, Readers

pytestmark = pytest.mark.anyio
PATH = "/v1/streams/inputs/segments/1"
CONTENT = bytes(range(256)) * 2_000


@pytest.fixture
def files(venue: Venue) -> Venue:
    venue.gateway.files = {("inputs", 1): CONTENT, ("inputs", 900): b"growing", ("outputs", 1): b"events"}
    return venue


@pytest.mark.parametrize(
    ("headers", "part"),
    [
        ({}, Part(200, 0, 100)),
        ({"range": "bytes=0-0"}, Part(206, 0, 1)),
        ({"range": "bytes=10-19"}, Part(206, 10, 20)),
        ({"range": "bytes=90-"}, Part(206, 90, 100)),
        ({"range": "bytes=90-1000"}, Part(206, 90, 100)),
        ({"range": "bytes=-7"}, Part(206, 93, 100)),
        ({"range": "bytes=-1000"}, Part(206, 0, 100)),
        ({"range": "bytes=100-"}, Part(416, 0, 0)),
        ({"range": "bytes=-0"}, Part(416, 0, 0)),
        ({"range": "bytes=5-4"}, Part(200, 0, 100)),
        ({"range": "bytes=-"}, Part(200, 0, 100)),
        ({"range": "bytes=0-1,5-6"}, Part(200, 0, 100)),
        ({"range": "lines=0-1"}, Part(200, 0, 100)),
        ({"range": "bytes=" + "9" * 40 + "-"}, Part(200, 0, 100)),
        ({"range": "bytes=0-4", "if-range": '"a"'}, Part(206, 0, 5)),
        ({"range": "bytes=0-4", "if-range": '"b"'}, Part(200, 0, 100)),
        ({"if-none-match": '"x", W/"a"'}, Part(304, 0, 0)),
        ({"if-none-match": "*"}, Part(304, 0, 0)),
        ({"if-none-match": '"b"', "range": "bytes=1-1"}, Part(206, 1, 2)),
    ],
)
def test_which_part_is_sent(headers: dict[str, str], part: Part) -> None:
    assert part_of(headers, '"a"', 100) == part


def test_no_part_of_an_empty_file_can_be_had() -> None:
    assert part_of({"range": "bytes=0-"}, '"a"', 0).status == 416
    assert part_of({}, '"a"', 0) == Part(200, 0, 0)


async def test_the_index_names_every_segment(files: Venue) -> None:
    index = (await files.client.get("/v1/streams")).json()
    assert [(one["first_sequence"], one["complete"]) for one in index["inputs"]["segments"]] == [
        ("1", True),
        ("900", False),
    ]
    assert index["inputs"]["bytes"] == str(len(CONTENT) + 7)


async def test_a_whole_segment_and_its_parts_are_the_files_bytes(files: Venue) -> None:
    whole = await files.client.get(PATH)
    assert (whole.status_code, whole.content) == (200, CONTENT)
    assert whole.headers["content-length"] == str(len(CONTENT))
    assert whole.headers["accept-ranges"] == "bytes"
    assert "immutable" in whole.headers["cache-control"]
    at = public_streams.PIECE_BYTES
    part = await files.client.get(PATH, headers={"Range": f"bytes={at - 5}-{at + 5}"})
    assert (part.status_code, part.content) == (206, CONTENT[at - 5 : at + 6])
    assert part.headers["content-range"] == f"bytes {at - 5}-{at + 5}/{len(CONTENT)}"
    assert part.headers["content-length"] == "11"


async def test_a_head_has_the_headers_and_no_bytes(files: Venue) -> None:
    head = await files.client.head(PATH)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(CONTENT))


async def test_a_known_version_is_not_sent_again_and_a_range_beyond_the_end_is_told_the_length(files: Venue) -> None:
    etag = (await files.client.head(PATH)).headers["etag"]
    again = await files.client.get(PATH, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    beyond = await files.client.get(PATH, headers={"Range": f"bytes={len(CONTENT)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(CONTENT)}")


async def test_the_last_segment_grows_under_another_version(files: Venue) -> None:
    path = "/v1/streams/inputs/segments/900"
    before = await files.client.head(path)
    assert before.headers["cache-control"] == "no-cache"
    files.gateway.files["inputs", 900] += b" on"
    after = await files.client.get(path, headers={"If-None-Match": before.headers["etag"], "Range": "bytes=7-"})
    assert (after.status_code, after.content) == (206, b" on")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/streams/secrets/segments/1", "stream_unknown"),
        ("/v1/streams/inputs/segments/2", "segment_unknown"),
        ("/v1/streams/inputs/segments/1x", "number_invalid"),
    ],
)
async def test_what_there_is_not_is_a_typed_problem(files: Venue, path: str, code: str) -> None:
    answer = await files.client.get(path)
    assert answer.json()["code"] == code


async def test_more_readers_than_places_are_asked_to_come_again(files: Venue) -> None:
    files.desk.readers.limit = 0
    answer = await files.client.get(PATH)
    assert (answer.status_code, answer.json()["code"]) == (503, "too_many_readers")
    assert re.fullmatch(r"\d+", answer.headers["retry-after"])


def test_one_address_cannot_take_every_place() -> None:
    readers = Readers(limit=5, limit_of_address=2)
    with ExitStack() as reading:
        for _ in range(2):
            reading.enter_context(readers.one_more("10.0.0.1"))
        with pytest.raises(Problem, match=r"2 read already from 10\.0\.0\.1"), readers.one_more("10.0.0.1"):
            pass
        for number in range(3):
            reading.enter_context(readers.one_more(f"10.0.1.{number}"))
        with pytest.raises(Problem, match="5 read already"), readers.one_more("10.0.2.1"):
            pass
    assert readers.count == 0
    with readers.one_more("10.0.0.1"):
        assert readers.count == 1


async def test_an_address_that_reads_enough_is_asked_to_come_again_and_others_read(files: Venue) -> None:
    with ExitStack() as reading:
        for _ in range(READERS_OF_ADDRESS_MAX):
            reading.enter_context(files.desk.readers.one_more("127.0.0.1"))
        assert (await files.client.get(PATH)).json()["code"] == "too_many_readers"
        elsewhere = httpx.ASGITransport(app=files.app, client=("10.0.0.9", 1))
        async with httpx.AsyncClient(transport=elsewhere, base_url="http://api") as other:
            assert (await other.get(PATH)).status_code == 200
    assert (await files.client.get(PATH)).status_code == 200


async def test_a_gateway_that_is_down_is_a_typed_problem(files: Venue) -> None:
    files.gateway.down = True
    assert (await files.client.get("/v1/streams")).status_code == 503
