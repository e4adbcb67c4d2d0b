"""Runs one job to its result: metered, deterministic, without any import (docs/reference/jobs.md, Running).

Run as a module it reads a request from standard input and writes the result document to standard output, so that the
agent can run a hostile module in a process of its own (`stab3l.provider.job_process`).
"""

from __future__ import annotations

import resource
import sys
import threading
from typing import Final

from wasmtime import (
    Config,
    Engine,
    Func,
    FuncType,
    Instance,
    Memory,
    MemoryType,
    Module,
    Store,
    Trap,
    TrapCode,
    ValType,
    WasmtimeError,
    _ffi,
)

from stab3l.provider.jobs import EXIT_INTERRUPTED, OUTPUT_BYTES_MAX, REQUEST, Job, Result, Status
from stab3l.units import Operations

MEMORY_BYTES_MAX: Final = 256 << 20
TABLE_ELEMENTS_MAX: Final = 100_000
STACK_BYTES_MAX: Final = 512 << 10
_PAGE_BYTES: Final = 65_536
_DATA_BYTES_MAX: Final = 2 << 30
_OPEN_FILES_MAX: Final = 32
_ADDRESS_BITS: Final = 32
_ADDRESS_MASK: Final = (1 << _ADDRESS_BITS) - 1
_OFF: Final = (
    "wasm_threads", "wasm_relaxed_simd", "wasm_memory64", "wasm_multi_memory", "wasm_tail_call", "wasm_exceptions",
    "wasm_function_references", "wasm_gc", "wasm_wide_arithmetic", "wasm_custom_page_sizes", "wasm_stack_switching",
)  # fmt: skip


class Interrupted(Exception):
    """The wall limit passed before the job ended."""


class _ModuleInvalid(Exception):
    """The module does not have the documented form."""


def run(job: Job, budget: Operations, wall_limit_s: int) -> Result:
    """The result of ``job`` with at most ``budget`` fuel; the same on every machine with this runtime.

    Raises:
        Interrupted: ``wall_limit_s`` passed first.
    """
    engine = Engine(_config())
    store = Store(engine)
    store.set_limits(MEMORY_BYTES_MAX, TABLE_ELEMENTS_MAX, instances=1, tables=1, memories=1)
    store.set_fuel(budget)
    store.set_epoch_deadline(1)
    timer = threading.Timer(wall_limit_s, engine.increment_epoch)
    timer.daemon = True
    timer.start()
    try:
        return _outcome(engine, store, job, budget)
    finally:
        timer.cancel()


def _outcome(engine: Engine, store: Store, job: Job, budget: Operations) -> Result:
    def used() -> Operations:
        return Operations(budget - store.get_fuel())

    try:
        output = _call(store, _instance(engine, store, job.module), job.input)
    except _ModuleInvalid:
        return Result(Status.MODULE_INVALID, used())
    except Trap as trap:
        if trap.trap_code == TrapCode.INTERRUPT:
            raise Interrupted from None
        if trap.trap_code == TrapCode.OUT_OF_FUEL:
            return Result(Status.OUT_OF_FUEL, budget)
        return Result(Status.TRAPPED, used())
    if output is None:
        return Result(Status.OUTPUT_INVALID, used())
    return Result(Status.COMPLETED, used(), output)


def _config() -> Config:
    config = Config()
    config.consume_fuel = True
    config.epoch_interruption = True
    config.max_wasm_stack = STACK_BYTES_MAX
    for feature in _OFF:
        setattr(config, feature, False)
    # wasmtime-py has no property for this setting of the C interface; without it NaN bits differ between processors.
    _ffi.wasmtime_config_cranelift_nan_canonicalization_set(config.ptr(), True)
    return config


def _instance(engine: Engine, store: Store, module_bytes: bytes) -> Instance:
    try:
        module = Module(engine, module_bytes)
        if module.imports:
            raise _ModuleInvalid
        _check_exports(module)
        return Instance(store, module, [])
    except WasmtimeError as error:
        raise _ModuleInvalid from error


def _check_exports(module: Module) -> None:
    exports = {export.name: export.type for export in module.exports}
    memory = exports.get("memory")
    if not isinstance(memory, MemoryType) or memory.limits.min * _PAGE_BYTES > MEMORY_BYTES_MAX:
        raise _ModuleInvalid
    i32, i64 = ValType.i32(), ValType.i64()
    for name, params, results in (("allocate", [i32], [i32]), ("run", [i32, i32], [i64])):
        function = exports.get(name)
        if not isinstance(function, FuncType) or function.params != params or function.results != results:
            raise _ModuleInvalid


def _call(store: Store, instance: Instance, given: bytes) -> bytes | None:
    """The output; None when it, or the place for the input, is not inside the memory."""
    exports = instance.exports(store)
    memory, allocate, entry = exports["memory"], exports["allocate"], exports["run"]
    assert isinstance(memory, Memory)
    assert isinstance(allocate, Func)
    assert isinstance(entry, Func)
    at = allocate(store, len(given)) & _ADDRESS_MASK
    if at + len(given) > memory.data_len(store):
        return None
    memory.write(store, given, at)
    packed = entry(store, _signed(at), len(given))
    start, length = packed >> _ADDRESS_BITS & _ADDRESS_MASK, packed & _ADDRESS_MASK
    if length > OUTPUT_BYTES_MAX or start + length > memory.data_len(store):
        return None
    return bytes(memory.read(store, start, start + length))


def _signed(address: int) -> int:
    return address - (1 << _ADDRESS_BITS) if address >> (_ADDRESS_BITS - 1) else address


def _confine(wall_limit_s: int) -> None:
    for limit, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES_MAX),
        (resource.RLIMIT_DATA, _DATA_BYTES_MAX),
        (resource.RLIMIT_CPU, 4 * wall_limit_s + 10),
    ):
        resource.setrlimit(limit, (most, most))


def main() -> int:
    """Serves one request; returns the exit code."""
    request = sys.stdin.buffer.read()
    budget, wall_limit_s = REQUEST.unpack_from(request)
    _confine(wall_limit_s)
    try:
        result = run(Job.parse(request[REQUEST.size :]), Operations(budget), wall_limit_s)
    except Interrupted:
        return EXIT_INTERRUPTED
    sys.stdout.buffer.write(result.document())
    return 0


if __name__ == "__main__":
    sys.exit(main())
