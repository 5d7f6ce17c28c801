"""Means, spreads, the table and the figure."""

from dataclasses import replace

import pytest

from openal.simulate._plot import figure, png
from openal.simulate._summary import MEASURES, best_of, measured, results, table
from openal.simulate.loop import Run, Runs

RUN = Run(
    asked=((3, 1), (2, 0)),
    accuracy=(0.5, 0.75, 1.0),
    precision=(0.5, 1.0),
    recall=(0.1, 0.3),
    recall_with_init=(0.2, 0.4),
    wasted=(1, 1),
    seconds=(0.25, 0.75),
)
BETTER = replace(RUN, precision=(1.0, 1.0), wasted=(0, 0))
RUNS = {"A": dict.fromkeys(range(3), RUN), "B": dict.fromkeys(range(3), BETTER)}


def test_a_run_in_numbers() -> None:
    assert measured(RUN) == pytest.approx(
        {
            "precision": 0.75,
            "recall": 0.3,
            "recall_with_init": 0.4,
            "accuracy": 1.0,
            "aubc": 0.75,
            "aubc_openal": 0.5,
            "wasted": 1,
        }
    )


def test_means_and_spreads_over_seeds() -> None:
    summary = results({"A": {0: RUN, 1: BETTER}}, {"budget": 2})["summary"]["A"]
    assert summary["precision"] == pytest.approx({"mean": 0.875, "sd": 0.125 * 2**0.5})


def test_macro_averages_are_summed_up_where_all_runs_have_them() -> None:
    table = ((0.0, 0.0), (0.0, 0.0), (0.5, 1.0))
    run = replace(RUN, class_precision=table, class_recall=table, class_f1=table)
    whole = results({"A": {0: run}}, {})
    assert whole["summary"]["A"]["macro_f1"]["mean"] == 0.75
    assert whole["runs"]["A"]["0"]["class_f1"] == table
    partly = results({"A": {0: RUN, 1: run}}, {})
    assert "macro_f1" not in partly["summary"]["A"]
    assert "class_f1" not in partly["runs"]["A"]["0"]


def test_results_hold_no_seconds() -> None:
    assert "seconds" not in results(RUNS, {})["runs"]["A"]["0"]


def test_the_best_is_best_at_every_seed() -> None:
    best = {measure.name: best_of(RUNS, measure) for measure in MEASURES}
    assert (best["precision"], best["wasted"], best["recall"]) == ("B", "B", None)
    mixed = {"A": {**RUNS["A"], 1: BETTER}, "B": {**RUNS["B"], 1: RUN}}
    assert best_of(mixed, MEASURES[0]) is None


def test_few_seeds_or_no_rival_make_no_best() -> None:
    assert best_of({"A": {0: RUN, 1: RUN}, "B": {0: BETTER, 1: BETTER}}, MEASURES[0]) is None
    assert best_of({"A": RUNS["A"]}, MEASURES[0]) is None


def test_the_table() -> None:
    assert table(RUNS).splitlines() == [
        "strategy  precision     accuracy         AUBC wasted",
        "----------------------------------------------------",
        "A        0.75±0.00  1.000±0.000  0.750±0.000    1±0",
        "B        1.00±0.00* 1.000±0.000  0.750±0.000    0±0*",
        "* best at every seed",
        "Slowest query: A, 0.50 s.",
    ]


def test_the_table_of_one_seed_has_no_spread() -> None:
    assert "±" not in table({"A": {0: RUN}})


def test_the_figure_shows_four_curves_of_each_strategy() -> None:
    drawing = figure(RUNS, "title")
    assert [len(axes.lines) for axes in drawing.axes] == [2, 2, 2, 2]
    assert [text.get_text() for text in drawing.legends[0].texts] == ["A", "B"]
    assert drawing.axes[0].lines[0].get_xdata().tolist() == [0, 1, 2]
    assert drawing.axes[1].lines[0].get_xdata().tolist() == [1, 2]


@pytest.mark.long
def test_the_same_runs_give_the_same_file() -> None:
    assert png(figure(RUNS)).startswith(b"\x89PNG")
    assert png(figure(RUNS)) == png(figure(RUNS))


@pytest.mark.long
def test_a_title_is_no_formula_and_needs_no_font() -> None:
    assert png(figure(RUNS, "a $cat_{ 猫 \\frac$"))


def test_the_figure_of_one_seed_and_many_strategies() -> None:
    drawing = figure({str(k): {0: RUN} for k in range(11)})
    assert len(drawing.axes[0].lines) == 11


def shifted(gain: float) -> Run:
    return replace(RUN, accuracy=tuple(min(1.0, value + gain) for value in (0.5, 0.75, 0.9)))


def with_headroom(*gains: float) -> Runs:
    bound = {seed: shifted(gain) for seed, gain in enumerate(gains)}
    return {"Random": dict.fromkeys(bound, shifted(0.0)), "perfect purity": bound}


def test_the_table_has_paired_differences_to_random() -> None:
    lines = table(with_headroom(0.04, 0.06)).splitlines()
    assert lines[0].endswith(" - Random")
    assert lines[3].endswith(" +5.0±12.7")  # t(.975, 1) = 12.706, times .01 / sqrt(2) * sqrt(2)


@pytest.mark.parametrize("gain, decides", [(0.019, False), (0.021, True)])
def test_a_condition_without_headroom_is_marked(gain: float, decides: bool) -> None:
    runs = with_headroom(gain)
    assert ("decides nothing about purity." in table(runs)) != decides
    assert f"Headroom: perfect purity is +{100 * gain:.1f} points of AUBC above" in table(runs)
    assert results(runs, {})["headroom"]["decides_nothing"] != decides


def test_without_random_or_perfect_purity_there_is_no_headroom() -> None:
    runs = with_headroom(0.1)
    for name in runs:
        alone = {name: runs[name], "A": runs["Random"]}
        assert "Headroom" not in table(alone) and "headroom" not in results(alone, {})


def test_a_bound_is_never_the_best() -> None:
    runs = {**RUNS, "perfect purity": dict.fromkeys(range(3), replace(BETTER, recall=(1.0, 1.0)))}
    best = {measure.name: best_of(runs, measure) for measure in MEASURES}
    assert (best["precision"], best["recall"]) == ("B", None)


def test_the_table_tells_with_how_many_answers_the_end_of_random_is_reached() -> None:
    runs = {
        "Random": dict.fromkeys(range(2), shifted(0.0)),
        "Fast": dict.fromkeys(range(2), shifted(0.15)),
        "Slow": dict.fromkeys(range(2), shifted(-0.1)),
    }
    total = sum(map(len, RUN.asked))
    expected = f"Answers to Random's final accuracy, of its {total}: Fast {len(RUN.asked[0])}"
    assert f"{expected}; not reached by Slow." in table(runs).replace("\n", " ")


def test_the_table_of_long_names_fits_a_terminal() -> None:
    wide = replace(RUN, wasted=(100, 1000))
    named = {
        "Random": {0: RUN, 1: BETTER, 2: wide},
        "perfect purity, margin": {0: RUN, 1: BETTER, 2: wide},
    }
    assert max(map(len, table(named).splitlines())) <= 80
