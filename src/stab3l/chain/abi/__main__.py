"""``python -m stab3l.chain.abi [contracts/out]``: writes the committed ABIs from the compiler's output."""

from __future__ import annotations

import sys
from pathlib import Path

from stab3l.chain.abi import FOLDER
from stab3l.chain.abi.build import built, write

if __name__ == "__main__":
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("contracts/out")
    write(FOLDER, built(out))
