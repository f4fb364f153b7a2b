"""Each fault is found where it is, and nowhere else."""

import pytest

from model.evaluation.faults import least_scale, more_faults, off_grid, per_1000, scales
from tests.model.evaluation.material import BAR, passage_of, tune

SCALE = [60, 62, 64, 65, 67, 69, 71, 72]
GOOD = passage_of(*tune(SCALE, step=6), *tune(SCALE, step=6, begin=BAR))
CLUSTER = passage_of(*tune(range(60, 72), step=4), *tune(range(60, 72), step=4, begin=BAR))
OFF = passage_of(*tune(SCALE, step=5))
HELD = passage_of((0, 2 * BAR, 0, 60), *tune(SCALE, step=6))


@pytest.mark.parametrize("part, before, complete, expected", [
    (GOOD, GOOD, True, ()),
    (GOOD, GOOD, False, ("cut_off",)),
    (CLUSTER, GOOD, True, ("out_of_key",)),
    (OFF, GOOD, True, ("off_grid",)),
    (OFF, OFF, True, ()),
    (HELD, GOOD, True, ("hanging",)),
    (HELD, HELD, True, ()),
    (passage_of(), GOOD, True, ()),
    (passage_of((0, 2 * BAR, 128, 36)), GOOD, True, ()),
])
def test_faults(part, before, complete, expected):
    assert more_faults(part, before, least_scale([GOOD] * 4), complete) == expected


def test_a_key_needs_notes():
    assert len(scales(passage_of(*tune(SCALE[:7])))) == 0 and scales(GOOD).tolist() == [1.0]
    assert least_scale([passage_of()]) == 0
    assert least_scale([GOOD]) == pytest.approx(0.85)


def test_triplets_and_sixteenths_are_on_the_grid():
    assert off_grid(passage_of(*tune([60] * 12, step=4), *tune([64] * 16, step=3))) == 0
    assert off_grid(OFF) == pytest.approx(4 / 8)        # at 5, 10, 25 and 35 steps


def test_counts_are_of_1000():
    found = per_1000([("empty", "cut_off"), (), ("empty",), ()])
    assert (found["empty"], found["cut_off"], found["stuck"], found["any"]) == (500, 250, 0, 500)
    assert per_1000([])["any"] == 0
