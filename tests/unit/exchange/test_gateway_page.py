"""docs/reference/gateway.md says what the code does."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from stab3l.exchange import limits
from stab3l.exchange.connection import RESUME_AT
from stab3l.exchange.gateway import ExchangeSettings
from stab3l.exchange.tokens import OPERATE_FILE, TRADE_FILE
from stab3l.keepers.settings import KeeperSettings

PAGE = (Path(__file__).parents[3] / "docs/reference/gateway.md").read_text()
MIB = 1024 * 1024


@pytest.mark.parametrize("settings", [ExchangeSettings, KeeperSettings])
def test_each_setting_is_documented_with_its_default(settings: type[BaseSettings]) -> None:
    prefix = str(settings.model_config["env_prefix"])
    for name, field in settings.model_fields.items():
        default = f"{field.default:,}" if isinstance(field.default, int) else f"`{field.default}`"
        default = default if field.default != "" else "none"
        assert f"| `{prefix}{name.upper()}` | `{name}` | {default} |" in PAGE


def test_the_limits_are_those_of_the_code() -> None:
    words = (
        f"above {limits.BATCH_BYTES_MAX // MIB} MiB (above {limits.MESSAGE_BYTES_MAX // MIB} MiB gRPC",
        f"above {limits.BATCH_RECORDS_MAX:,} records",
        f"at most {limits.STREAM_BATCHES_MAX} batches under way",
        f"while {limits.WAITING_BYTES_MAX // MIB} MiB wait",
        f"nothing for {limits.READER_STALL_S} seconds",
        f"`{RESUME_AT}`",
        f"`<home>/keys/{TRADE_FILE}`",
        f"`<home>/keys/{OPERATE_FILE}`",
    )
    assert [word for word in words if word not in PAGE] == []
