"""The provider's HTTP face: outputs for the committee, jobs and results for buyers (docs/reference/jobs.md)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path
from typing import ClassVar, Final

import anyio
import anyio.to_thread
from litestar import Litestar, Response, get, put
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.params import FromPath, RawBody
from litestar.response import Stream

from stab3l.compute.manifest import Manifest
from stab3l.errors import NotFound
from stab3l.http.problems import problems
from stab3l.provider.documents import job_documents, parse_name, result_documents
from stab3l.provider.execution import parse_job
from stab3l.provider.jobs import JOB_BYTES_MAX
from stab3l.provider.outputs import claim_outputs

OCTETS: Final = "application/octet-stream"
PIECE_BYTES: Final = 1 << 20


class OutputUnknown(NotFound):
    """The product is not here: not computed, or discarded."""

    code: ClassVar[str] = "output_unknown"


@get("/claims/{claim_id:int}/products/{product:int}")
async def product_of(claim_id: FromPath[int], product: FromPath[int], state: State) -> Stream:
    """C of one product: rows after each other, big-endian int32."""
    path = anyio.Path(claim_outputs(state.home, claim_id).product_path(product))
    if claim_id < 0 or product < 0 or not await path.is_file():
        raise OutputUnknown(f"product {product} of claim {claim_id} is not here", claim_id=claim_id, product=product)
    length = (await path.stat()).st_size
    return Stream(_pieces(path), media_type=OCTETS, headers={"Content-Length": str(length)})


@get("/claims/{claim_id:int}/manifest")
async def manifest_of(claim_id: FromPath[int], state: State) -> Manifest:
    """The roots of all products of a claim."""
    complete = await anyio.to_thread.run_sync(claim_outputs(state.home, claim_id).complete)
    if claim_id < 0 or complete is None:
        raise OutputUnknown(f"the products of claim {claim_id} are not here", claim_id=claim_id)
    return Manifest(complete.roots)


@put("/documents/{name:str}", request_max_body_size=JOB_BYTES_MAX)
async def put_job(name: FromPath[str], body: RawBody, state: State) -> Response[None]:
    """Stores a job document under its hash: 201 when it is new, 200 when it was there."""
    parse_job(body)
    new = await anyio.to_thread.run_sync(job_documents(state.home).put, parse_name(name), body, state.wanted())
    return Response(None, status_code=201 if new else 200)


@get("/documents/{name:str}")
async def get_job(name: FromPath[str], state: State) -> Response[bytes]:
    """A job document."""
    return Response(await anyio.to_thread.run_sync(job_documents(state.home).get, parse_name(name)), media_type=OCTETS)


@get("/results/{name:str}")
async def get_result(name: FromPath[str], state: State) -> Response[bytes]:
    """A result document."""
    document = await anyio.to_thread.run_sync(result_documents(state.home).get, parse_name(name))
    return Response(document, media_type=OCTETS)


@get("/health")
async def health(state: State) -> dict[str, str]:
    """Says who this is."""
    return {"provider": state.provider}


def application(home: Path, provider: str, wanted: Callable[[], Collection[bytes]] = tuple) -> Litestar:
    """The ASGI application of the provider ``provider`` (an address) whose files lie in ``home``.

    ``wanted``: the jobs that orders wait for; no upload displaces them.
    """
    return Litestar(
        route_handlers=[product_of, manifest_of, put_job, get_job, get_result, health],
        state=State({"home": home, "provider": provider, "wanted": wanted}),
        plugins=[problems()],
        # Documents are named by their hash and nobody is signed in here, so any page may leave and fetch them.
        cors_config=CORSConfig(allow_origins=["*"], allow_methods=["GET", "PUT"], allow_headers=["Content-Type"]),
        openapi_config=None,
        logging_config=None,
    )


async def _pieces(path: anyio.Path) -> AsyncIterator[bytes]:
    async with await anyio.open_file(path, "rb") as file:
        while piece := await file.read(PIECE_BYTES):
            yield piece
