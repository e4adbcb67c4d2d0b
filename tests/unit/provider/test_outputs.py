"""Outputs on disk: what is committed, opened and published comes from the same files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stab3l.compute.openings import check_openings
from stab3l.compute.product import row_blocks
from stab3l.compute.shape import Shape
from stab3l.errors import Corrupt
from stab3l.hashing import keccak256
from stab3l.provider.outputs import Complete, Outputs, claim_outputs, discard_other_claims

SEED = keccak256(b"a claim's seed")
SHAPE = Shape(128, 70, 3)


def computed(outputs: Outputs) -> Complete:
    roots = tuple(outputs.write_product(SEED, SHAPE, product) for product in range(SHAPE.products))
    complete = Complete(SEED, SHAPE.rows, SHAPE.depth, roots)
    outputs.finish(complete)
    return complete


def test_openings_from_disk_are_accepted(tmp_path: Path) -> None:
    outputs = Outputs(tmp_path / "7")
    complete = computed(outputs)
    sample_seed = keccak256(b"samples")
    check_openings(SHAPE, SEED, complete.root, sample_seed, outputs.open(complete, sample_seed))


def test_the_published_file_is_the_product(tmp_path: Path) -> None:
    outputs = Outputs(tmp_path / "7")
    computed(outputs)
    published = np.frombuffer(outputs.product_path(2).read_bytes(), dtype=">i4").reshape(128, 128)
    assert (published == np.concatenate(list(row_blocks(SEED, SHAPE, 2)))).all()


def test_a_restart_finds_finished_outputs_and_only_those(tmp_path: Path) -> None:
    outputs = Outputs(tmp_path / "7")
    outputs.write_product(SEED, SHAPE, 0)
    assert Outputs(tmp_path / "7").complete() is None
    complete = computed(outputs)
    assert Outputs(tmp_path / "7").complete() == complete
    assert complete.shape == SHAPE


def test_a_damaged_list_of_roots_is_corrupt(tmp_path: Path) -> None:
    outputs = Outputs(tmp_path)
    (tmp_path / "complete.json").write_text("{")
    with pytest.raises(Corrupt):
        outputs.complete()


def test_opening_a_claim_discards_the_outputs_of_others(tmp_path: Path) -> None:
    computed(claim_outputs(tmp_path, 1))
    computed(claim_outputs(tmp_path, 2))
    discard_other_claims(tmp_path, 2)
    assert claim_outputs(tmp_path, 1).complete() is None
    assert claim_outputs(tmp_path, 2).complete() is not None


def test_outputs_that_value_stands_on_stay_for_anybody_to_check(tmp_path: Path) -> None:
    for claim_id in (1, 2):
        computed(claim_outputs(tmp_path, claim_id))
    claim_outputs(tmp_path, 1).mark_minted()
    claim_outputs(tmp_path, 9).mark_minted()
    discard_other_claims(tmp_path, 3)
    assert claim_outputs(tmp_path, 1).complete() is not None
    assert claim_outputs(tmp_path, 2).complete() is None
    assert not claim_outputs(tmp_path, 9).minted
