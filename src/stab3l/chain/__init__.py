"""The door to the chains: reads, contract calls, signatures and transactions.

``port`` names what a chain is, ``rpc`` reaches a real one, ``contracts`` speaks ABI, ``signer`` holds keys and
``sender`` gets transactions mined. The fake chain for tests is ``stab3l.testing.chain``.
"""

from __future__ import annotations
