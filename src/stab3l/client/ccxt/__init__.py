"""stab3l as an exchange of ccxt, so that an unmodified ccxt program trades on it (docs/guides/ccxt.md).

Importing this module is enough: ``ccxt.stab3l``, ``ccxt.async_support.stab3l`` and ``ccxt.pro.stab3l`` exist then.
``python -m stab3l.client.ccxt PROGRAM`` runs a program that does not know about it. It needs the extra ``ccxt``.
"""

from __future__ import annotations

import ccxt
import ccxt.async_support
import ccxt.pro

from stab3l.client.ccxt.exchanges import Watching, async_stab3l, stab3l

ID = "stab3l"


def register() -> None:
    """Puts the exchange among ccxt's own."""
    for module, kind in ((ccxt, stab3l), (ccxt.async_support, async_stab3l), (ccxt.pro, Watching)):
        setattr(module, ID, kind)
        if ID not in module.exchanges:
            module.exchanges.append(ID)


register()

__all__ = ["ID", "Watching", "async_stab3l", "register", "stab3l"]
