"""Ports that are taken, shared or no ports at all are named before anything starts."""

from __future__ import annotations

import os
import socket
from dataclasses import replace

import pytest

from stab3l.devnet.ports import fixed_ports, free_ports, require_free
from stab3l.errors import Invalid, Unavailable


def test_free_ports_are_free_and_all_different() -> None:
    ports = free_ports()
    assert len(set(ports.all().values())) == len(ports.all()) == 9
    require_free(ports)


def test_a_taken_port_is_named_with_its_service_and_its_holder() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Unavailable) as refusal:
            require_free(replace(free_ports(), gateway=port))
    assert f"port {port} (exchange) is taken by process {os.getpid()} (" in refusal.value.message
    assert refusal.value.values["port"] == port


def test_the_ports_of_a_network_follow_its_base() -> None:
    assert fixed_ports(8545, 8080).all() == {
        "primary": 8545, "chain-138": 8546, "chain-651940": 8547, "exchange": 8550, "api": 8080, "provider": 8551,
        "verifier-0": 8552, "verifier-1": 8553, "verifier-2": 8554,
    }  # fmt: skip


@pytest.mark.parametrize(("base", "api"), [(0, 8080), (-5, 8080), (65_530, 8080), (8545, 70_000), (8545, 0)])
def test_a_number_that_is_no_port_is_refused(base: int, api: int) -> None:
    with pytest.raises(Invalid, match="is no port"):
        fixed_ports(base, api)


def test_two_services_never_share_a_port() -> None:
    with pytest.raises(Invalid, match="port 8546 would be used by chain-138 and api"):
        fixed_ports(8545, 8546)
