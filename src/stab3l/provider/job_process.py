"""Runs a job in a child process, so that a hostile module cannot take the agent down.

Only the child loads the WASM runtime: in a process that also serves HTTP it can abort at the process' end.
"""

from __future__ import annotations

import os
import sys
import tempfile
from typing import ClassVar, Final

import anyio

from stab3l.errors import Rejected
from stab3l.provider.jobs import EXIT_INTERRUPTED, REQUEST, Job, Result
from stab3l.units import Operations

GRACE_S: Final = 30
"""Start, compilation and end of the child, beyond the job's own wall limit."""


class JobAborted(Rejected):
    """There is no result: the wall limit passed, or the child died. ``values``: ``exit_code`` (None: killed by us)."""

    code: ClassVar[str] = "job_aborted"


async def run_job(job: Job, budget: Operations, wall_limit_s: int) -> Result:
    """The result of ``job``, from a process of its own.

    Raises:
        JobAborted: there is none, and another machine might have had one; nothing may be delivered.
    """
    command = [sys.executable, "-m", "stab3l.provider.sandbox"]
    # The child inherits no secret: its environment holds nothing but the way to this package.
    environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with tempfile.TemporaryFile() as request:
        request.write(REQUEST.pack(budget, wall_limit_s) + job.document())
        request.seek(0)
        try:
            with anyio.fail_after(wall_limit_s + GRACE_S):
                child = await anyio.run_process(
                    command, stdin=request, check=False, env=environment, start_new_session=True
                )
        except TimeoutError:
            raise JobAborted(f"the job was stopped after {wall_limit_s} s", exit_code=None) from None
    if child.returncode != 0:
        why = "its wall limit passed" if child.returncode == EXIT_INTERRUPTED else "its process died"
        raise JobAborted(f"the job has no result: {why}", exit_code=child.returncode)
    return Result.parse(child.stdout)
