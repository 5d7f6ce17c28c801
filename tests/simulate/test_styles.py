"""A strategy looks the same in every figure, and as no other one in it."""

from itertools import combinations

from openal.simulate._styles import FIXED, OURS, Style, styles_of
from openal.simulate.bounds import BASELINE, BOUNDS
from openal.strategies import available


def look(style: Style) -> tuple[str, str, str]:
    return style.color, style.marker, style.dashes


def test_a_strategy_looks_the_same_in_two_figures_of_different_strategies() -> None:
    one = styles_of(["Random", "NEAT", "mine", "NEAT(k=5)"])
    other = styles_of(["perfect purity", "mine", "BADGE", "LfOSA", "NEAT(k=5)", "NEAT"])
    for name in ("NEAT", "mine", "NEAT(k=5)"):
        assert one[name] == other[name]


def test_no_two_strategies_of_a_figure_look_the_same() -> None:
    styles = styles_of([*FIXED, *(f"mine {number}" for number in range(100))])
    assert len({look(style) for style in styles.values()}) == len(FIXED) + 100


def test_names_whose_looks_meet_share_the_color_and_not_the_line() -> None:
    hues = {name: styles_of([name])[name] for name in (f"mine {n}" for n in range(20))}
    one, other = next(pair for pair in combinations(hues, 2) if hues[pair[0]] == hues[pair[1]])
    both = styles_of([one, other])
    assert both[one].color == both[other].color
    assert look(both[one]) != look(both[other])


def test_the_order_of_the_names_changes_no_look() -> None:
    names = [f"mine {number}" for number in range(30)]
    assert styles_of(names) == styles_of(names[::-1])


def test_random_is_gray_and_bounds_are_black_and_dashed() -> None:
    styles = styles_of([BASELINE, *BOUNDS])
    assert styles[BASELINE].color == "#777777"
    assert all(styles[name].color == "#000000" for name in BOUNDS)
    assert all(styles[name].dashes != "-" for name in BOUNDS)


def test_no_other_strategy_is_gray_or_black() -> None:
    styles = styles_of([*OURS, *(f"mine {number}" for number in range(100))])
    assert not {style.color for style in styles.values()} & {"#777777", "#000000"}


def test_every_strategy_of_ours_has_a_look_of_its_own() -> None:
    ours = {name for name, kind in available().items() if kind.__module__.startswith("openal.")}
    assert ours == {*OURS, BASELINE}


def test_more_strategies_than_looks_are_drawn_all_the_same() -> None:
    assert len(styles_of(f"mine {number}" for number in range(400))) == 400
