"""The battery passes sound strategies and catches each broken one, by the check that should."""

import random
import sys
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from functools import cache, partial
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

from openal import informativeness, purity, strategies
from openal._checks import as_count
from openal._seeds import as_seed
from openal.errors import ArrayError
from openal.informativeness import Entropy
from openal.labeled import SKIPPED, UNKNOWN
from openal.parts import signal
from openal.purity import KnownNeighbors
from openal.query import Chain, Paper, Query, Step, best_rows
from openal.selection import Filter, Product, Top
from openal.testing import World, check_strategy, world
from openal.testing._repeat_checks import Elsewhere
from openal.testing.battery import CHECKS
from openal.view import View
from tests.walking import walked

# --- sound strategies


def largest(logits: Tensor) -> Tensor:
    return logits.float().max(dim=1).values


@dataclass(frozen=True)
class Own:
    """A strategy written from scratch, as a user may: no Chain, no stage."""

    reads: ClassVar[tuple[str, ...]] = ("logits",)

    def query(
        self,
        pool: Any,
        labeled: Any,
        budget: Any,
        *,
        model: Any = None,
        candidates: Any = None,
        seed: Any = None,
        progress: Any = None,
    ) -> Any:
        budget, seed = as_count(budget, "budget", minimum=1), as_seed(seed)
        view = pool.view(
            labeled,
            reads=self.reads,
            model=model,
            candidates=candidates,
            seed=seed,
            progress=progress,
        )
        return self.chosen(view, budget)

    def chosen(self, view: View, budget: int) -> Any:
        n = len(view.pool)
        scores = self.scored(view) if n else torch.empty(0)
        return self.found(view.pool.indices, best_rows(scores, min(budget, n)), scores)

    def scored(self, view: View) -> Tensor:
        return view.map(largest, "logits")

    def found(self, seen: np.ndarray, rows: np.ndarray, scores: Tensor) -> Any:
        return Query(seen[rows], scores[rows].float(), None, None, (), len(seen), 0, {})


@dataclass(frozen=True)
class Clip:
    """A score of a signal that no standard world offers."""

    clip: str = signal("clip")

    def __call__(self, view: View) -> Tensor:
        return view.map(largest, self.clip)


def coarse(logits: Tensor) -> Tensor:
    return largest(logits).round()


@dataclass(frozen=True)
class Coarse:
    """A score with many ties."""

    logits: str = signal("logits")

    def __call__(self, view: View) -> Tensor:
        return view.map(coarse, self.logits)


def plain_function(view: View) -> Tensor:
    return view.map(largest, "logits")


plain_function.reads = ("logits",)  # type: ignore[attr-defined]


@pytest.mark.long
@walked
@pytest.mark.parametrize(
    "strategy",
    [
        Own(),
        Chain(Filter(KnownNeighbors(k=5), above=0.5), Top(Entropy())),
        Chain(Top(KnownNeighbors(), factor=3), Top(Product(KnownNeighbors(), Entropy()))),
        Chain(strategies.LeastConfidenceSampling()),
        Chain(Top(informativeness.LeastConfidence())),
        Chain(Filter(purity.Certainty(), above=0.1), strategies.MarginSampling()),
        Chain(Top(Entropy(), factor=3), Top(Coarse())),
        Chain(Top(plain_function)),
    ],
)
def test_a_sound_strategy_passes(strategy: Any) -> None:
    check_strategy(strategy)


def test_a_signal_of_ones_own_passes_with_worlds_that_offer_it() -> None:
    check_strategy(Chain(Top(Clip())), signals=lambda made: {"clip": made.signals["embeddings"]})


def test_a_signal_of_ones_own_is_asked_for() -> None:
    with pytest.raises(AssertionError, match=r"signals=lambda world: \{'clip': \.\.\.\}\)$"):
        check_strategy(Chain(Top(Clip())))


# --- broken strategies


class Broken(Own):
    """A strategy with one flaw."""


@dataclass(frozen=True)
class PositionsForIndices(Broken):
    def found(self, seen: np.ndarray, rows: np.ndarray, scores: Tensor) -> Any:
        return replace(super().found(seen, rows, scores), indices=rows.astype(np.int64))


@dataclass(frozen=True)
class SameItemTwice(Broken):
    def found(self, seen: np.ndarray, rows: np.ndarray, scores: Tensor) -> Any:
        return super().found(seen, rows[[*range(1, len(rows)), len(rows) - 1]], scores)


@dataclass(frozen=True)
class OneTooFew(Broken):
    def found(self, seen: np.ndarray, rows: np.ndarray, scores: Tensor) -> Any:
        return super().found(seen, rows[: max(1, len(rows) - 1)], scores)


@dataclass(frozen=True)
class SmallIntegers(Broken):
    def found(self, seen: np.ndarray, rows: np.ndarray, scores: Tensor) -> Any:
        query = super().found(seen, rows, scores)
        return replace(query, indices=query.indices.astype(np.int32))


@dataclass(frozen=True)
class ListOfIndices(Broken):
    def found(self, seen: np.ndarray, rows: np.ndarray, scores: Tensor) -> Any:
        return seen[rows].tolist()


@dataclass(frozen=True)
class WorstFirst(Broken):
    def found(self, seen: np.ndarray, rows: np.ndarray, scores: Tensor) -> Any:
        return super().found(seen, rows[::-1].copy(), scores)


@dataclass(frozen=True)
class ScoresOfEverything(Broken):
    def found(self, seen: np.ndarray, rows: np.ndarray, scores: Tensor) -> Any:
        return replace(super().found(seen, rows, scores), scores=scores.sort(descending=True)[0])


@dataclass(frozen=True)
class Spendthrift(Broken):
    def found(self, seen: np.ndarray, rows: np.ndarray, scores: Tensor) -> Any:
        return replace(super().found(seen, rows, scores), n_candidates=len(rows))


@dataclass(frozen=True)
class AllUnlabeled(Broken):
    def query(self, *arguments: Any, candidates: Any = None, **options: Any) -> Any:
        if candidates is None or len(candidates) > 0:
            candidates = None
        return super().query(*arguments, candidates=candidates, **options)


@dataclass(frozen=True)
class GlobalNoise(Broken):
    def scored(self, view: View) -> Tensor:
        return torch.rand(len(view.pool))

    def query(self, *arguments: Any, **options: Any) -> Any:
        query = super().query(*arguments, **options)
        order = sorted(query.indices.tolist(), key=lambda _: random.random())
        return replace(query, indices=np.array(order, np.int64), scores=None)


@dataclass(frozen=True)
class SeedsTheWorld(Broken):
    def query(self, *arguments: Any, **options: Any) -> Any:
        np.random.seed(0)  # noqa: NPY002
        return super().query(*arguments, **options)


@dataclass(frozen=True)
class FirstComeFirstServed(Broken):
    def query(self, pool: Any, labeled: Any, budget: Any, **options: Any) -> Any:
        query = super().query(pool, labeled, budget, **options)
        given = options.get("candidates")
        if given is None or len(query) == len(given):
            return query
        given = [int(each) for each in given]
        order = sorted(query.indices.tolist(), key=given.index)
        return replace(query, indices=np.array(order, np.int64), scores=None)


@dataclass(frozen=True)
class FileOrderAtFirst(Broken):
    """Falls back on the order of the file before any answer."""

    def scored(self, view: View) -> Tensor:
        scores = super().scored(view)
        return scores if len(view.known) else torch.zeros_like(scores)


@dataclass(frozen=True)
class LowIndicesFirst(Broken):
    def scored(self, view: View) -> Tensor:
        return -torch.from_numpy(view.pool.indices).float()


def relative_to_block(logits: Tensor) -> Tensor:
    return largest(logits) - largest(logits).mean()


@dataclass(frozen=True)
class BlockRelative(Broken):
    def scored(self, view: View) -> Tensor:
        return view.map(relative_to_block, "logits")


@dataclass(frozen=True)
class Shy(Broken):
    """Shows nothing of what it is made of."""

    depth: int = 3

    def __repr__(self) -> str:
        return "Shy()" if self.depth == 4 else "<a strategy>"


@dataclass(frozen=True)
class Forgetful(Broken):
    k: int = field(default=3, repr=False)


class Unequal(Own):
    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return 0


@dataclass(frozen=True)
class Holding(Broken):
    score: Callable[[Tensor], Tensor] = field(default=lambda logits: largest(logits))


@dataclass(frozen=True)
class WritesSignals(Broken):
    def query(self, pool: Any, *arguments: Any, **options: Any) -> Any:
        values = pool._sources["logits"].values if "logits" in pool.offers else None
        if isinstance(values, np.ndarray) and values.flags.writeable:
            values[:, 0] += 0
            values[0, 0] += 1e-6
        return super().query(pool, *arguments, **options)


@dataclass(frozen=True)
class Answers(Broken):
    def query(self, pool: Any, labeled: Any, *arguments: Any, **options: Any) -> Any:
        query = super().query(pool, labeled, *arguments, **options)
        labeled.add(labeled.known_indices[:1], labeled.known_labels[:1])
        if len(labeled) < len(pool) - 1 and len(labeled.unlabeled_indices) == 40:
            labeled.add(labeled.unlabeled_indices[-1:], [SKIPPED])
        return query


@dataclass(frozen=True)
class Counting(Broken):
    rounds: list[int] = field(default_factory=list)

    def query(self, *arguments: Any, **options: Any) -> Any:
        query = super().query(*arguments, **options)
        self.rounds.append(len(query))
        return query


@dataclass(frozen=True)
class LeavesEvaluationMode(Broken):
    def query(self, *arguments: Any, model: Any = None, **options: Any) -> Any:
        return super().query(*arguments, model=None if model is None else model.eval(), **options)


@dataclass(frozen=True)
class TwoPasses(Broken):
    def query(self, *arguments: Any, **options: Any) -> Any:
        super().query(*arguments, **options)
        return super().query(*arguments, **options)


@dataclass(frozen=True)
class Undeclared(Broken):
    def query(self, pool: Any, *arguments: Any, **options: Any) -> Any:
        pool.take("embeddings", [0])
        return super().query(pool, *arguments, **options)


@dataclass(frozen=True)
class Boastful(Broken):
    reads: ClassVar[tuple[str, ...]] = ("features", "logits")


@dataclass(frozen=True)
class MakesDo(Broken):
    def query(self, pool: Any, labeled: Any, *arguments: Any, **options: Any) -> Any:
        offered = "logits" in pool.offers or options.get("model") is not None
        pool = pool if offered else pool.with_signals(logits=np.zeros((len(pool), 3)))
        return super().query(pool, labeled, *arguments, **options)


@dataclass(frozen=True)
class ArraysOnly(Broken):
    def query(self, pool: Any, *arguments: Any, **options: Any) -> Any:
        source = pool._sources.get("logits")
        np.asarray(getattr(source, "values", 0.0))
        return super().query(pool, *arguments, **options)


def in_their_precision(logits: Tensor) -> Tensor:
    return (3 * logits).exp().sum(dim=1)  # beyond the range of float16


@dataclass(frozen=True)
class HalfPrecise(Broken):
    def scored(self, view: View) -> Tensor:
        return view.map(in_their_precision, "logits")


@dataclass(frozen=True)
class InMemoryOnly(Broken):
    def query(self, pool: Any, *arguments: Any, **options: Any) -> Any:
        source = pool._sources.get("logits")
        if isinstance(getattr(source, "values", None), np.memmap):
            raise ValueError("too large")
        return super().query(pool, *arguments, **options)


@dataclass(frozen=True)
class NeedsUnknowns(Broken):
    def scored(self, view: View) -> Tensor:
        return super().scored(view) + 0 * view.invalid.indices[0]


@dataclass(frozen=True)
class NeedsValues(Broken):
    def chosen(self, view: View, budget: int) -> Any:
        source: Any = view.pool.signals._sources["logits"]  # type: ignore[attr-defined]
        if hasattr(source, "learner") and not source.values and not len(view.known):
            raise KeyError("logits")
        return super().chosen(view, budget)


@dataclass(frozen=True)
class AnyBudget(Broken):
    def query(self, pool: Any, labeled: Any, budget: Any, **options: Any) -> Any:
        return super().query(pool, labeled, int(budget) if budget else 1, **options)


@dataclass(frozen=True)
class RepeatedCandidates(Broken):
    def query(self, *arguments: Any, candidates: Any = None, **options: Any) -> Any:
        if candidates is not None and len(candidates) == 3:
            candidates = list({*candidates})
        return super().query(*arguments, candidates=candidates, **options)


@dataclass(frozen=True)
class AnySize(Broken):
    def query(self, pool: Any, labeled: Any, budget: Any, **options: Any) -> Any:
        if labeled.size != len(pool):
            raise IndexError("index 60 is out of bounds")
        return super().query(pool, labeled, budget, **options)


@dataclass(frozen=True)
class ReplacesNaN(Broken):
    def query(self, pool: Any, *arguments: Any, **options: Any) -> Any:
        source = pool._sources.get("logits")
        if isinstance(getattr(source, "values", None), np.ndarray):
            pool = pool.with_signals(logits=np.nan_to_num(source.values))
        return super().query(pool, *arguments, **options)


@dataclass(frozen=True)
class AnonymousNaN(Broken):
    def query(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().query(*arguments, **options)
        except ArrayError as error:
            text = str(error).split("; index")[0]
            raise ArrayError(text) from None


@dataclass(frozen=True)
class Noisy:
    """A learner whose training depends on how often it was done."""

    offers: ClassVar[tuple[str, ...]] = ("logits",)
    reads: ClassVar[tuple[str, ...]] = ("embeddings",)

    def fit(self, pool: Any, labeled: Any, *, seed: int = 0, progress: Any = None) -> Any:
        rng = np.random.default_rng()  # its seed is forgotten
        return replace(Fitted(), weights=torch.tensor(rng.normal(size=8)))


@dataclass(frozen=True)
class Fitted:
    weights: Any = None
    offers: ClassVar[tuple[str, ...]] = ("logits",)
    reads: ClassVar[tuple[str, ...]] = ("embeddings",)

    def signals(
        self, pool: Any, indices: np.ndarray, names: tuple[str, ...], *, progress: Any = None
    ) -> dict[str, Tensor]:
        found = pool.take("embeddings", indices).double() @ self.weights
        return {"logits": torch.stack([found, -found, 0 * found], dim=1)}


@dataclass(frozen=True)
class Learning(Paper):
    def plan(self) -> Chain:
        stages = Top(Entropy(), factor=2), Top(purity.Certainty())
        return Chain(*stages, learners=(Noisy(),))


@dataclass(frozen=True)
class Unstable:
    """Keeps the best, and among equals the last first."""

    score: Any

    def __call__(self, view: View, budget: int) -> Step:
        scores = self.score(view)
        rows = best_rows(scores.flip(0), min(budget, len(scores)))
        return Step(self, view.pool.indices, len(scores) - 1 - rows, scores)


@dataclass(frozen=True)
class MapsLambda(Broken):
    def scored(self, view: View) -> Tensor:
        return view.map(lambda logits: largest(logits), "logits")


BROKEN: list[tuple[Any, str]] = [
    (Own, "is a strategy"),
    (3, "is a strategy"),
    (ListOfIndices(), "is a strategy"),
    (PositionsForIndices(), "counts exactly"),
    (SameItemTwice(), "counts exactly"),
    (OneTooFew(), "counts exactly"),
    (SmallIntegers(), "counts exactly"),
    (AllUnlabeled(), "keeps to the candidates"),
    (WorstFirst(), "puts the best first"),
    (Chain(Unstable(Coarse())), "keeps the order among equals"),
    (ScoresOfEverything(), "describes its query"),
    (Spendthrift(), "describes its query"),
    (GlobalNoise(), "repeats itself under a seed"),
    (SeedsTheWorld(), "leaves global randomness alone"),
    (FirstComeFirstServed(), "ignores the order of candidates"),
    (LowIndicesFirst(), "follows renamed items"),
    (FileOrderAtFirst(), "works in hard times"),
    (BlockRelative(), "ignores block sizes"),
    (Holding(), "pickles"),
    (Unequal(), "pickles"),
    (Shy(), "shows how to make it"),
    (Forgetful(4), "shows how to make it"),
    (WritesSignals(), "changes nothing"),
    (Answers(), "changes nothing"),
    (Counting(), "changes nothing"),
    (LeavesEvaluationMode(), "leaves the model as it was"),
    (TwoPasses(), "leaves the model as it was"),
    (Undeclared(), "needs nothing else"),
    (MakesDo(), "misses each signal"),
    (Boastful(), "reads all that it declares"),
    (ArraysOnly(), "reads tensors and views"),
    (HalfPrecise(), "reads half precision"),
    (InMemoryOnly(), "reads memory maps"),
    (NeedsUnknowns(), "works in hard times"),
    (NeedsValues(), "learns in hard times"),
    (AnyBudget(), "refuses wrong budgets"),
    (RepeatedCandidates(), "refuses wrong candidates"),
    (AnySize(), "refuses another size"),
    (ReplacesNaN(), "stops at a bad number"),
    (AnonymousNaN(), "stops at a bad number"),
    (Learning(), "learns what is not offered"),
    (MapsLambda(), "runs in another process"),
]


@pytest.mark.long
@pytest.mark.parametrize(
    "strategy, check", BROKEN, ids=[getattr(s, "__name__", type(s).__name__) for s, _ in BROKEN]
)
def test_a_broken_strategy_is_caught_by_its_check(strategy: Any, check: str) -> None:
    with pytest.raises(AssertionError, match=f'fails "{check}"'):
        check_strategy(strategy)


def test_every_check_catches_something_broken() -> None:
    caught = {check for _, check in BROKEN}
    names = {check.__name__.replace("_", " ") for check in CHECKS}
    assert names - caught == set(), "a check that no broken strategy needs"


def test_the_failure_says_what_was_seen() -> None:
    message = r"^OneTooFew\(\) fails .*: budget 6 with 40 open candidates asks for 6, got .*\(5,\)$"
    with pytest.raises(AssertionError, match=message):
        check_strategy(OneTooFew())


def test_threads_are_put_back() -> None:
    before = torch.get_num_threads()
    with pytest.raises(AssertionError):
        check_strategy(OneTooFew())
    assert torch.get_num_threads() == before


# --- the other process


def at_home(rows: Tensor) -> Tensor:
    return rows.sum(dim=1)


def mapped(function: Callable[[Tensor], Tensor]) -> Tensor:
    made = world()
    view = made.pool.with_engine(Elsewhere()).view(made.labeled, reads=("logits",))
    return view.map(function, "logits")


def test_the_other_process_gives_the_same_numbers() -> None:
    made = world()
    expected = made.pool.take("logits", made.labeled.unlabeled_indices).sum(dim=1)
    assert torch.equal(mapped(partial(at_home)), expected)


def test_a_function_that_another_process_cannot_import_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = ModuleType("a_module_of_this_process")
    exec("def mine(rows): return rows.sum(dim=1)", vars(here))  # noqa: S102
    monkeypatch.setitem(sys.modules, here.__name__, here)
    with pytest.raises(AssertionError, match=r"function mine .* unknown in another process"):
        mapped(here.mine)


def test_an_error_in_the_other_process_comes_back() -> None:
    with pytest.raises(IndexError):
        mapped(partial(torch.sum, dim=7))


def test_a_script_without_a_guard_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dead:
        def submit(self, *_: Any) -> Any:
            raise BrokenProcessPool

    dead = cache(Dead)
    monkeypatch.setattr("openal.testing._repeat_checks._process", dead)
    with pytest.raises(AssertionError, match=r"if __name__ == .__main__.:"):
        mapped(at_home)


# --- the worlds


def test_a_world_is_the_same_for_a_seed() -> None:
    first, again, other = world(3), world(3), world(4)
    assert first.answers == again.answers
    assert all(np.array_equal(first.signals[name], again.signals[name]) for name in first.signals)
    assert not np.array_equal(first.signals["logits"], other.signals["logits"])


def test_a_world_has_every_kind_of_answer() -> None:
    labeled = world().labeled
    assert set(labeled.known_labels.tolist()) == {0, 1, 2}
    assert len(labeled.unknown_indices) > 0
    assert len(labeled.skipped_indices) == 2
    assert len(labeled.history) == 2


def shapes(made: World) -> dict[str, tuple[int, ...]]:
    return {name: values.shape[1:] for name, values in made.signals.items()}


def test_a_world_offers_the_standard_signals() -> None:
    assert shapes(world(num_classes=2)) == {
        "embeddings": (8,),
        "content": (8,),
        "features": (8,),
        "logits": (2,),
        "mc_logits": (5, 2),
        "detector_logits": (3,),
        "detector_features": (8,),
        "evidence_logits": (4,),
        "head_logits": (2, 2),
        "predicted_loss": (),
        "binary_logits": (2,),
        "yes_cosines": (2,),
        "no_cosines": (2,),
        "prompt_logits": (4,),
    }


def test_the_signals_tell_the_hidden_classes() -> None:
    made = world(size=600)
    detected = made.signals["detector_logits"].argmax(axis=1)
    truth = np.where(made.hidden == UNKNOWN, 3, made.hidden)
    assert (detected == truth).mean() > 0.9


def test_neat_finds_the_known_of_a_world() -> None:
    made = world(size=600)
    query = strategies.NEATPassive().query(made.pool, made.labeled, 100)
    assert (made.hidden[query.indices] >= 0).mean() > 0.9


def test_a_renamed_world_is_the_same_world() -> None:
    made = world()
    names = np.random.default_rng(0).permutation(len(made))
    other = made.renamed(names)
    assert np.array_equal(other.hidden[names], made.hidden)
    assert np.array_equal(other.signals["logits"][names], made.signals["logits"])
    assert other.labeled.known_indices.tolist() == names[made.labeled.known_indices].tolist()
