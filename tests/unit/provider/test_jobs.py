"""Jobs: documents, metering, determinism, and modules that misbehave."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wasmtime import wat2wasm

from stab3l.errors import Invalid
from stab3l.provider.job_process import JobAborted, run_job
from stab3l.provider.jobs import (
    FUEL_MAX,
    INPUT_BYTES_MAX,
    MATRIX_OUTPUT_BYTES_MAX,
    MODULE_BYTES_MAX,
    OUTPUT_BYTES_MAX,
    DocumentInvalid,
    Job,
    Result,
    Status,
    budget_down,
    primes_job,
)
from stab3l.provider.sandbox import Interrupted, run
from stab3l.units import WAD, Operations, Wad

PLENTY = Operations(10**9)
ALLOCATE = '(func (export "allocate") (param i32) (result i32) (i32.const 8))'
MEMORY = '(memory (export "memory") 1)'


def job(body: str, memory: str = MEMORY, allocate: str = ALLOCATE, given: bytes = b"", extra: str = "") -> Job:
    """A module whose ``run`` has this body."""
    run_ = f'(func (export "run") (param i32 i32) (result i64) {body})'
    return Job(bytes(wat2wasm(f"(module {memory} {allocate} {run_} {extra})")), given)


def test_primes_are_counted_and_metered() -> None:
    result = run(primes_job(1000), PLENTY, 10)
    assert (result.status, result.output) == (Status.COMPLETED, (168).to_bytes(4, "little"))
    assert 0 < result.fuel < PLENTY


def test_the_same_job_gives_the_same_document() -> None:
    assert run(primes_job(5000), PLENTY, 10).document() == run(primes_job(5000), PLENTY, 10).document()


def test_a_job_completes_with_what_it_needs_and_stops_with_much_less() -> None:
    needed = run(primes_job(1000), PLENTY, 10).fuel
    assert run(primes_job(1000), needed, 10).status == Status.COMPLETED
    short = Operations(needed - 1_000)
    assert run(primes_job(1000), short, 10) == Result(Status.OUT_OF_FUEL, short)


def test_the_input_comes_back_when_it_is_echoed() -> None:
    echo = "(i64.or (i64.shl (i64.extend_i32_u (local.get 0)) (i64.const 32)) (i64.extend_i32_u (local.get 1)))"
    result = run(job(echo, given=b"some input"), PLENTY, 10)
    assert (result.status, result.output) == (Status.COMPLETED, b"some input")


@pytest.mark.parametrize(
    "body",
    [
        "unreachable",
        "(i64.div_u (i64.const 1) (i64.const 0))",
        "(i64.load (i32.const 65530))",
        "(call 1 (local.get 0) (local.get 1))",
    ],
    ids=["unreachable", "division by zero", "outside the memory", "endless recursion"],
)
def test_a_trap_is_a_result_and_is_billed(body: str) -> None:
    result = run(job(body), PLENTY, 10)
    assert (result.status, result.output) == (Status.TRAPPED, b"")
    assert 0 < result.fuel < PLENTY
    assert run(job(body), PLENTY, 10) == result


@pytest.mark.parametrize(
    "module",
    [
        b"",
        b"no module",
        bytes(wat2wasm("(module)")),
        bytes(wat2wasm(f'(module (import "host" "clock" (func)) {MEMORY} {ALLOCATE})')),
        job("(i64.const 0)", memory='(memory (export "memory") 4097)').module,
        job("(i64.const 0)", allocate='(func (export "allocate") (result i32) (i32.const 8))').module,
        job("(i64.const 0)", memory="(memory 1)").module,
    ],
    ids=["empty", "not a module", "no exports", "an import", "too much memory", "another type", "memory hidden"],
)
def test_a_module_of_another_form_is_named_invalid(module: bytes) -> None:
    assert run(Job(module, b""), PLENTY, 10) == Result(Status.MODULE_INVALID, Operations(0))


def test_memory_grows_up_to_the_limit_and_not_beyond() -> None:
    def grown(pages: int) -> bytes:
        body = (
            f"(i32.store (i32.const 0) (memory.grow (i32.const {pages})))"
            "(i64.const 4)"  # output at address 0, 4 bytes long
        )
        return run(job(body), PLENTY, 10).output

    assert grown(4095) == (1).to_bytes(4, "little")
    assert grown(4096) == b"\xff\xff\xff\xff"


@pytest.mark.parametrize(("start", "length"), [(65_536, 1), (0, OUTPUT_BYTES_MAX + 1), (2**32 - 1, 2**32 - 1)])
def test_an_output_outside_the_memory_is_named_invalid(start: int, length: int) -> None:
    packed = (start << 32 | length) - (1 << 64 if start >> 31 else 0)
    assert run(job(f"(i64.const {packed})"), PLENTY, 10).status == Status.OUTPUT_INVALID


def test_an_input_that_would_be_written_outside_the_memory_is_named_invalid() -> None:
    allocate = '(func (export "allocate") (param i32) (result i32) (i32.const -4))'
    assert run(job("(i64.const 0)", allocate=allocate, given=b"12345"), PLENTY, 10).status == Status.OUTPUT_INVALID


def test_nan_bits_are_canonical() -> None:
    """An operation on a NaN with a payload must give the canonical NaN, not the processor's choice."""
    body = (
        "(f64.store (i32.const 0) (f64.add (f64.reinterpret_i64 (i64.const 0x7ff0000000000001)) (f64.const 1)))"
        "(i64.const 8)"
    )
    assert run(job(body), PLENTY, 10).output == (0x7FF8000000000000).to_bytes(8, "little")


def test_the_wall_limit_gives_no_result_at_all() -> None:
    endless = job("(loop (br 0)) (i64.const 0)")
    with pytest.raises(Interrupted):
        run(endless, Operations(FUEL_MAX), 1)


@pytest.mark.anyio
async def test_a_job_in_its_own_process_gives_the_same_result() -> None:
    assert await run_job(primes_job(1000), PLENTY, 10) == run(primes_job(1000), PLENTY, 10)


@pytest.mark.anyio
async def test_a_job_that_exceeds_its_wall_limit_aborts_and_leaves_the_agent_alone() -> None:
    with pytest.raises(JobAborted) as aborted:
        await run_job(job("(loop (br 0)) (i64.const 0)"), Operations(FUEL_MAX), 1)
    assert aborted.value.values["exit_code"] == 3


@pytest.mark.anyio
async def test_a_child_that_dies_gives_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(JobAborted) as aborted:
        await run_job(primes_job(10), PLENTY, 1)
    assert aborted.value.values["exit_code"] == 1


@given(module=st.binary(max_size=40), given_=st.binary(max_size=40))
def test_a_job_document_is_read_back(module: bytes, given_: bytes) -> None:
    assert Job.parse(Job(module, given_).document()) == Job(module, given_)


@given(status=st.sampled_from(Status), fuel=st.integers(0, FUEL_MAX), output=st.binary(max_size=40))
def test_a_result_document_is_read_back(status: Status, fuel: int, output: bytes) -> None:
    result = Result(status, Operations(fuel), output)
    assert Result.parse(result.document()) == result


@given(st.binary(max_size=40))
def test_other_bytes_are_no_job(document: bytes) -> None:
    with pytest.raises(DocumentInvalid):
        Job.parse(document)


@pytest.mark.parametrize(
    "document", [b"", b"\x05" + bytes(8), b"\x00" + bytes(7), bytes(9 + MATRIX_OUTPUT_BYTES_MAX + 1)]
)
def test_other_bytes_are_no_result(document: bytes) -> None:
    with pytest.raises(DocumentInvalid):
        Result.parse(document)


def test_a_length_beyond_the_document_is_refused() -> None:
    with pytest.raises(DocumentInvalid):
        Job.parse(Job(b"module", b"").document()[:-1])


@pytest.mark.parametrize(("module", "given_"), [(MODULE_BYTES_MAX + 1, 0), (0, INPUT_BYTES_MAX + 1)])
def test_an_oversized_job_is_refused(module: int, given_: int) -> None:
    with pytest.raises(Invalid):
        Job(bytes(module), bytes(given_))


def test_the_budget_is_ten_to_the_fifteen_operations_a_cu_rounded_down() -> None:
    assert budget_down(Wad(WAD)) == 10**15
    assert budget_down(Wad(1_999)) == 1
    assert budget_down(Wad(10**30)) == FUEL_MAX
