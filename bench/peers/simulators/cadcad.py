"""cadCAD: one policy (a noise trader), one state update (a swap), one time step per swap."""

from __future__ import annotations

import contextlib
import io
import json
import random
import sys
import time

from cadCAD.configuration import Experiment
from cadCAD.configuration.utils import config_sim
from cadCAD.engine import ExecutionContext, ExecutionMode, Executor
from curve import DEPTH, swap

LUCK = random.Random(1)


def trade(params, substep, history, previous):
    """What the trader sells."""
    return {"sells_base": LUCK.random() < 0.5, "amount": LUCK.random() * 1_000}


def reserves(params, substep, history, previous, policy):
    """The pool after it."""
    return "pool", swap(*previous["pool"], policy["sells_base"], policy["amount"])


def main(swaps: int) -> None:
    """Runs and prints swaps and processor seconds. cadCAD's own banner is swallowed."""
    experiment = Experiment()
    with contextlib.redirect_stdout(io.StringIO()):
        experiment.append_model(
            model_id="pool",
            sim_configs=config_sim({"T": range(swaps), "N": 1, "M": {"unused": [0]}}),
            initial_state={"pool": (DEPTH, DEPTH)},
            partial_state_update_blocks=[{"policies": {"trade": trade}, "variables": {"pool": reserves}}],
        )
        context = ExecutionContext(ExecutionMode().single_mode, additional_objs={"deepcopy_off": True})
        executor = Executor(context, configs=experiment.configs)
        begun = time.process_time()
        executor.execute()
        seconds = time.process_time() - begun
    print(json.dumps({"swaps": swaps, "seconds": seconds}))


main(int(sys.argv[1]))
