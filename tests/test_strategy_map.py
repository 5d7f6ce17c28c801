"""The map of the strategies says what the strategies say of themselves."""

from pathlib import Path

import pytest

from docs.strategy_map import gaps, page, row, short, strategies, terse
from openal.strategies import NEAT, LfOSA, Random

PAGE = Path(__file__).resolve().parents[1] / "docs" / "strategies.md"


def test_every_strategy_says_what_it_costs_and_where_it_comes_from() -> None:
    missing = gaps(strategies())
    if missing:
        pytest.fail("a docstring needs a paragraph:\n" + "\n".join(missing), pytrace=False)


def test_the_page_is_what_the_strategies_say() -> None:
    if PAGE.read_text(encoding="utf-8") != page():
        mend = "python -m docs.strategy_map > docs/strategies.md"
        pytest.fail(f"docs/strategies.md is old: {mend}", pytrace=False)


def test_a_row_says_what_is_read_and_what_is_trained() -> None:
    name, paper, _, reads, trains = row("LfOSA", LfOSA)
    assert (name, paper) == ("[LfOSA](#lfosa)", "Ning et al., CVPR 2022")
    assert (reads, trains) == ("`detector_logits`", "`Detector` or `EmbeddingDetector`")
    assert row("Random", Random)[1:] == ["", "A random order", "nothing", "nothing"]


@pytest.mark.parametrize(
    "reference, expected",
    [
        ('Mao, Xu and Guo, "Open-Set, in 2023", AAAI 2024.', "Mao et al., AAAI 2024"),
        ('Heo and Kang, "Costs", arXiv 2408.04917, 2024', "Heo and Kang, arXiv 2408.04917, 2024"),
        ('Qu et al., "OpenAL: A", MICCAI 2023.', "Qu et al., MICCAI 2023"),
        ('Freeman, "Statistics", 1965; Gal, "Deep", ICML 2017.', "Freeman, 1965"),
        ("none is needed.", ""),
    ],
)
def test_a_reference_in_short(reference: str, expected: str) -> None:
    assert short(f"Reference: {reference}") == expected


def test_a_chain_is_written_without_its_defaults() -> None:
    stages = NEAT(k=7).stages
    assert [terse(stage) for stage in stages] == [
        "Filter(KnownNeighbors(k=7))",
        "Top(KnownNeighbors(k=7), factor=2.0)",
        "Top(Inconsistency(k=7))",
    ]


class Bare:
    """It says nothing."""


def test_what_is_missing_is_listed() -> None:
    assert gaps({"Bare": Bare}) == ["Bare: Cost:", "Bare: Reference:"]
