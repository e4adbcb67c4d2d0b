"""What is told of a run: steps as they end, verdicts with what they were made from."""

from __future__ import annotations

import json

from stab3l.chain.port import Receipt
from stab3l.devnet.demo import Outcome
from stab3l.devnet.invariants import Verdict
from stab3l.devnet.steps import Step, Steps

RECEIPT = Receipt(b"\x0a" * 32, 7, bytes(32), True, 21_000, ())


def test_each_step_is_told_once_when_it_ends_and_kept_in_order() -> None:
    heard: list[Step] = []
    steps = Steps(heard.append)
    steps.add("first", RECEIPT, amount=5)
    steps.add("second")
    assert [step.name for step in heard] == ["first", "second"]
    assert heard == steps.done
    assert heard[0].tx == "0x" + "0a" * 32
    assert (heard[0].gas, heard[1].gas, heard[1].tx) == (21_000, None, None)


def test_a_step_takes_the_time_since_the_one_before() -> None:
    steps = Steps(lambda _: None)
    steps.add("first")
    steps.add("second")
    assert all(step.seconds >= 0 for step in steps.done)
    assert steps.done[1].seconds < 1


def test_a_step_without_a_transaction_names_none() -> None:
    assert Step("wait", 1.23456, values={"blocks": 3}).as_dict() == {"name": "wait", "seconds": 1.235, "blocks": 3}


def test_numbers_that_json_readers_would_round_are_strings() -> None:
    values = {"exact": 2**53 - 1, "large": 2**53, "negative": -(2**53), "flag": True, "hash": b"\x01\x02"}
    assert Step("numbers", 0, values=values).as_dict() == {
        "name": "numbers",
        "seconds": 0,
        "exact": 2**53 - 1,
        "large": str(2**53),
        "negative": str(-(2**53)),
        "flag": True,
        "hash": "0x0102",
    }


def test_a_verdict_gives_its_amounts_as_decimal_strings() -> None:
    verdict = Verdict("I2", False, {"supply": 10**30, "root": b"\xff", "rows": [{"held": "1"}]})
    assert verdict.as_dict() == {
        "id": "I2", "ok": False, "supply": str(10**30), "root": "0xff", "rows": [{"held": "1"}],
    }  # fmt: skip


def test_a_run_that_failed_says_why_and_is_json() -> None:
    outcome = Outcome(ok=False, seconds=1.5, start_seconds=0.25, error={"code": "unavailable", "message": "no anvil"})
    assert json.loads(json.dumps(outcome.as_dict())) == {
        "ok": False,
        "seconds": 1.5,
        "start_seconds": 0.25,
        "steps": [],
        "invariants": [],
        "error": {"code": "unavailable", "message": "no anvil"},
    }


def test_a_run_that_held_names_no_error() -> None:
    assert "error" not in Outcome(ok=True, seconds=0, start_seconds=0).as_dict()
