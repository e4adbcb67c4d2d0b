"""Settings of the keepers from the environment, prefix ``STAB3L_KEEPER_`` (docs/reference/gateway.md, Keepers)."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class KeeperSettings(BaseSettings):
    """How often a keeper looks, and where it shows its metrics."""

    model_config = SettingsConfigDict(env_prefix="STAB3L_KEEPER_", extra="ignore")

    deposits_interval_s: int = Field(default=1, ge=1)
    settlement_interval_s: int = Field(default=3, ge=1)
    oracle_interval_s: int = Field(default=5, ge=1)
    oracle_heartbeat_s: int = Field(default=60, ge=1)
    """A reporter reports at least this often, and whenever the price moved by ``oracle_deviation_bps``."""
    oracle_deviation_bps: int = Field(default=10, ge=1)
    flow_interval_s: int = Field(default=10, ge=1)
    flow_task_types: str = "compute.wasm"
    """Task types that the flow keeper keeps, separated by commas."""
    peg_interval_s: int = Field(default=2, ge=1)
    sweep_interval_s: int = Field(default=1, ge=1)
    marks_heartbeat_s: int = Field(default=60, ge=1)
    """An index price is posted at least this often, and whenever it moved by ``marks_deviation_bps``."""
    marks_deviation_bps: int = Field(default=5, ge=1)
    reverification_interval_s: int = Field(default=2, ge=1)
    metrics_port: int = Field(default=0, ge=0, le=65_535)
    """Loopback port of the Prometheus metrics; 0: none."""
