"""The main job as a story: compute is proved and minted, sSTB is sold, traded, settled and redeemed (DESIGN section 1).

Each chapter is restart-proof: it looks before it acts, so that any process may be killed while it runs.
"""

from __future__ import annotations
