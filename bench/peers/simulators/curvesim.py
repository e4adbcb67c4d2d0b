"""curvesim: raw exchanges on its own stableswap pool (another curve, integers too), without its pipelines."""

from __future__ import annotations

import json
import random
import sys
import time

sys.path.append(sys.path.pop(0))  # the package of this file's name, not this file

from curvesim.pool.stableswap.pool import CurvePool


def main(swaps: int) -> None:
    """Runs and prints swaps and processor seconds."""
    luck = random.Random(1)
    depth = 10**24
    pool = CurvePool(A=250, D=2 * depth, n=2, fee=3 * 10**6)
    begun = time.process_time()
    for _ in range(swaps):
        sells = luck.random() < 0.5
        pool.exchange(*((0, 1) if sells else (1, 0)), int(luck.random() * 1_000) * 10**18 + 1)
    print(json.dumps({"swaps": swaps, "seconds": time.process_time() - begun}))


main(int(sys.argv[1]))
