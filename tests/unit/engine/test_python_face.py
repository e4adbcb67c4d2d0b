"""The stub says what the binary has; the documented example runs; typed objects and bytes are the same thing."""

from __future__ import annotations

import ast
import inspect
import re
import threading
from pathlib import Path

import pytest

from stab3l import _engine
from stab3l.engine import Engine, EngineError, apply_batches, apply_commands
from stab3l.engine.wire import FieldInvalid, Outcome, OutcomeCode, RegisterAsset, Seal, decode_events, encode_batch
from stab3l.testing.trading_desk import LISTING, START_NS

ROOT = Path(__file__).parents[3]
STUB = ast.parse((ROOT / "src" / "stab3l" / "_engine.pyi").read_text())
PAGE = (ROOT / "docs" / "reference" / "python-engine.md").read_text()
CLASSES = {node.name: node for node in STUB.body if isinstance(node, ast.ClassDef)}
FUNCTIONS = {node.name: node for node in STUB.body if isinstance(node, ast.FunctionDef)}


def public(thing: object) -> set[str]:
    return {name for name in vars(thing) if not name.startswith("_")}


def parameters(function: ast.FunctionDef) -> list[str]:
    listed = function.args
    return [one.arg for one in (*listed.posonlyargs, *listed.args, *listed.kwonlyargs) if one.arg != "self"]


def defaults(function: ast.FunctionDef) -> dict[str, object]:
    named = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    return {one.arg: ast.literal_eval(value) for one, value in named if value is not None}


def test_the_module_has_what_the_stub_names_and_nothing_else() -> None:
    names = next(ast.literal_eval(n.value) for n in STUB.body if isinstance(n, ast.Assign))
    assert sorted(names) == sorted(CLASSES | FUNCTIONS) == sorted(public(_engine))


@pytest.mark.parametrize("name", [name for name in CLASSES if name in ("Engine", "Recovery")])
def test_each_class_has_the_members_and_parameters_of_its_stub(name: str) -> None:
    members = {node.name: node for node in CLASSES[name].body if isinstance(node, ast.FunctionDef)}
    native = getattr(_engine, name)
    assert members.keys() == public(native)
    for member, node in members.items():
        is_property = any(isinstance(one, ast.Name) and one.id == "property" for one in node.decorator_list)
        assert is_property == inspect.isgetsetdescriptor(vars(native)[member]), member
        if not is_property:
            signature = inspect.signature(getattr(native, member))
            assert [one for one in signature.parameters if one != "self"] == parameters(node), member
            given = {n: p.default for n, p in signature.parameters.items() if p.default is not p.empty}
            stated = defaults(node)
            assert given.keys() == stated.keys(), member
            # The binary shows a default that is a formula as an ellipsis.
            assert all(given[n] in (stated[n], ...) for n in given), member


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_has_the_parameters_of_its_stub(name: str) -> None:
    assert list(inspect.signature(getattr(_engine, name)).parameters) == parameters(FUNCTIONS[name])


def test_the_errors_descend_as_the_stub_says() -> None:
    errors = {name: node for name, node in CLASSES.items() if issubclass(getattr(_engine, name), Exception)}
    assert len(errors) > 7
    for name, node in errors.items():
        (base,) = [one.id for one in node.bases if isinstance(one, ast.Name)]
        assert [one.__name__ for one in getattr(_engine, name).__bases__] == [base]
    assert issubclass(_engine.JournalCorrupt, EngineError)


def test_the_documented_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(example, "python-engine.md", "exec"), {})
    assert capsys.readouterr().out == "4 lots at 600 ticks\n"


def test_typed_objects_and_bytes_are_the_same_thing(tmp_path: Path) -> None:
    typed, packed = Engine.open(tmp_path / "typed"), Engine.open(tmp_path / "packed")
    events = apply_batches(typed, [LISTING, [Seal()], []], START_NS)
    answers = packed.apply_many([encode_batch(LISTING), encode_batch([Seal()]), b""], START_NS)
    assert events == [decode_events(answer) for answer in answers]
    assert typed.digest() == packed.digest()
    with pytest.raises(FieldInvalid):
        apply_commands(typed, [RegisterAsset(-1, bytes(20), 18)], START_NS)
    assert typed.last_sequence == packed.last_sequence


def test_others_run_while_a_batch_is_applied(tmp_path: Path) -> None:
    """The interpreter is released: a counter goes on counting during one long call."""
    engine = Engine.open(tmp_path, durability="page_cache", snapshot_every_records=0)
    (outcome, *_) = apply_commands(engine, LISTING, START_NS)
    assert isinstance(outcome, Outcome)
    assert outcome.code == OutcomeCode.ACCEPTED
    batch = encode_batch([RegisterAsset(1, bytes(20), 99)]) * 60_000
    counted, done = [0], threading.Event()

    def apply() -> None:
        engine.apply_many([batch] * 4, START_NS)
        done.set()

    worker = threading.Thread(target=apply)
    worker.start()
    while not done.is_set():
        counted[0] += 1
    worker.join()
    assert counted[0] > 1_000
