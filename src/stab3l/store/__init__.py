"""The read model: tables, migrations and the one way to open them.

SQLite (WAL) by default, PostgreSQL by URL. Everything in it can be derived again from the chains and the exchange's
outputs; it holds nothing that exists nowhere else.
"""

from __future__ import annotations
