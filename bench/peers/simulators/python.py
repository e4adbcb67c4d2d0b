"""A plain Python loop over the float curve: the least that a simulator in Python can cost."""

from __future__ import annotations

import json
import random
import sys
import time

from curve import DEPTH, swap


def main(swaps: int) -> None:
    """Runs and prints swaps and processor seconds."""
    luck = random.Random(1)
    base, quote = DEPTH, DEPTH
    begun = time.process_time()
    for _ in range(swaps):
        base, quote = swap(base, quote, luck.random() < 0.5, luck.random() * 1_000)
    print(json.dumps({"swaps": swaps, "seconds": time.process_time() - begun}))


main(int(sys.argv[1]))
