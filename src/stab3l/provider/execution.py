"""Any job document to its result: what a provider delivers, and what a member of the committee compares it with."""

from __future__ import annotations

from typing import Final

import anyio.to_thread

from stab3l.provider.job_process import run_job
from stab3l.provider.jobs import Job, Result
from stab3l.provider.matrix_jobs import MATRIX_MAGIC, MatrixJob
from stab3l.units import Operations

AnyJob = Job | MatrixJob
_MAGIC_BYTES: Final = len(MATRIX_MAGIC)


def parse_job(document: bytes) -> AnyJob:
    """Reads a job document of either kind.

    Raises:
        DocumentInvalid: it is neither.
    """
    return MatrixJob.parse(document) if document[:_MAGIC_BYTES] == MATRIX_MAGIC else Job.parse(document)


async def run(job: AnyJob, budget: Operations, wall_limit_s: int) -> Result:
    """The result of a job.

    Raises:
        JobAborted: there is none on this machine; nothing may be delivered.
    """
    if isinstance(job, MatrixJob):
        return await anyio.to_thread.run_sync(job.run, budget)
    return await run_job(job, budget, wall_limit_s)


async def execute(document: bytes, budget: Operations, wall_limit_s: int) -> Result:
    """`run` of the job that a document holds.

    Raises:
        DocumentInvalid: it holds none.
        JobAborted: as `run`.
    """
    return await run(parse_job(document), budget, wall_limit_s)
