"""What the gateway tells of itself on its metrics port."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from exchange_setting import Setting
from gateway_process import GatewayProcess, free_port

from stab3l.engine.wire import Seal, Side, encode, encode_batch
from stab3l.errors import Unavailable
from stab3l.exchange import metrics
from stab3l.exchange.gateway_client import BatchRefused, GatewayClient
from stab3l.exchange.metrics import Health
from stab3l.http.metrics import MetricsServer

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "gateway.md").read_text()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    environment = {"STAB3L_EXCHANGE_METRICS_PORT": str(free_port())}
    with GatewayProcess(tmp_path_factory.mktemp("exchange") / "home", environment=environment) as process:
        yield process


def read(gateway: GatewayProcess, path: str) -> str:
    port = gateway.environment["STAB3L_EXCHANGE_METRICS_PORT"]
    with urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return str(answer.read().decode())


def value(text: str, name: str) -> Any:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, name
    return json.loads(found[1])


@pytest.mark.anyio
async def test_the_metrics_count_what_happened(
    gateway: GatewayProcess, trader: GatewayClient, setting: Setting
) -> None:
    before = read(gateway, "/metrics")
    await trader.submit(encode_batch([setting.order(0, Side.SELL, 1, 100) for _ in range(3)]))
    with pytest.raises(BatchRefused):
        await trader.submit(encode(Seal()))
    after = read(gateway, "/metrics")

    def grown(name: str) -> Any:
        return value(after, name) - value(before, name)

    assert grown("stab3l_exchange_records_total") == grown("stab3l_exchange_sequence") == 3
    assert grown("stab3l_exchange_batches_total") == grown("stab3l_exchange_commit_seconds_count") == 1
    assert value(after, 'stab3l_exchange_batches_refused_total{reason="kind_forbidden"}') == 1
    assert value(after, "stab3l_exchange_waiting_bytes") == 0
    assert value(after, "stab3l_exchange_leading") == 1
    files = (gateway.home / "exchange" / "journal").rglob("*.seg")
    assert value(after, "stab3l_exchange_journal_bytes") == sum(path.stat().st_size for path in files)


@pytest.mark.anyio
async def test_health_is_role_sequence_and_failure(gateway: GatewayProcess, trader: GatewayClient) -> None:
    told = json.loads(read(gateway, "/health"))
    sequence = (await trader.status()).sequence
    assert told == {"role": "serving", "durability": "fdatasync", "sequence": sequence, "failure": None}


def test_a_process_that_cannot_do_its_work_is_not_healthy() -> None:
    port = free_port()
    with MetricsServer(port, lambda: Health("stopped", failure="the disk is full")):
        with pytest.raises(HTTPError) as refused:
            urlopen(f"http://127.0.0.1:{port}/health", timeout=10)
        assert refused.value.code == 503
        assert json.loads(refused.value.read())["failure"] == "the disk is full"
        refused.value.close()
        with pytest.raises(HTTPError) as unknown:
            urlopen(f"http://127.0.0.1:{port}/secrets", timeout=10)
        assert unknown.value.code == 404
        unknown.value.close()


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Unavailable, match="metrics"):
            MetricsServer(taken.getsockname()[1], Health).__enter__()


def test_every_metric_is_documented() -> None:
    names = {
        one._name for one in vars(metrics).values() if type(one) in (metrics.Counter, metrics.Gauge, metrics.Histogram)
    }
    assert len(names) > 10
    assert [name for name in sorted(names) if f"`{name}`" not in PAGE] == []
