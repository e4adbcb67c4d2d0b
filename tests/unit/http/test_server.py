"""Where a process listens is read strictly."""

from __future__ import annotations

import pytest

from stab3l.http.server import AddressInvalid, listening_address


def test_host_and_port_come_from_the_url() -> None:
    assert listening_address("http://127.0.0.1:8123") == ("127.0.0.1", 8123)
    assert listening_address("http://[::1]:8123/") == ("::1", 8123)


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:80", "http://127.0.0.1", "https://x:1", "http://:80", "http://x:99999", "http://[::1:1"]
)
def test_a_url_without_an_address_is_refused(url: str) -> None:
    with pytest.raises(AddressInvalid):
        listening_address(url)
