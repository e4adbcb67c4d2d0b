"""`stab3l operator ...`: what only whoever runs an API may do, on the home's own databases and keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from stab3l.cli.asking import Home, Json, say, show_rows, told

if TYPE_CHECKING:
    from stab3l.api.access.keys import ApiKey, ApiKeys

KeyId = Annotated[str, Parameter(help="Id of the API key.")]
Tier = Annotated[Literal["standard", "professional"], Parameter(help="Whose quotas it has (docs/reference/access.md).")]
Account = Annotated[str | None, Parameter(help="Only the keys of this address.")]


def keys(*, account: Account = None, home: Home = None, as_json: Json = False) -> None:
    """Lists API keys with their accounts' scopes and tiers, the newest first.

    Example: `stab3l operator keys --home .stab3l/local --json | jq '.[] | select(.tier == "professional")'`
    """

    async def work(folder: Path) -> list[ApiKey]:
        from stab3l.api.signed import address_of

        async with _api_keys(folder) as found:
            return await found.of(None if account is None else address_of("account", account))

    told(home, as_json, work, lambda found: show_rows(found, "key_id name scopes tier last_used_at revoked"))


def tier(key: KeyId, to: Tier, /, *, home: Home = None, as_json: Json = False) -> None:
    """Gives an API key another tier: its quotas count from its next request, within seconds in every API process.

    Example: `stab3l operator tier 3f0c9a1b2d4e5f60718293a4 professional --home .stab3l/local`
    """

    async def work(folder: Path) -> dict[str, Any]:
        async with _api_keys(folder) as found:
            await found.give_tier(key, to)
        return {"key_id": key, "tier": to}

    told(home, as_json, work, lambda done: say(f"key {done['key_id']} has tier {done['tier']}"))


def rotate_tokens(*, home: Home = None, as_json: Json = False) -> None:
    """Makes a new key for access tokens, at once; tokens signed by the two before it stay good until they expire.

    It happens by itself every 30 days. When a key may be known to others, rotate three times: then only new ones count.

    Example: `stab3l operator rotate-tokens --home .stab3l/local`
    """

    async def work(folder: Path) -> dict[str, Any]:
        from stab3l.api.access.door import TOKEN_KEYS
        from stab3l.api.access.tokens import TokenKeys
        from stab3l.clock import SystemClock, seconds
        from stab3l.config import load_network

        load_network(folder)
        signing = TokenKeys(folder / "keys" / TOKEN_KEYS)
        signing.rotate(seconds(SystemClock().now()), anyway=True)
        names = [str(one["kid"]) for one in signing.all().as_dict(private=False)["keys"]]
        return {"signs": names[0], "still_checks": names[1:]}

    told(home, as_json, work, lambda done: say(f"{done['signs']} signs from now on"))


@asynccontextmanager
async def _api_keys(folder: Path) -> AsyncIterator[ApiKeys]:
    from stab3l.api.access.keys import ApiKeys
    from stab3l.api.access.records import Records
    from stab3l.api.settings import ApiSettings
    from stab3l.clock import SystemClock
    from stab3l.config import load_network

    load_network(folder)
    records = Records(ApiSettings().database_of(folder))
    try:
        yield ApiKeys(records, frozenset(), SystemClock())
    finally:
        await records.close()
