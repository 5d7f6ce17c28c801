"""`suggest`: the strategy that the measurements speak for, with figures that are in the docs."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from openal import UNKNOWN, LabeledSet, Pool
from openal.errors import ArgumentError
from openal.learners import CLIPN
from openal.strategies import CLIPNAL, KnownKMeans, LfOSA, MarginSampling, Random, suggest
from openal.strategies._suggest import (
    DEFAULT,
    KNOWN_ITEMS,
    NO_TEXTS,
    NOUNS,
    SCRATCH,
    WITHOUT_EMBEDDINGS,
    WITHOUT_UNKNOWN,
    Suggestion,
)

ROOT = Path(__file__).resolve().parents[2]
N = 200
EMBEDDINGS = np.random.default_rng(0).normal(size=(N, 8))
POOL = Pool(embeddings=EMBEDDINGS)
PAIR = (torch.eye(2, 8), torch.ones(3, 8))


def answers(known: int = 0, unknown: int = 0) -> LabeledSet:
    labeled = LabeledSet(N, classes=2)
    labeled.add(range(known + unknown), [0, 1] * (known // 2) + [UNKNOWN] * unknown)
    return labeled


def test_embeddings_choose_by_default() -> None:
    suggestion = suggest(POOL, answers())
    assert suggestion.strategy == KnownKMeans()
    assert len(suggestion.strategy.query(POOL, answers(), budget=5, seed=0)) == 5


def test_it_prints_a_sentence_a_strategy_and_a_figure() -> None:
    lines = str(suggest(POOL, answers(20, 20))).splitlines()
    assert lines[0] == "Embeddings choose, and a classifier on them learns: KnownKMeans()"
    assert max(map(len, lines)) <= 80
    assert lines[1].startswith("Why: +6.8 ± 3.2 points of AUBC over Random")


def test_a_network_from_scratch_has_its_own_figure() -> None:
    suggestion = suggest(POOL, answers(), train="scratch")
    assert suggestion.strategy == KnownKMeans()
    assert "+1.4 ± 0.7" in suggestion.evidence


def test_texts_are_used() -> None:
    strategy = suggest(POOL, answers(), texts=PAIR).strategy
    assert isinstance(strategy, KnownKMeans)
    assert strategy.texts is not None
    assert "KnownKMeans(texts=...)" in str(suggest(POOL, answers(), texts=PAIR))


def test_texts_that_say_no_are_clipnal() -> None:
    clipn = object.__new__(CLIPN)  # whose weights are not there
    assert isinstance(suggest(POOL, answers(), texts=clipn).strategy, CLIPNAL)


def test_known_items_are_found_by_lfosa() -> None:
    assert suggest(POOL, answers(), goal="known items").strategy == LfOSA()


def test_without_unknown_classes_the_margin_chooses() -> None:
    assert suggest(POOL, answers(), unknown=0).strategy == MarginSampling()


def test_without_embeddings_it_says_what_would_help() -> None:
    suggestion = suggest(Pool(logits=EMBEDDINGS[:, :2]), answers())
    assert suggestion.strategy == Random()
    assert "Pool(dataset, embeddings=CLIP(...))" in suggestion.notes[0]


def test_few_seconds_take_the_light_form() -> None:
    assert suggest(POOL, answers(), seconds=60).strategy == KnownKMeans()
    light = suggest(POOL, answers(), seconds=0.01)
    assert "learns: KnownKMeans(detector=False)" in str(light)
    assert light.strategy == KnownKMeans(detector=False)
    assert "candidates=" not in light.notes[-1]


def test_fewer_seconds_take_fewer_candidates() -> None:
    assert "Of 200 candidates draw 100" in suggest(POOL, answers(), seconds=0.004).notes[-1]


def test_a_cold_start_among_many_unknown_asks_for_texts() -> None:
    def warned(labeled: LabeledSet, **told: object) -> bool:
        notes = suggest(POOL, labeled, **told).notes  # type: ignore[arg-type]
        return any("may be no better than Random" in note for note in notes)

    assert warned(answers())
    assert warned(answers(), unknown=0.9)
    assert not warned(answers(), unknown=0.6)
    assert not warned(answers(), texts=PAIR)
    assert not warned(answers(2, 18))


@pytest.mark.parametrize(
    "told, reason",
    [
        ({"train": "scratches"}, "train must be one of"),
        ({"goal": "purity"}, "goal must be one of"),
        ({"unknown": 2}, "unknown must be at most 1"),
        ({"seconds": 0}, "seconds must be a finite number above 0"),
        ({"texts": "a cat"}, "texts must be CLIPN, or two tensors"),
    ],
)
def test_what_cannot_be_is_refused(told: dict[str, object], reason: str) -> None:
    with pytest.raises(ArgumentError, match=reason):
        suggest(POOL, answers(), **told)  # type: ignore[arg-type]


ALL = (DEFAULT, SCRATCH, KNOWN_ITEMS, WITHOUT_UNKNOWN, WITHOUT_EMBEDDINGS)


def figures(text: str) -> list[str]:
    """Numbers that were measured: with an interval, or a share as `.97`."""
    plain = re.sub(r"± +", "± ", text)
    return re.findall(r"[+-]?\d+\.\d ± \d+\.\d|(?<!\d)\.\d{2,3}", plain)


def page(name: str) -> str:
    return re.sub(r"± +", "± ", (ROOT / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("suggestion", ALL, ids=lambda one: type(one.strategy).__name__)
def test_a_figure_is_on_its_page(suggestion: Suggestion) -> None:
    found = figures(suggestion.evidence)
    assert [figure for figure in found if figure not in page(suggestion.page)] == []
    assert found


def test_the_figures_of_texts_are_on_their_pages() -> None:
    assert [one for one in figures(NOUNS) if one not in page("docs/defaults.md")] == []
    assert "eleven of twelve, in those four by 2 to 4 points" in page("docs/claims.md")
    assert "eleven of twelve" in NO_TEXTS


def test_the_page_has_every_branch_and_its_figure() -> None:
    text = page("docs/choose.md")
    for suggestion in ALL:
        assert f"{type(suggestion.strategy).__name__}(" in text
        assert [figure for figure in figures(suggestion.evidence) if figure not in text] == []


def test_the_code_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(
        r'```python title="suggest.py"\n(.*?)```', page("docs/choose.md"), re.DOTALL
    )
    exec(code, {})  # noqa: S102
    assert capsys.readouterr().out.startswith("Embeddings choose")
