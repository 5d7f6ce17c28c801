"""Yes and no texts beside CLIPNAL's own code (golden values) and the equations in NumPy."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import expit
from torch import Tensor

from openal.errors import ArgumentError, ArrayError
from openal.functional import tune_scale, yes_no_probabilities
from openal.functional.scale_tuning import BLOCK_ELEMENTS as TUNING_BLOCK
from openal.functional.scale_tuning import DEFAULT_SCALES, _counts, _Evidence
from openal.functional.yes_no import BLOCK_ELEMENTS as BLOCK
from tests.walking import walked

# What the authors' functions give for these cosines, recorded from a run in single precision.
ROW, COLUMN = np.mgrid[0:8, 0:3]
YES = 0.20 + 0.01 * ((3 * ROW + 2 * COLUMN) % 7)
NO = 0.20 + 0.01 * ((2 * ROW + 5 * COLUMN) % 7)
VISUAL = 0.60 + 0.02 * ((ROW + 4 * COLUMN) % 5)
GOLDEN = {  # (scale, weighted): unknown, then known
    (9, True): (
        [0.171083, 0.158731, 0.155316, 0.163124, 0.170730, 0.168813, 0.160154, 0.171083],
        [0.074201, 0.058079, 0.089594, 0.064054, 0.096856, 0.077381, 0.062297, 0.056817],
    ),
    (9, False): (
        [0.513248, 0.476193, 0.465948, 0.489372, 0.512189, 0.506439, 0.480463, 0.513248],
        [0.206275, 0.246933, 0.226938, 0.232551, 0.245331, 0.188522, 0.229323, 0.206275],
    ),
    (50, True): (
        [0.165418, 0.066808, 0.092128, 0.093654, 0.092071, 0.181907, 0.104016, 0.165418],
        [0.109893, 0.010929, 0.372605, 0.052753, 0.448924, 0.129066, 0.026501, 0.037280],
    ),
    (50, False): (
        [0.496255, 0.200423, 0.276384, 0.280962, 0.276212, 0.545721, 0.312048, 0.496255],
        [0.414085, 0.637355, 0.560106, 0.585942, 0.674829, 0.251156, 0.563858, 0.414085],
    ),
}
KNOWN_AT = {(9, True): [], (9, False): [], (50, True): [2, 4], (50, False): [1, 2, 3, 4, 6]}
FIRST, SECOND = [0, 1, 2, 3, 3, 0, 3, 1], [3, 0, 1, 2, 3, 3, 0, 3]  # 3 is unknown
TUNED = [
    (FIRST, True, 18.9, 0.6, [2]),
    (FIRST, False, 23.1, 0.6, [1]),
    (SECOND, True, 18.9, 0.625, [2]),
    (SECOND, False, 30.3, 0.875, [1, 2, 3, 4, 6]),
]
DTYPES = [torch.float32, torch.float64]


def tensors(weighted: bool, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor | None]:
    yes, no, visual = (torch.tensor(x, dtype=dtype) for x in (YES, NO, VISUAL))
    return yes, no, visual if weighted else None


@walked
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scale, weighted", GOLDEN)
def test_golden_values(scale: int, weighted: bool, dtype: torch.dtype) -> None:
    yes, no, visual = tensors(weighted, dtype)
    known, unknown = yes_no_probabilities(yes, no, scale, visual)
    np.testing.assert_allclose(unknown, GOLDEN[scale, weighted][0], atol=1e-6, rtol=0)
    np.testing.assert_allclose(known, GOLDEN[scale, weighted][1], atol=1e-6, rtol=0)
    assert (known > unknown).nonzero().flatten().tolist() == KNOWN_AT[scale, weighted]


@walked
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("labels, weighted, scale, accuracy, said", TUNED)
def test_golden_scales(
    labels: list[int],
    weighted: bool,
    scale: float,
    accuracy: float,
    said: list[int],
    dtype: torch.dtype,
) -> None:
    yes, no, visual = tensors(weighted, dtype)
    tuned = tune_scale(yes, no, torch.tensor(labels) < 3, visual)
    assert tuned == (scale, pytest.approx(accuracy, abs=1e-12))
    known, unknown = yes_no_probabilities(yes, no, tuned.scale, visual)
    assert (known > unknown).nonzero().flatten().tolist() == said


def softmax(x: Any) -> Any:
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def evidence(yes: Any, no: Any, scale: float, visual: Any = None, rule: Any = "atd") -> Any:
    """Equations 2-7 in float64: known, unknown."""
    gap = scale * (yes - no)
    if rule == "ctw":
        best = gap[np.arange(len(yes)), yes.argmax(axis=1)]
        return expit(best), expit(-best)
    p = softmax(scale * yes)
    weight = 1 if visual is None else softmax(scale * visual)
    unknown = (p * expit(-gap)).sum(axis=1) / (1 if visual is None else yes.shape[1])
    return (p * expit(gap) * weight).max(axis=1), unknown


oracle_of_yes_no_probabilities = evidence


def accuracies(yes: Any, no: Any, is_known: Any, visual: Any, grid: Any, rule: Any) -> list[float]:
    """The balanced accuracy at each scale: equation 8 in a loop over the grid."""
    found = []
    for scale in grid:
        known, unknown = evidence(yes, no, scale, visual, rule)
        said = known > unknown
        found.append((said[is_known].mean() + (~said[~is_known]).mean()) / 2)
    return found


oracle_of_tune_scale = accuracies


def middle(found: list[float]) -> int:
    """The middle of the longest run of best scales, the first of equally long ones."""
    best, (at, longest, run) = max(found), (0, 0, 0)
    for position, accuracy in enumerate(found):
        run = run + 1 if accuracy == best else 0
        if run > longest:
            at, longest = position - run // 2, run
    return at


def world(kind: str, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Cosines yes, no and visual [N, K], and which items are known, of both kinds at least one."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(2, 40)), int(rng.integers(1, 7))
    k, n = {"one class": (1, n), "two items": (k, 2)}.get(kind, (k, n))
    yes, no, visual = 0.2 + 0.05 * rng.normal(size=(3, n, k))
    is_known = rng.random(n) < 0.6
    is_known[:2] = True, False
    if kind == "clustered":
        at = rng.integers(0, k, n)
        yes[np.arange(n), at] += 0.08 * is_known
        no[np.arange(n), at] -= 0.05 * is_known
        visual[np.arange(n), at] += 0.1 * is_known
    if kind == "duplicated":
        yes, no, visual = (np.repeat(x[: (n + 1) // 2], 2, axis=0)[:n] for x in (yes, no, visual))
    if kind == "identical":
        yes, no, visual = (np.full((n, k), 0.25) for _ in range(3))
    if kind == "signs":
        yes, no, visual = rng.choice([-1.0, 1.0], (3, n, k))
        no *= rng.uniform(0.9, 1, (n, k))  # else many are equal but for less than rounding
    return yes, no, visual, is_known


KINDS = ["plain", "clustered", "duplicated", "one class", "two items", "identical", "signs"]


@walked
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rule, weighted", [("atd", False), ("atd", True), ("ctw", True)])
def test_equals_the_equations(rule: Any, weighted: bool, kind: str, seed: int) -> None:
    yes, no, visual, _ = world(kind, seed)
    seen = visual if weighted else None
    for scale in (0.1, 9, 77.7, 600):
        arrays = [None if x is None else torch.tensor(x) for x in (yes, no, seen)]
        found = yes_no_probabilities(arrays[0], arrays[1], scale, arrays[2], rule=rule)
        expected = evidence(yes, no, scale, seen, rule)
        for each, number in zip(found, expected, strict=True):
            np.testing.assert_allclose(each, number, rtol=1e-10, atol=1e-200)


GRIDS = {
    "default": None,
    "logarithmic": np.geomspace(0.01, 300, 90),
    "uneven": np.array([0.5, 0.6, 0.7, 9, 9.5, 30, 31, 32, 33, 34.5, 150, 900]),
    "single": np.array([12.5]),
}


@pytest.mark.long
@walked
@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rule, weighted", [("atd", False), ("atd", True), ("ctw", False)])
def test_the_scale_is_that_of_a_loop_over_the_grid(
    grid: str, kind: str, rule: Any, weighted: bool
) -> None:
    for seed in range(1 if grid == "default" else 2):
        yes, no, visual, is_known = world(kind, seed)
        seen, scales = visual if weighted else None, GRIDS[grid]
        arrays = [None if x is None else torch.tensor(x) for x in (yes, no, is_known, seen, scales)]
        steps = DEFAULT_SCALES.numpy() if scales is None else scales
        found = accuracies(yes, no, is_known, seen, steps, rule)
        first, center = int(np.argmax(found)), middle(found)
        best = pytest.approx(max(found), abs=1e-12)
        assert tune_scale(*arrays, rule=rule) == (steps[first], best)
        assert tune_scale(*arrays, rule=rule, tie_break="center") == (steps[center], best)


@pytest.mark.parametrize("seed", range(6))
def test_plain_accuracy_is_maximized_where_so_asked(seed: int) -> None:
    yes, no, _, is_known = world("clustered" if seed % 2 else "plain", seed)
    right = []
    for scale in GRIDS["uneven"]:  # type: ignore[union-attr]
        known, unknown = evidence(yes, no, scale, None, "atd")
        right.append(int(((known > unknown) == is_known).sum()))
    arrays = [None if x is None else torch.tensor(x) for x in (yes, no, is_known, None)]
    scales = torch.tensor(GRIDS["uneven"])
    found = tune_scale(*arrays, scales, objective="accuracy")
    best = GRIDS["uneven"][int(np.argmax(right))]  # type: ignore[index]
    balanced = accuracies(yes, no, is_known, None, [best], "atd")
    assert found == (best, pytest.approx(balanced[0], abs=1e-12))


def test_the_two_objectives_may_choose_two_scales() -> None:
    # At 1 all are said unknown, 9 of 10 rightly; at 100 the known one and three others are not.
    yes = torch.tensor([[0.3, 0.15]] * 4 + [[0.1, -0.05]] * 6)
    no = torch.tensor([[0.2, 0.3]] * 4 + [[0.3, 0.3]] * 6)
    is_known, scales = torch.arange(10) < 1, torch.tensor([1.0, 100.0])
    plain = tune_scale(yes, no, is_known, None, scales, objective="accuracy")
    assert plain == (1.0, 0.5)
    assert tune_scale(yes, no, is_known, None, scales) == (100.0, pytest.approx(5 / 6))


@pytest.mark.long
@walked
@pytest.mark.parametrize("width", [0.05, 1.0])
@pytest.mark.parametrize("rule, weighted", [("atd", False), ("atd", True), ("ctw", True)])
def test_the_items_said_known_are_counted_at_every_scale(
    rule: Any, weighted: bool, width: float
) -> None:
    rng = np.random.default_rng(int(100 * width))
    yes, no, visual = rng.uniform(-width, width, size=(3, 300, 4))
    kind, grid = rng.integers(0, 2, 300), DEFAULT_SCALES[::7]
    arrays = [torch.tensor(x) for x in (yes, no, visual)]
    found = _counts(
        _Evidence(*arrays[:2], arrays[2] if weighted else None, rule), torch.tensor(kind), grid
    )
    for step, scale in enumerate(grid.tolist()):
        known, unknown = evidence(yes, no, scale, visual if weighted else None, rule)
        said = known > unknown
        assert found[:, step].tolist() == [said[kind == 0].sum(), said[kind == 1].sum()]


@pytest.mark.parametrize("weighted", [False, True])
def test_a_margin_strays_from_its_chord_by_no_more_than_its_chord_error(weighted: bool) -> None:
    n, rng = 200_000, torch.Generator().manual_seed(0)
    yes, no, visual = 2 * torch.rand(3, n, 2, generator=rng, dtype=torch.float64) - 1
    start, power, t = torch.rand(3, n, generator=rng, dtype=torch.float64)
    start, width, rows = 30 * start, 10 ** (4 * power - 3), torch.arange(n)
    margins = _Evidence(yes, no, visual if weighted else None, "atd")
    ends = [margins.margin(rows, start + at) for at in (0, width)]
    chord = (1 - t) * ends[0][0] + t * ends[1][0]
    stray = (margins.margin(rows, start + t * width)[0] - chord).abs()
    another = ends[0][1] != ends[1][1]
    squared, linear = margins.chord_error
    for kink, enough in ((another, True), (0, False)):  # 4 items need the kinks
        most = t * (1 - t) * (squared * width**2 + linear * width * kink)
        assert bool((stray <= most + 1e-12).all()) == enough


def test_equal_accuracies_are_ties_however_they_round() -> None:
    # Always known, known from some scale on, always unknown: 3 and 11 of 12, then 4 and 10 of 12.
    kinds = {
        "known": ([1.0, -1], [-1.0, -1]),
        "turns": ([0.3, 0], [0.0, 0]),
        "not": ([0.0, 0], [1.0, 1]),
    }
    items = [*["known"] * 3, "turns", *["not"] * 8, *["not"] * 10, "turns", "known"]
    yes, no = (torch.tensor([kinds[each][at] for each in items]) for at in (0, 1))
    assert 3 / 12 + 11 / 12 < 4 / 12 + 10 / 12
    tuned = tune_scale(yes, no, torch.arange(24) < 12, scales=torch.tensor([1.0, 100.0]))
    assert tuned == (1.0, pytest.approx(7 / 12))


def test_the_default_grid() -> None:
    assert DEFAULT_SCALES.tolist() == [round(0.1 * step, 1) for step in range(1, 1001)]


def test_a_wide_grid_of_large_steps_is_tuned_alike_in_single_precision() -> None:
    # Item 0 is surely of class 0, whatever the scale, though class 1 says no as loudly as it can.
    yes, no = torch.tensor([[0.9, -0.9], [0.1, 0.1]]), torch.tensor([[-0.9, 0.9], [0.9, 0.9]])
    for scales in (torch.arange(1, 101) * 10.0, torch.linspace(1, 1000, 40)):
        for visual in (None, torch.full((2, 2), 0.5)):
            found = tune_scale(
                yes, no, torch.tensor([True, False]), visual, scales, tie_break="center"
            )
            expected = float(scales.double()[(len(scales) - 1) // 2])
            assert found == (expected, 1.0)


@pytest.mark.long
def test_equal_evidence_is_unknown() -> None:
    same = torch.full((2, 1), 0.3)
    known, unknown = yes_no_probabilities(same, same, 30.0)
    assert known.equal(unknown)
    told = tune_scale(same, same, torch.tensor([True, False]))
    assert told == (0.1, 0.5)  # only the unknown one is told right
    assert tune_scale(same, same, torch.tensor([True, False]), same, rule="ctw") == (0.1, 0.5)


def test_center_is_the_middle_of_the_longest_run() -> None:
    # One class, known where yes > no, at any scale: all 1000 scales are best.
    yes, no = torch.tensor([[0.4], [0.1]]), torch.tensor([[0.1], [0.4]])
    assert tune_scale(yes, no, torch.tensor([True, False])) == (0.1, 1.0)
    found = tune_scale(yes, no, torch.tensor([True, False]), tie_break="center")
    assert found == (50.0, 1.0)
    five = torch.tensor([1.0, 2, 3, 4, 5])
    assert tune_scale(yes, no, torch.tensor([True, False]), None, five, tie_break="center")[0] == 3


@pytest.mark.parametrize("rule, weighted", [("atd", False), ("atd", True), ("ctw", False)])
def test_rows_are_the_same_in_any_block(rule: Any, weighted: bool) -> None:
    k = 300
    rows = BLOCK // k
    rng = torch.Generator().manual_seed(0)
    yes, no, visual = 0.2 + 0.05 * torch.randn(3, 3 * rows + 5, k, generator=rng)
    yes[rows + 3], no[rows + 3], visual[rows + 3] = yes[0], no[0], visual[0]
    seen = visual if weighted else None
    whole = torch.stack(yes_no_probabilities(yes, no, 40.0, seen, rule=rule))
    assert whole[:, rows + 3].equal(whole[:, 0])
    for at in (0, rows - 1, rows, 2 * rows + 1, 3 * rows + 4):
        row = slice(at, at + 1)
        one = None if seen is None else seen[row]
        alone = torch.stack(yes_no_probabilities(yes[row], no[row], 40.0, one, rule=rule))
        assert alone[:, 0].equal(whole[:, at])


def test_tuning_counts_the_items_of_all_blocks() -> None:
    k = 300
    yes, no, _ = (np.tile(x, (3 * TUNING_BLOCK // k // 10, 1)) for x in np.zeros((3, 10, k)))
    rng = np.random.default_rng(1)
    is_known = rng.random(len(yes)) < 0.5
    yes = yes + 0.05 * rng.normal(size=yes.shape)
    no[:, 0] -= 0.2 * is_known
    yes[:, 0] += 0.2 * is_known * (rng.random(len(yes)) < 0.8)
    grid = np.array([1.0, 10, 20, 40, 80])
    found = tune_scale(*map(torch.tensor, (yes, no, is_known)), None, torch.tensor(grid))
    expected = accuracies(yes, no, is_known, None, grid, "atd")
    best = int(np.argmax(expected))
    assert best > 0 and found == (grid[best], pytest.approx(expected[best], abs=1e-12))


def test_extreme_scales() -> None:
    yes, no = torch.tensor([[0.3, 0.1, 0.1]]), torch.tensor([[0.1, 0.2, 0.3]])
    for rule in ("atd", "ctw"):
        known, unknown = yes_no_probabilities(yes, no, 1e6, rule=rule)
        assert known.tolist() == [1] and unknown.tolist() == [0]
        known, unknown = yes_no_probabilities(no, yes, 1e6, rule=rule)  # the loudest yes is sure
        assert known.tolist() == [1] and unknown.tolist() == [0]
    known, unknown = yes_no_probabilities(yes, no, 1e-9)
    assert known.item() == pytest.approx(1 / 6) and unknown.item() == pytest.approx(1 / 2)
    known, unknown = yes_no_probabilities(yes, no, 1e-9, yes)
    assert known.item() == pytest.approx(1 / 18) and unknown.item() == pytest.approx(1 / 6)


def test_small_evidence_for_unknown_is_not_rounded_away() -> None:
    known, unknown = yes_no_probabilities(torch.tensor([[0.5]]), torch.tensor([[0.0]]), 80.0)
    assert unknown.item() == pytest.approx(math.exp(-40), rel=1e-5)
    assert known.item() == 1


def test_dtypes() -> None:
    yes, no, visual = (torch.tensor(x) for x in (YES, NO, VISUAL))
    assert all(x.dtype == torch.float64 for x in yes_no_probabilities(yes, no, 9.0, visual))
    half = [x.half() for x in (yes, no, visual)]
    found = yes_no_probabilities(half[0], half[1], 9.0, half[2])
    single = yes_no_probabilities(half[0].float(), half[1].float(), 9.0, half[2].float())
    assert all(x.dtype == torch.float32 for x in found)
    assert all(x.equal(y) for x, y in zip(found, single, strict=True))
    is_known = torch.tensor(FIRST) < 3
    assert tune_scale(half[0], half[1], is_known) == tune_scale(
        half[0].float(), half[1].float(), is_known
    )


def test_no_rows() -> None:
    found = yes_no_probabilities(torch.empty(0, 3), torch.empty(0, 3), 9.0, torch.empty(0, 3))
    assert [x.shape for x in found] == [(0,), (0,)]


def test_nothing_is_changed() -> None:
    arrays = [torch.tensor(x) for x in (YES, NO, VISUAL)]
    tune_scale(arrays[0], arrays[1], torch.tensor(FIRST) < 3, arrays[2])
    yes_no_probabilities(arrays[0], arrays[1], 9.0, arrays[2])
    assert all(np.array_equal(x, y) for x, y in zip(arrays, (YES, NO, VISUAL), strict=True))


@pytest.mark.parametrize("name", ["yes", "no", "visual"])
def test_the_first_bad_row_is_named(name: str) -> None:
    arrays = {"yes": torch.tensor(YES), "no": torch.tensor(NO), "visual": torch.tensor(VISUAL)}
    arrays[name][5, 1] = math.nan
    message = rf"^{name} must be finite; row 5 is not"
    with pytest.raises(ArrayError, match=message):
        yes_no_probabilities(**arrays, scale=9.0)
    with pytest.raises(ArrayError, match=message):
        tune_scale(**arrays, is_known=torch.tensor(FIRST) < 3)


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"no": torch.zeros(8, 2)}, r"no must be \(8, 3\) as yes, got \(8, 2\)"),
        ({"visual": torch.zeros(7, 3)}, r"visual must be \(8, 3\) as yes, got \(7, 3\)"),
        ({"yes": torch.zeros(8)}, "yes must have 2 dimensions"),
        ({"yes": torch.zeros(8, 0), "no": torch.zeros(8, 0)}, "a column for each class"),
        ({"rule": "most"}, "rule must be 'atd' or 'ctw', got 'most'"),
    ],
)
def test_wrong_cosines_are_refused_by_both(changed: Any, message: str) -> None:
    given = {"yes": torch.tensor(YES), "no": torch.tensor(NO), **changed}
    with pytest.raises((ArgumentError, ArrayError), match=message):
        yes_no_probabilities(**given, scale=9.0)
    with pytest.raises((ArgumentError, ArrayError), match=message):
        tune_scale(**given, is_known=torch.tensor(FIRST) < 3)


@walked
@pytest.mark.parametrize("scale", [0, -1.0, math.nan, math.inf, "9", True])
def test_scales_that_cannot_be(scale: Any) -> None:
    with pytest.raises(ArgumentError, match="scale must be a"):
        yes_no_probabilities(torch.tensor(YES), torch.tensor(NO), scale)


@walked
@pytest.mark.parametrize(
    "changed, message",
    [
        ({"is_known": torch.ones(8, dtype=torch.bool)}, "known and unknown items"),
        ({"is_known": torch.zeros(8, dtype=torch.bool)}, "known and unknown items"),
        ({"is_known": torch.ones(7, dtype=torch.bool)}, r"is_known must be bool \[8\], got \(7,\)"),
        ({"is_known": torch.tensor(FIRST)}, r"is_known must be bool \[8\]"),
        ({"scales": torch.tensor([2.0, 1.0])}, "positive and ascending"),
        ({"scales": torch.tensor([1.0, 1.0])}, "positive and ascending"),
        ({"scales": torch.tensor([0.0, 1.0])}, "positive and ascending"),
        ({"scales": torch.empty(0)}, "positive and ascending"),
        ({"scales": torch.ones(1, 1)}, "scales must have 1 dimension"),
        ({"scales": torch.tensor([1.0, math.nan])}, "scales must be finite; row 1"),
        ({"tie_break": "last"}, "tie_break must be 'first' or 'center', got 'last'"),
    ],
)
def test_what_cannot_be_tuned_is_refused(changed: Any, message: str) -> None:
    given = {"yes": torch.tensor(YES), "no": torch.tensor(NO), "is_known": torch.tensor(FIRST) < 3}
    with pytest.raises((ArgumentError, ArrayError), match=message):
        tune_scale(**{**given, **changed})


def test_the_wider_of_two_types_is_that_of_the_evidence() -> None:
    yes, no = torch.tensor([[0.3, 0.1]]), torch.tensor([[0.1, 0.2]], dtype=torch.float64)
    assert {each.dtype for each in yes_no_probabilities(yes, no, 5.0)} == {torch.float64}
