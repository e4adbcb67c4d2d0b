"""The contracts' encoding: the reference library's bytes for any type, and only such bytes read back."""

from __future__ import annotations

from typing import Any

import eth_abi
import pytest
from eth_abi.exceptions import DecodingError
from eth_utils.address import is_checksum_address, to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from stab3l.chain.address import checksum, is_address
from stab3l.chain.encoding import decode, encode
from stab3l.errors import Corrupt

ADDRESS = to_checksum_address(bytes(range(20)))

bits = st.integers(1, 32).map(lambda size: size * 8)
plain_kinds = st.one_of(
    st.sampled_from(["address", "bool", "bytes", "string"]),
    bits.map(lambda n: f"uint{n}"),
    bits.map(lambda n: f"int{n}"),
    st.integers(1, 32).map(lambda n: f"bytes{n}"),
)
kinds = st.recursive(
    plain_kinds,
    lambda inner: st.one_of(
        inner.map(lambda kind: f"{kind}[]"),
        st.tuples(inner, st.integers(1, 3)).map(lambda pair: f"{pair[0]}[{pair[1]}]"),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"({','.join(parts)})"),
    ),
    max_leaves=6,
)


def members(kind: str) -> list[str]:
    parts, depth = [""], 0
    for sign in kind[1:-1]:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    return parts


def values_of(kind: str) -> st.SearchStrategy[Any]:
    if kind.endswith("]"):
        inner, _, length = kind[:-1].rpartition("[")
        least, most = (int(length), int(length)) if length else (0, 3)
        return st.lists(values_of(inner), min_size=least, max_size=most).map(tuple)
    if kind.startswith("("):
        return st.tuples(*(values_of(part) for part in members(kind)))
    if kind.startswith("uint"):
        return st.integers(0, 2 ** int(kind[4:]) - 1)
    if kind.startswith("int"):
        return st.integers(-(2 ** (int(kind[3:]) - 1)), 2 ** (int(kind[3:]) - 1) - 1)
    if kind.startswith("bytes") and kind != "bytes":
        return st.binary(min_size=int(kind[5:]), max_size=int(kind[5:]))
    plain: dict[str, st.SearchStrategy[Any]] = {
        "address": st.binary(min_size=20, max_size=20).map(to_checksum_address),
        "bool": st.booleans(),
        "bytes": st.binary(max_size=70),
        "string": st.text(max_size=40),
    }
    return plain[kind]


@st.composite
def parameters(draw: st.DrawFn) -> tuple[list[str], list[Any]]:
    types = draw(st.lists(kinds, max_size=4))
    return types, [draw(values_of(kind)) for kind in types]


def with_checksums(kind: str, value: Any) -> Any:
    """The reference library writes addresses in lower case."""
    if kind.endswith("]"):
        return tuple(with_checksums(kind[: kind.rindex("[")], v) for v in value)
    if kind.startswith("("):
        return tuple(with_checksums(k, v) for k, v in zip(members(kind), value, strict=True))
    return to_checksum_address(value) if kind == "address" else value


@given(parameters())
def test_values_become_the_reference_librarys_bytes_and_come_back(given_: tuple[list[str], list[Any]]) -> None:
    types, values = given_
    data = encode(types, values)
    assert data == eth_abi.encode(types, values)
    assert decode(types, data) == tuple(values)


@given(parameters(), st.data())
def test_changed_bytes_are_read_as_the_reference_library_reads_them(
    given_: tuple[list[str], list[Any]], data: st.DataObject
) -> None:
    types, values = given_
    changed = bytearray(encode(types, values))
    for _ in range(data.draw(st.integers(0, 3))):
        if changed:
            changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(changed[: data.draw(st.integers(0, len(changed)))])
    try:
        theirs = eth_abi.decode(types, cut)
    except UnicodeDecodeError:
        decode(types, cut)
    except (DecodingError, OverflowError):
        with pytest.raises(Corrupt):
            decode(types, cut)
    else:
        assert decode(types, cut) == tuple(with_checksums(k, v) for k, v in zip(types, theirs, strict=True))


def test_text_that_is_no_utf8_cannot_stop_a_reader() -> None:
    assert decode(["string"], encode(["bytes"], [b"job \xff\xfe"])) == ("job \ufffd\ufffd",)


def test_a_length_that_no_data_can_hold_is_not_tried() -> None:
    words = [(32).to_bytes(32, "big"), (2**255).to_bytes(32, "big"), bytes(32)]
    for kind in ("uint8[]", "bytes", "string", "string[]", "(bytes,uint8)[]"):
        with pytest.raises(Corrupt):
            decode([kind], b"".join(words))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("uint8", 256),
        ("uint8", -1),
        ("uint8", True),
        ("uint8", 1.0),
        ("int8", 128),
        ("bool", 1),
        ("address", "0x00"),
        ("address", ADDRESS + "\n"),
        ("address", 5),
        ("bytes4", b"abc"),
        ("bytes4", "0x61626364"),
        ("bytes", "0x61626364"),
        ("string", b"text"),
        ("uint8[2]", [1]),
        ("(uint8,bool)", [1]),
        ("uint8[]", 7),
    ],
)
def test_a_value_of_another_type_is_not_encoded(kind: str, value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        encode([kind], [value])


@pytest.mark.parametrize("kind", ["", "uint", "uint7", "uint264", "bytes33", "bytes0", "uint8[0]", "float", "(", "[]"])
def test_a_type_that_there_is_not_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match=r"type|integer"):
        encode([kind], [0])


@given(st.binary(min_size=20, max_size=20))
def test_addresses_have_the_reference_librarys_checksum(address: bytes) -> None:
    written = to_checksum_address(address)
    assert {checksum(address), checksum(address.hex()), checksum(written.lower()), checksum(written)} == {written}


@given(st.binary(min_size=20, max_size=20), st.data())
def test_an_address_in_mixed_case_needs_the_right_checksum(address: bytes, data: st.DataObject) -> None:
    digits = "".join(data.draw(st.sampled_from([d, d.upper()])) for d in address.hex())
    in_one_case = digits in (digits.lower(), digits.upper())
    assert is_address("0x" + digits) == (in_one_case or is_checksum_address("0x" + digits))
    assert is_address(checksum(address))


@pytest.mark.parametrize("written", ["", "0x", "0x" + "0" * 39, "0x" + "0" * 41, "0x" + "g" * 40, "0" * 40 + "\n"])
def test_what_is_no_address_is_told_from_one(written: str) -> None:
    assert not is_address(written)
    with pytest.raises(ValueError, match="not an address"):
        checksum(written)
