"""radCAD: one policy (a noise trader), one state update (a swap), one time step per swap."""

from __future__ import annotations

import json
import random
import sys
import time

sys.path.append(sys.path.pop(0))  # the package of this file's name, not this file

from curve import DEPTH, swap
from radcad import Backend, Engine, Model, Simulation

LUCK = random.Random(1)


def trade(params, substep, history, previous):
    """What the trader sells."""
    return {"sells_base": LUCK.random() < 0.5, "amount": LUCK.random() * 1_000}


def reserves(params, substep, history, previous, policy):
    """The pool after it."""
    return "pool", swap(*previous["pool"], policy["sells_base"], policy["amount"])


def main(swaps: int) -> None:
    """Runs and prints swaps and processor seconds."""
    blocks = [{"policies": {"trade": trade}, "variables": {"pool": reserves}}]
    model = Model(initial_state={"pool": (DEPTH, DEPTH)}, state_update_blocks=blocks, params={})
    simulation = Simulation(model=model, timesteps=swaps, runs=1)
    simulation.engine = Engine(backend=Backend.SINGLE_PROCESS, deepcopy=False)
    begun = time.process_time()
    simulation.run()
    print(json.dumps({"swaps": swaps, "seconds": time.process_time() - begun}))


main(int(sys.argv[1]))
