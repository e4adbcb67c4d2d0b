"""Committed ABIs and the interface that reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from stab3l.chain.abi import FOLDER, load_abi, names
from stab3l.chain.abi.build import built, write
from stab3l.chain.contracts import contract, contract_at, decode_log, interface, rejection
from stab3l.chain.errors import ArgumentsInvalid
from stab3l.chain.interface import Interface, Parameters
from stab3l.chain.port import Log
from stab3l.config import ChainConfig
from stab3l.errors import Corrupt, Invalid, NotFound

OUT = Path(__file__).parents[3] / "contracts" / "out"
ADDRESS = "0x5FbDB2315678afecb367f032d93F642f64180aa3"


def test_the_committed_abis_are_those_of_the_built_contracts() -> None:
    """When this fails: ``forge build``, then ``python -m stab3l.chain.abi``."""
    committed = {name: (FOLDER / f"{name}.json").read_text() for name in names()}
    assert committed == built(OUT)


def test_writing_leaves_exactly_the_built_abis(tmp_path: Path) -> None:
    (tmp_path / "Gone.json").write_text("[]")
    write(tmp_path, {"Custody": "[\n]\n"})
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"Custody.json": "[\n]\n"}


def test_a_missing_build_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="forge build"):
        built(tmp_path / "out")


def test_an_unknown_abi_is_named() -> None:
    with pytest.raises(NotFound, match="Nothing"):
        load_abi("Nothing")


def config(**contracts: str) -> ChainConfig:
    return ChainConfig(
        chain_id=138,
        name="x",
        rpc_url="http://127.0.0.1:1",
        confirmations=1,
        block_seconds=2,
        deploy_block=0,
        contracts=contracts,
    )


def test_a_contract_that_is_not_deployed_is_named() -> None:
    with pytest.raises(NotFound, match="Custody"):
        contract(config(), "Custody")


def test_a_name_without_an_abi_is_a_token() -> None:
    token = contract(config(USDC=ADDRESS), "USDC")
    assert token.encode("transfer", (ADDRESS, 5))[:4].hex() == "a9059cbb"


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(Invalid):
        contract_at(138, "Custody", "0x12")


BATCH = {
    "firstInput": 1,
    "lastInput": 2,
    "block_": 1,
    "depositCount": 0,
    "depositHash": bytes(32),
    "inputHash": b"\x01" * 32,
    "outputHash": b"\x02" * 32,
    "balancesRoot": b"\x03" * 32,
    "balancesCount": 0,
    "withdrawalsRoot": bytes(32),
    "withdrawalsCount": 0,
    "positionsRoot": bytes(32),
    "positionsCount": 0,
    "totals": [{"token": ADDRESS, "credited": 7, "withdrawn": 0}],
}


def test_structs_may_be_given_by_name_or_in_order() -> None:
    custody = interface("Custody").function("settle", 1)
    in_order = [*list(BATCH.values())[:-1], [(ADDRESS, 7, 0)]]
    assert custody.encode([BATCH]) == custody.encode([in_order])
    assert custody.inputs.decode(custody.encode([BATCH])[4:])[0].totals[0].token == ADDRESS


@pytest.mark.parametrize(
    "args",
    [
        [],
        [BATCH, 1],
        [BATCH | {"firstInput": -1}],
        [BATCH | {"firstInput": 2**64}],
        [BATCH | {"depositHash": bytes(33)}],
        [{k: v for k, v in BATCH.items() if k != "totals"}],
        [[1, 2]],
        [BATCH | {"totals": [("0x00", 1, 2)]}],
        [BATCH | {"firstInput": 1.5}],
        [None],
    ],
)
def test_arguments_that_do_not_fit_are_refused(args: list[object]) -> None:
    with pytest.raises(ArgumentsInvalid):
        interface("Custody").function("settle", len(args)).encode(args)


def test_an_unknown_function_is_named() -> None:
    with pytest.raises(NotFound, match="settled"):
        interface("Custody").function("settled", 1)


def log(topics: tuple[bytes, ...], data: bytes) -> Log:
    return Log(ADDRESS, topics, data, 1, bytes(32), bytes(32), 0)


def test_an_event_decodes_with_its_arguments_in_declaration_order() -> None:
    custody = contract_at(138, "Custody", ADDRESS)
    topic = next(t for t, e in custody.interface.events.items() if e.name == "Deposited")
    word = bytes(12) + bytes.fromhex(ADDRESS[2:])
    decoded = decode_log(
        custody, log((topic, (5).to_bytes(32, "big"), word, word), (9).to_bytes(32, "big") + b"\x07" * 32)
    )
    assert decoded is not None
    assert decoded.event == "Deposited"
    assert list(decoded.args.items()) == [
        ("ordinal", 5),
        ("owner", ADDRESS),
        ("token", ADDRESS),
        ("amount", 9),
        ("depositHash", b"\x07" * 32),
    ]


def test_an_event_of_another_contract_is_not_ours() -> None:
    custody = contract_at(138, "Custody", ADDRESS)
    assert decode_log(custody, log((b"\x09" * 32,), b"")) is None
    assert decode_log(custody, log((), b"")) is None


@pytest.mark.parametrize(("topics", "data"), [(1, bytes(64)), (4, bytes(31))])
def test_an_event_that_breaks_off_is_called_corrupt(topics: int, data: bytes) -> None:
    custody = contract_at(138, "Custody", ADDRESS)
    topic = next(t for t, e in custody.interface.events.items() if e.name == "Deposited")
    with pytest.raises(Corrupt):
        decode_log(custody, log((topic, *(bytes(32) for _ in range(topics - 1))), data))


def test_an_indexed_string_comes_as_its_hash() -> None:
    spoken = {"type": "event", "name": "Spoken", "inputs": [{"name": "words", "type": "string", "indexed": True}]}
    event = next(iter(Interface.of([spoken]).events.values()))
    assert event.decode(log((event.topic, b"\x05" * 32), b"")) == {"words": b"\x05" * 32}


def test_an_error_of_another_contract_of_ours_is_still_decoded() -> None:
    unauthorised = next(e for e in interface("AccessManager").errors.values() if e.name == "AccessManagerLockedRole")
    error = rejection(unauthorised.selector + (3).to_bytes(32, "big"), interface("ERC20Permit"), "a call")
    assert (error.error_name, error.arguments) == ("AccessManagerLockedRole", {"roleId": 3})


def test_a_reason_string_and_a_panic_are_decoded() -> None:
    reason = Parameters.of([{"name": "", "type": "string"}]).encode(["no"], "Error")
    assert rejection(bytes.fromhex("08c379a0") + reason, None, "a call").arguments == {"reason": "no"}
    panic = rejection(bytes.fromhex("4e487b71") + (17).to_bytes(32, "big"), None, "a call")
    assert (panic.error_name, panic.arguments) == ("Panic", {"reason_code": 17})


@pytest.mark.parametrize(
    "data", [b"", b"\x01\x02", b"\xde\xad\xbe\xef" + bytes(32), bytes.fromhex("08c379a0") + bytes(3)]
)
def test_revert_data_that_nobody_knows_is_kept_as_it_is(data: bytes) -> None:
    error = rejection(data, interface("Custody"), "a call")
    assert (error.error_name, error.arguments) == ("Unknown", {"data": data})
