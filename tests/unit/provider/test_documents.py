"""Documents lie under their own hash; the provider's HTTP face gives and takes nothing else."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from stab3l.compute.shape import Shape
from stab3l.provider.app import application
from stab3l.provider.documents import (
    Documents,
    DocumentUnknown,
    HashMismatch,
    NameInvalid,
    StoreFull,
    parse_name,
    result_documents,
)
from stab3l.provider.jobs import JOB_BYTES_MAX, Job, document_hash
from stab3l.provider.outputs import claim_outputs

PROVIDER = "0x00000000000000000000000000000000000000AA"
DOCUMENT = Job(b"module", b"input").document()
NAME = document_hash(DOCUMENT)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient[Litestar]]:
    with TestClient(application(tmp_path, PROVIDER)) as client:
        yield client


def test_an_uploaded_job_is_given_back(client: TestClient[Litestar]) -> None:
    assert client.put(f"/documents/0x{NAME.hex()}", content=DOCUMENT).status_code == 201
    assert client.put(f"/documents/{NAME.hex()}", content=DOCUMENT).status_code == 200
    answer = client.get(f"/documents/{NAME.hex()}")
    assert (answer.status_code, answer.content) == (200, DOCUMENT)
    assert answer.headers["content-type"] == "application/octet-stream"


def test_a_result_is_given_by_its_hash(client: TestClient[Litestar], tmp_path: Path) -> None:
    result_documents(tmp_path).put(document_hash(b"result"), b"result")
    assert client.get(f"/results/{document_hash(b'result').hex()}").content == b"result"


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "code"),
    [
        ("PUT", f"/documents/{'00' * 32}", DOCUMENT, 422, "hash_mismatch"),
        ("PUT", f"/documents/{NAME.hex()}", b"no job", 400, "document_invalid"),
        ("PUT", "/documents/abc", DOCUMENT, 400, "name_invalid"),
        ("PUT", f"/documents/{NAME.hex()}", bytes(JOB_BYTES_MAX + 1), 413, "body_too_large"),
        ("GET", f"/documents/{'00' * 32}", b"", 404, "document_unknown"),
        ("GET", "/documents/..%2f..%2fkeys%2fprovider.json", b"", 404, "path_unknown"),
        ("GET", f"/results/{'zz' * 32}", b"", 400, "name_invalid"),
        ("GET", "/claims/1/products/0", b"", 404, "output_unknown"),
        ("GET", "/claims/1/products/-1", b"", 404, "output_unknown"),
        ("GET", "/claims/x/products/0", b"", 404, "path_unknown"),
        ("POST", f"/documents/{NAME.hex()}", b"", 405, "method_not_allowed"),
    ],
)
def test_a_bad_request_gets_a_problem_with_a_stable_code(
    client: TestClient[Litestar], method: str, path: str, content: bytes, status: int, code: str
) -> None:
    answer = client.request(method, path, content=content)
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert problem["type"] == f"urn:stab3l:problem:{code}"


def test_a_product_is_streamed_whole(client: TestClient[Litestar], tmp_path: Path) -> None:
    outputs = claim_outputs(tmp_path, 3)
    outputs.write_product(bytes(32), Shape(64, 8, 1), 0)
    answer = client.get("/claims/3/products/0")
    assert answer.content == outputs.product_path(0).read_bytes()
    assert answer.headers["content-length"] == str(64 * 64 * 4)


def test_health_names_the_provider(client: TestClient[Litestar]) -> None:
    assert client.get("/health").json() == {"provider": PROVIDER}


def stored(documents: Documents, *contents: bytes) -> list[bytes]:
    found = []
    for content in contents:
        with contextlib.suppress(DocumentUnknown):
            found.append(documents.get(document_hash(content)))
    return found


@pytest.mark.parametrize("limits", [{"bytes_max": 10}, {"count_max": 2}])
def test_in_a_full_store_the_oldest_makes_room(tmp_path: Path, limits: dict[str, int]) -> None:
    documents = Documents(tmp_path, **limits)
    old, middle, new = b"old..", b"mid..", b"new.."
    for age, content in ((2, old), (1, middle), (0, new)):
        documents.put(document_hash(content), content)
        os.utime(tmp_path / document_hash(content).hex(), ns=(0, 10**9 - age))
    assert stored(documents, old, middle, new) == [middle, new]


def test_what_an_order_waits_for_is_not_displaced(tmp_path: Path) -> None:
    documents = Documents(tmp_path, bytes_max=10)
    wanted, other = document_hash(b"wanted"), document_hash(b"more")
    assert documents.put(wanted, b"wanted")
    assert documents.put(other, b"more")
    assert documents.put(document_hash(b"new"), b"new", kept=[wanted])
    assert stored(documents, b"wanted", b"more", b"new") == [b"wanted", b"new"]
    with pytest.raises(StoreFull):
        documents.put(document_hash(b"large"), b"large", kept=[wanted])
    assert stored(documents, b"wanted", b"new") == [b"wanted", b"new"]


def test_an_upload_displaces_no_job_that_an_order_waits_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = functools.partial(Documents, bytes_max=len(DOCUMENT) + 20)
    monkeypatch.setattr("stab3l.provider.app.job_documents", room)
    with TestClient(application(tmp_path, PROVIDER, lambda: [NAME])) as client:
        assert client.put(f"/documents/{NAME.hex()}", content=DOCUMENT).status_code == 201
        flood = Job(b"other", b"input").document()
        answer = client.put(f"/documents/{document_hash(flood).hex()}", content=flood)
        assert (answer.status_code, answer.json()["code"]) == (503, "store_full")
        assert client.get(f"/documents/{NAME.hex()}").content == DOCUMENT


def test_a_document_under_another_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HashMismatch):
        Documents(tmp_path).put(bytes(32), b"content")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "0x", "g" * 64, "a" * 63, "a" * 65, " " + "a" * 63, "٣" * 64])
def test_only_hexadecimal_hashes_are_names(text: str) -> None:
    with pytest.raises(NameInvalid):
        parse_name(text)
