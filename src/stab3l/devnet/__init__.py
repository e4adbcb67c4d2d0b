"""The local network: three anvil chains, the contracts, every process and a small live economy (DESIGN section 11).

Everything here is for this machine only. It refuses nodes that are not anvil on loopback.
"""

from __future__ import annotations
