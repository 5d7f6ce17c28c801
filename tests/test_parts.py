"""What parts declare: roles, signals, options, learners; and that a strategy is planned once."""

import inspect
import warnings
from dataclasses import KW_ONLY, dataclass, fields, is_dataclass
from types import ModuleType
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
import torch
from torch import Tensor

from openal import UNKNOWN, Chain, LabeledSet, Pool, informativeness, purity, selection, strategies
from openal.errors import ArgumentError, MissingSignalError
from openal.informativeness import Entropy, Margin
from openal.learners import Detector, EmbeddingDetector, EntropicDetector
from openal.parts import Part, reads_of, signal
from openal.purity import ActivationMixture, CLIPNPurity, KnownNeighbors, NearestKnown
from openal.query import Paper, Query
from openal.selection import Filter, Product, Sum, Top
from openal.strategies import BALD, CLIPNAL, EOAL, JSOSAL, NEAT, LfOSA, MarginSampling, Random
from openal.testing import world
from openal.view import View

ROOMS = (purity, informativeness, selection, strategies)
MADE = world()


def classes(room: ModuleType) -> list[type[Any]]:
    named = [getattr(room, name) for name in room.__all__]
    return [each for each in named if inspect.isclass(each) and is_dataclass(each)]


def ask(*stages: Any, budget: int = 5, **options: Any) -> Query:
    return Chain(*stages).query(MADE.pool, MADE.labeled, budget, seed=0, **options)


# --- a part declares itself


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.__name__)
def test_fields_after_the_first_are_keyword_only(room: ModuleType) -> None:
    positional = {
        kind.__name__: [field.name for field in fields(kind) if not field.kw_only][1:]
        for kind in classes(room)
    }
    assert {name: rest for name, rest in positional.items() if rest} == {}


@pytest.mark.parametrize(
    "room, role", [(purity, "purity"), (informativeness, "informativeness")], ids=["p", "i"]
)
def test_every_score_of_a_room_says_its_role(room: ModuleType, role: str) -> None:
    assert {kind.role for kind in classes(room)} == {role}


class Elsewhere(NearestKnown):
    """A purity that another package has subclassed."""


@pytest.mark.parametrize(
    "score",
    [
        Elsewhere(),
        Sum(KnownNeighbors(), NearestKnown()),
        Product(KnownNeighbors(), KnownNeighbors(k=3)),
        Sum(Product(KnownNeighbors()), NearestKnown()),
    ],
)
def test_a_purity_is_one_wherever_it_stands(score: Any) -> None:
    query = ask(Top(score, factor=2), Top(Entropy()))
    assert query.purity is not None
    assert query.informativeness is not None


def test_a_mixture_of_both_roles_has_none() -> None:
    query = ask(Top(Product(KnownNeighbors(), Margin())))
    assert query.purity is query.informativeness is None


@dataclass(frozen=True)
class Theirs(Part):
    """A part as another package would write it."""

    logits: str = signal("logits")
    _: KW_ONLY
    rule: Literal["one", "two"] = "one"
    k: int | None = None
    weight: float = 1.0
    flag: bool = False

    role: ClassVar[Any] = "informativeness"

    def __call__(self, view: View) -> Tensor:
        return view.map(torch.amax, self.logits, torch.full((len(view.pool),), 1))


@pytest.mark.parametrize(
    "options, words",
    [
        ({"rule": "three"}, "rule must be 'one' or 'two', got 'three'"),
        ({"k": 1.5}, "k must be an integer or None, got 1.5"),
        ({"k": True}, "k must be an integer or None, got True"),
        ({"weight": "heavy"}, "weight must be a number, got 'heavy'"),
        ({"flag": "no"}, "flag must be True or False, got 'no'"),
        ({"logits": 3}, "logits must be a name, got 3"),
    ],
)
def test_options_of_others_are_checked_as_ours_are(options: Any, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        Theirs(**options)


def test_options_that_can_be_are_taken() -> None:
    assert Theirs(rule="two", k=np.int64(3), weight=1, flag=np.bool_(True)).k == 3
    assert reads_of(Theirs("probs")) == ("probs",)


@dataclass(frozen=True)
class Bare:
    """Neither a `Part` nor of ours: checked where a chain is made of it."""

    rule: Literal["one", "two"] = "one"

    def __call__(self, view: View) -> Tensor:
        return torch.zeros(len(view.pool))


def test_a_bare_dataclass_is_checked_in_a_chain() -> None:
    with pytest.raises(ArgumentError, match="rule must be 'one' or 'two'"):
        Chain(Top(Bare("three")))  # type: ignore[arg-type]


# --- planned once


def test_a_strategy_plans_once() -> None:
    planned = []

    @dataclass(frozen=True)
    class Counted(Paper):
        def plan(self) -> Chain:
            planned.append(self)
            return Chain(Top(Entropy()))

    strategy = Counted()
    for _ in range(2):
        strategy.query(MADE.pool, MADE.labeled, 3, seed=0)
        assert (strategy.reads, strategy.learners, len(strategy.stages)) == (("logits",), (), 1)
    assert len(planned) == 1


def test_a_query_checks_no_part_again(monkeypatch: pytest.MonkeyPatch) -> None:
    strategy = NEAT()
    monkeypatch.setattr("openal.parts.check_fields", lambda part: pytest.fail("checked again"))
    strategy.query(MADE.pool, MADE.labeled, 3, seed=0)


def test_a_chain_is_final_and_says_what_to_do() -> None:
    with pytest.raises(TypeError, match=r"Paper with a method plan"):
        type("Mine", (Chain,), {})


# --- notes


def test_each_of_two_purities_reports_its_own_scale() -> None:
    fixed, tuned = CLIPNPurity(tune=False, scale=3.0), CLIPNPurity()
    notes = ask(Filter(fixed), Filter(tuned)).diagnostics
    assert notes[0]["scale"] == 3.0
    assert notes[0]["scale_untuned"] == "tune=False"
    assert "balanced_accuracy" not in notes[0]
    assert "scale_untuned" not in notes[1]
    assert 0 < notes[1]["balanced_accuracy"] <= 1
    assert notes["scale"] == {"0 Filter": 3.0, "1 Filter": notes[1]["scale"]}


def test_scores_of_a_mixture_report_apart() -> None:
    both = Sum(CLIPNPurity(tune=False, scale=3.0), CLIPNPurity(tune=False, scale=5.0))
    notes = ask(Top(both)).diagnostics[0]
    assert [notes[f"{place} CLIPNPurity"]["scale"] for place in (0, 1)] == [3.0, 5.0]


# --- the right thing in the right place


@pytest.mark.parametrize(
    "wrong, words",
    [
        (lambda: Top(MarginSampling()), r"score must be .* strategy MarginSampling.* Margin\("),
        (lambda: Top(BALD()), r"strategy BALD.*MutualInformation"),
        (lambda: Sum(MarginSampling(), Margin()), r"one or more|strategy MarginSampling.*Margin"),
        (lambda: Top(Margin), r"the class Margin: write Margin\(\.\.\.\)"),
        (lambda: Top(Top(Margin())), "which is a stage"),
        (lambda: Chain(Margin()), r"Margin\(.*is no stage.*Top\(score\)"),
        (lambda: Chain(Top), r"the class Top: write Top\(\.\.\.\)"),
        (lambda: CLIPNAL(then=Margin()), r"then must be .*Top\(score\)"),
        (lambda: NEAT(then=Margin()), r"then must be .*Top\(score\)"),
        (lambda: LfOSA(then=Entropy()), r"then must be .*Top\(score\)"),
        (lambda: JSOSAL(then=3), "then must be a stage or a chain, got 3"),
        (lambda: LfOSA(detector="two classes"), "detector must be 'classes', 'binary', None"),
        (lambda: JSOSAL(detector=Margin()), "detector must be a learner"),
        (lambda: LfOSA(1.0, detector=Detector()), "temperature=1.0 is for the default detector"),
        (lambda: LfOSA(detector=Detector(), use_invalid=False), "use_invalid=False is for the"),
        (lambda: JSOSAL(-1, detector=Detector()), "temperature=-1 is for the default detector"),
        (lambda: JSOSAL(detector=Detector(), max_weight_ratio=2), "max_weight_ratio=2 is for"),
        (lambda: EOAL(0.5, detector=EntropicDetector()), "alpha=0.5 is for the default detector"),
        (lambda: EOAL(detector=EntropicDetector(), reg_w=1), "reg_w=1 is for the default detector"),
    ],
)
def test_a_thing_in_the_wrong_place_is_told_the_right_one(wrong: Any, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        wrong()


# --- learners


def run_on_embeddings(score: Any) -> Query:
    pool = Pool(embeddings=MADE.signals["embeddings"], logits=MADE.signals["logits"])
    return Chain(Top(score)).query(pool, MADE.labeled, 5, seed=0)


@pytest.mark.long
@pytest.mark.parametrize("room", [purity, informativeness], ids=lambda room: room.__name__)
def test_scores_bring_the_learners_of_what_they_read(room: ModuleType) -> None:
    given = {"order": Entropy(), "groups": selection.NearestClass()}
    offered = {"embeddings", "logits", "features", "yes_cosines", "no_cosines"}
    for kind in classes(room):
        needs = {f.name for f in fields(kind)} & given.keys()
        if kind.__name__ in ("NegativeLabels", "PromptMargin", "TextShare"):
            continue
        score = kind(**{name: given[name] for name in needs})
        if {*reads_of(score)} <= offered:
            continue
        assert len(run_on_embeddings(score)) == 5, kind


def test_a_product_with_a_detector_runs_on_embeddings() -> None:
    assert len(run_on_embeddings(Product(ActivationMixture(tied=True), Margin()))) == 5


class Unread:
    """Items that nobody may read."""

    def __len__(self) -> int:
        return len(MADE)

    def __getitem__(self, index: int) -> Any:
        raise AssertionError("an item was read")


def test_learners_train_on_embeddings_where_there_are_some() -> None:
    pool = Pool(Unread(), embeddings=MADE.signals["embeddings"])
    assert len(LfOSA().query(pool, MADE.labeled, 5, seed=0)) == 5


def test_learners_train_on_images_where_the_user_says_so() -> None:
    pool = Pool(Unread(), embeddings=MADE.signals["embeddings"])
    with pytest.raises(ArgumentError, match="an item was read"):
        LfOSA(detector=Detector(epochs=1)).query(pool, MADE.labeled, 5, seed=0)


def test_a_learner_that_was_given_has_no_stand_in() -> None:
    pool = Pool(embeddings=MADE.signals["embeddings"])
    with pytest.raises(MissingSignalError, match="what Detector needs: items"):
        JSOSAL(detector=Detector(), entropy=None).query(pool, MADE.labeled, 5)


def test_the_options_of_a_strategy_reach_its_learner() -> None:
    given = EmbeddingDetector(temperature=1.5)
    assert LfOSA(detector=given).learners == (given,)
    assert LfOSA(temperature=1.5).learners == (Detector(temperature=1.5), given)


@pytest.mark.parametrize(
    "score, words",
    [
        (ActivationMixture(), r"detector_logits=EmbeddingDetector\(\)"),
        (CLIPNPurity(embeddings=None), r"CLIPNAL\(clip\)"),
        (Entropy("mc_logits"), r"mc_logits=MCDropout\(network\)"),
        (Entropy(), r"query\(\.\.\., model=your network\)"),
    ],
)
def test_a_missing_signal_names_what_offers_it(score: Any, words: str) -> None:
    with pytest.raises(MissingSignalError, match=words):
        Chain(Top(score)).query(Pool(spare=np.zeros(len(MADE))), MADE.labeled, 5)


# --- chains that cannot choose


@pytest.mark.parametrize(
    "stages",
    [
        (LfOSA(), Top(Margin())),
        (Top(Entropy()), Top(Margin())),
        (selection.KCenter("embeddings"), Top(Margin())),
    ],
)
def test_a_stage_that_leaves_no_choice_warns(stages: Any) -> None:
    with pytest.warns(UserWarning, match=r"keeps no more than the budget, so Top\(.*Margin"):
        Chain(*stages)


@pytest.mark.parametrize(
    "strategy",
    [
        LfOSA(then=Top(Margin())),
        JSOSAL(then=MarginSampling()),
        NEAT(then=Random()),
        CLIPNAL(then=Top(Margin())),
    ],
)
def test_then_has_a_choice(strategy: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        query = strategy.query(MADE.pool, MADE.labeled, 5, seed=0)
    assert len(query.steps[-1].seen) > 5
    assert query.informativeness is not None


# --- cold start


@pytest.mark.parametrize("room", [purity, informativeness], ids=lambda room: room.__name__)
@pytest.mark.parametrize("label", [None, UNKNOWN], ids=["no answers", "only UNKNOWN"])
def test_without_known_answers_no_score_follows_the_file(
    room: ModuleType, label: int | None
) -> None:
    labeled = LabeledSet(len(MADE), MADE.num_classes)
    if label is not None:
        labeled.add(np.arange(10), np.full(10, label))
    given = {"order": Entropy(), "groups": selection.NearestClass()}
    first = labeled.unlabeled_indices[:6].tolist()
    for kind in classes(room):
        if kind.__name__ in ("NegativeLabels", "PromptMargin", "TextShare"):
            continue
        score = kind(**{f.name: given[f.name] for f in fields(kind) if f.name in given})
        asked = [
            Chain(Top(score)).query(MADE.pool, labeled, 6, seed=seed).indices.tolist()
            for seed in (0, 1)
        ]
        assert first not in asked, kind


def test_an_order_that_a_stage_gave_stays_where_it_looks_like_the_file() -> None:
    labeled = LabeledSet(len(MADE), MADE.num_classes)
    signals = {
        "rising": -np.arange(len(MADE), dtype=np.float32),
        "logits": np.zeros((len(MADE), 3)),
    }

    def first_of_the_file(view: View) -> Tensor:
        return view.pool["rising"]

    first_of_the_file.reads = ("rising",)  # type: ignore[attr-defined]
    chain = Chain(Top(first_of_the_file, factor=2), Top(Entropy()))
    for seed in range(5):
        query = chain.query(Pool(**signals), labeled, 3, seed=seed)
        assert query.indices.tolist() == [0, 1, 2]
