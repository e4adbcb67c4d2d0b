"""Settings of the API process from the environment, prefix ``STAB3L_API_`` (docs/reference/access.md)."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class ApiSettings(BaseSettings):
    """How this process serves."""

    model_config = SettingsConfigDict(env_prefix="STAB3L_API_", extra="ignore")

    origins: str = ""
    """Further origins whose pages may call, with commas between them, as ``https://app.example``."""
    database_url: str = ""
    """Sessions, keys and passkeys; empty: ``<home>/access.sqlite``."""
    trusted_proxies: str = ""
    """Networks whose ``X-Forwarded-For`` is believed, with commas between them."""
    rate_store: str = "async+memory://"
    """Where counts are kept (a storage URL of the ``limits`` package); replicas need a shared one."""
    rate_factor: int = Field(default=1, ge=0, le=1_000_000)
    """Every quota times this; 0: no limits (measurements)."""
    metrics_port: int = Field(default=0, ge=0, le=65_535)
    """Loopback port of ``/metrics`` and ``/health``; 0: none."""
    stream_port: int = Field(default=0, ge=0, le=65_535)
    """Port of ``/v1/ws`` alone, on a server that reaches many clients at once; 0: none."""
    console: str = ""
    """Folder of the built console; empty: the one in this package."""

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        for one in listed(value):
            ip_network(one)
        return value

    def database_of(self, home: Path) -> str:
        """The URL of the database of sessions, keys and passkeys."""
        return self.database_url or f"sqlite:///{home.resolve() / 'access.sqlite'}"


def listed(text: str) -> list[str]:
    """The parts of a setting with commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def origins_of(api_url: str, further: str) -> tuple[str, ...]:
    """Origins whose pages may call: the API's own, its loopback twin, and further ones."""
    parts = urlsplit(api_url)
    own = f"{parts.scheme}://{parts.netloc}"
    twins = [own.replace("127.0.0.1", "localhost"), own.replace("localhost", "127.0.0.1")]
    return tuple(dict.fromkeys([own, *twins, *listed(further)]))
