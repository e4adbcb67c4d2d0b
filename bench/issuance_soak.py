"""``make issuance-soak``: issuance, proofs and redemption under honest actors and every known cheat, for a long time.

Keeps how often each cheat was tried as ``bench/results/issuance_soak.json``. Fails when an invariant does not hold.
"""

from __future__ import annotations

import sys

from bench.report import keep
from bench.soak import campaign

LIMIT_S = 7_200
METHOD = (
    "Foundry's invariant campaign by the profile soak: I1, I2, I3 and the sums behind them after every action, "
    "real matrices and a real Groth16 proof, the deployed contracts"
)


def main() -> None:
    """Runs and keeps."""
    sys.stdout.write(keep("issuance_soak", METHOD, campaign("Issuance.t.sol", "issuance.soak", LIMIT_S)))


if __name__ == "__main__":
    main()
