"""What can be queried: N items and named signals, by global index."""

import pickle
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.data import IterableDataset, TensorDataset

import openal.learners
from openal._signals import STANDARD
from openal.errors import ArgumentError, ArrayError, MissingSignalError, OpenALError
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.pool import Frozen, Learner, Pool
from openal.strategies import NEAT
from openal.view import Blocks
from tests.walking import walked

Z = np.arange(30.0).reshape(10, 3)


def answered() -> LabeledSet:
    labeled = LabeledSet(10, 3)
    labeled.add([7, 2, 5, 0], [1, UNKNOWN, 0, SKIPPED])
    return labeled


@dataclass(eq=False)
class Doubling:
    """A learner of `logits`; counts its trainings."""

    offers: tuple[str, ...] = ("logits",)
    reads: tuple[str, ...] = ("embeddings",)
    trained: int = 0

    def fit(self, pool: Pool, labeled: Any, *, seed: int = 0, progress: Any = None) -> "Doubled":
        self.trained += 1
        return Doubled()


@dataclass(eq=False)
class Doubled:
    name: str = "logits"
    source: str = "embeddings"

    @property
    def offers(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.source,)

    def signals(
        self, pool: Pool, indices: np.ndarray, names: tuple[str, ...], *, progress: Any = None
    ) -> dict[str, Tensor]:
        return {self.name: 2 * pool.take(self.source, indices)}


# --- making one


def test_the_size_is_that_of_the_items_and_the_signals() -> None:
    assert len(Pool(Z)) == len(Pool(embeddings=Z)) == len(Pool(Z, logits=torch.zeros(10, 2))) == 10
    assert len(Pool(Z, logits=Doubling())) == 10
    assert len(Pool(TensorDataset(torch.zeros(4, 2)))) == 4
    assert len(Pool(embeddings=np.zeros((0, 3)))) == 0


def test_a_pool_shows_its_size_and_signals() -> None:
    assert (
        repr(Pool(Z, logits=Z, embeddings=Z)) == "Pool(size=10, signals=['embeddings', 'logits'])"
    )
    assert Pool(Z, logits=Z).offers == ("items", "logits")
    assert Pool(logits=Z).offers == ("logits",)


@pytest.mark.parametrize(
    "arguments, signals, found",
    [
        ((), {}, "none is countable"),
        ((), {"logits": Doubling()}, "none is countable"),
        ((Z,), {"logits": Z[:9]}, "logits has 9, items has 10"),
        ((), {"logits": Z, "embeddings": Z[:4]}, "logits has 10, embeddings has 4"),
    ],
)
def test_everything_agrees_on_the_size(arguments: Any, signals: Any, found: str) -> None:
    with pytest.raises(ArgumentError, match=f"must agree on N: {found}"):
        Pool(*arguments, **signals)


class Stream(IterableDataset[Any]):
    def __iter__(self) -> Any:
        return iter(range(3))


class CountedStream(Stream):
    def __len__(self) -> int:
        return 3


@pytest.mark.parametrize("items", [3, iter([1, 2]), Stream(), CountedStream(), {1, 2}])
def test_items_are_a_map_style_data_set(items: Any) -> None:
    with pytest.raises(ArgumentError, match="map-style"):
        Pool(items)


def test_items_are_no_signal() -> None:
    with pytest.raises(ArgumentError, match="items"):
        Pool(items=Z)


@pytest.mark.parametrize("value", [[[1.0, 2.0]], None, 3, "clip.npy", Doubled])
def test_a_signal_is_an_array_or_a_learner(value: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^embeddings must be an array or a learner"):
        Pool(Z, embeddings=value)


def test_learners_are_told_by_what_they_can_do() -> None:
    assert isinstance(Doubling(), Learner)
    assert not isinstance(Doubling(), Frozen)
    assert isinstance(Doubled(), Frozen)
    assert not isinstance(Z, Frozen | Learner)


# --- signals


def test_taking_rows_by_global_index() -> None:
    pool = Pool(embeddings=Z, logits=Doubled())
    assert pool.take("embeddings", [9, 0]).tolist() == [[27, 28, 29], [0, 1, 2]]
    assert pool.take("logits", [9]).tolist() == [[54, 56, 58]]


@pytest.mark.parametrize("indices", [[10], [-1], [1, 1], [0.5], [True]])
def test_taking_refuses_what_is_no_index(indices: Any) -> None:
    with pytest.raises(ArrayError, match=r"^indices"):
        Pool(embeddings=Z).take("embeddings", indices)


def test_taking_what_is_not_there_says_what_is() -> None:
    with pytest.raises(MissingSignalError, match=r"'logits' cannot be taken.*offers 'embeddings'"):
        Pool(embeddings=Z).take("logits", [0])


def test_more_signals_make_another_pool() -> None:
    pool = Pool(embeddings=Z)
    other = pool.with_signals(embeddings=-Z, logits=Z)
    assert pool.offers == ("embeddings",)
    assert pool.take("embeddings", [1]).tolist() == [[3, 4, 5]]
    assert other.take("embeddings", [1]).tolist() == [[-3, -4, -5]]
    with pytest.raises(ArgumentError, match="agree on N"):
        pool.with_signals(logits=Z[:3])


def test_what_comes_from_a_replaced_signal_is_computed_again() -> None:
    pool = Pool(embeddings=Z, logits=Doubled(), features=Doubled("features", "logits"), spare=Z)
    assert pool.take("features", [1]).tolist() == [[12, 16, 20]]
    other = pool.with_signals(embeddings=-Z)
    assert other.take("features", [1]).tolist() == [[-12, -16, -20]]
    assert pool.take("features", [1]).tolist() == [[12, 16, 20]]


def test_what_was_computed_stays_where_nothing_it_reads_is_replaced() -> None:
    learner = Doubled()
    pool = Pool(embeddings=Z, logits=learner, spare=Z)
    pool.take("logits", [1])
    other = pool.with_signals(spare=-Z, more=Z)
    assert other._sources["logits"] is pool._sources["logits"]
    assert other.with_signals(embeddings=Z)._sources["logits"] is not pool._sources["logits"]


def test_an_engine_stays_with_the_pool_and_its_descendants() -> None:
    pool = Pool(embeddings=Z)
    other = pool.with_engine(Blocks(3)).with_signals(logits=Z)
    assert other.view(answered(), reads=("logits",)).engine == Blocks(3)
    assert pool.view(answered(), reads=()).engine == Blocks()


def test_a_pool_pickles() -> None:
    copy = pickle.loads(pickle.dumps(Pool(Z, embeddings=Z, logits=Doubled())))
    assert copy.take("logits", [1]).tolist() == [[6, 8, 10]]


# --- views


def test_a_view_parts_what_was_answered_from_what_was_not() -> None:
    view = Pool(embeddings=Z).view(answered(), reads=("embeddings",))
    assert view.pool.indices.tolist() == [1, 3, 4, 6, 8, 9]
    assert view.known.indices.tolist() == [7, 5]
    assert view.labels.tolist() == [1, 0]
    assert view.labels.dtype == torch.int64
    assert view.invalid.indices.tolist() == [2]
    assert view.num_classes == 3
    assert view.known["embeddings"].tolist() == [[21, 22, 23], [15, 16, 17]]
    assert view.invalid["embeddings"].tolist() == [[6, 7, 8]]
    assert len(view.history) == 1


def test_candidates_narrow_the_view_and_answered_ones_are_left_out() -> None:
    view = Pool(embeddings=Z).view(answered(), reads=(), candidates=[9, 2, 3, 0])
    assert view.pool.indices.tolist() == [3, 9]
    assert view.pool.indices.dtype == np.int64


def test_all_candidates_may_be_answered() -> None:
    assert len(Pool(embeddings=Z).view(answered(), reads=(), candidates=[7]).pool) == 0


@walked
@pytest.mark.parametrize("candidates", [[], [3, 3], [10], [-1], [1.0], "12", 1.5, 3, [[1]]])
def test_candidates_that_cannot_be_are_refused(candidates: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^candidates"):
        Pool(embeddings=Z).view(answered(), reads=(), candidates=candidates)


@pytest.mark.parametrize("size", [9, 11])
def test_a_labeled_set_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(ArgumentError, match=f"labeled has {size} items; the pool has 10"):
        Pool(embeddings=Z).view(LabeledSet(size, 3), reads=())


def test_a_view_shows_only_what_was_declared() -> None:
    view = Pool(embeddings=Z, logits=Z).view(answered(), reads=("logits",))
    with pytest.raises(MissingSignalError, match="'embeddings' was read without being declared"):
        view.pool["embeddings"]


# --- who offers a signal


def test_what_the_pool_offers_goes_before_a_default_learner() -> None:
    default = Doubling()
    pool = Pool(embeddings=Z, logits=-Z)
    view = pool.view(answered(), reads=("logits",), defaults=(default,))
    assert view.pool["logits"].tolist()[0] == [-3, -4, -5]
    assert default.trained == 0


def test_a_default_learner_makes_what_is_not_offered() -> None:
    default = Doubling()
    view = Pool(embeddings=Z).view(answered(), reads=("logits",), defaults=(default,))
    assert default.trained == 0
    assert view.pool["logits"].tolist()[0] == [6, 8, 10]
    assert default.trained == 1


def test_the_first_usable_default_learner_is_taken() -> None:
    images, vectors = Doubling(reads=("items",)), Doubling()
    pool = Pool(embeddings=Z)
    view = pool.view(answered(), reads=("logits",), defaults=(images, vectors))
    view.pool["logits"]
    assert (images.trained, vectors.trained) == (0, 1)


def test_a_model_goes_before_what_the_pool_offers() -> None:
    pool = Pool(torch.from_numpy(Z).float(), logits=-Z)
    view = pool.view(answered(), reads=("logits",), model=lambda x: x + 1)
    assert view.pool["logits"].tolist()[0] == [4, 5, 6]
    assert pool.take("logits", [1]).tolist() == [[-3, -4, -5]]


def test_a_frozen_learner_may_be_the_model() -> None:
    view = Pool(embeddings=Z).view(answered(), reads=("logits",), model=Doubled())
    assert view.pool["logits"].tolist()[0] == [6, 8, 10]


@pytest.mark.parametrize("model", [3, "resnet18", Z])
def test_a_model_is_a_callable(model: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^model must be a module or a callable"):
        Pool(Z).view(answered(), reads=("logits",), model=model)


def test_a_missing_signal_says_who_reads_it_what_is_there_and_what_to_do() -> None:
    with pytest.raises(MissingSignalError) as error:
        Pool(embeddings=Z).view(answered(), reads=("logits",), reader="NEAT")
    assert str(error.value) == (
        "NEAT reads 'logits'; the pool offers 'embeddings'. Give Pool(..., logits=an array or a "
        "learner); or Pool(..., logits=EmbeddingClassifier()), from openal.learners; or "
        "query(..., model=your network)."
    )


@pytest.mark.parametrize("name", [name for name, signal in STANDARD.items()])
def test_a_missing_signal_names_a_learner_that_offers_it(name: str) -> None:
    with pytest.raises(MissingSignalError) as error:
        Pool(Z).view(answered(), reads=(name,))
    named = re.findall(rf"Pool\(\.\.\., {name}=([A-Z]\w+)\(", str(error.value))
    assert named and all(hasattr(openal.learners, learner) for learner in named)
    assert "from openal.learners" in str(error.value)


def test_the_line_that_a_missing_signal_names_mends_it() -> None:
    pool = Pool(embeddings=np.eye(20))
    labeled = LabeledSet(20, ["cat", "dog"])
    labeled.add([0, 1], [0, 1])
    with pytest.raises(MissingSignalError, match=r"logits=EmbeddingClassifier\(\)"):
        NEAT().query(pool, labeled, 3)
    mended = pool.with_signals(logits=openal.learners.EmbeddingClassifier())
    assert len(NEAT().query(mended, labeled, 3)) == 3


def test_every_missing_signal_says_what_to_give() -> None:
    pool = Pool(embeddings=Z, logits=Doubling())
    with pytest.raises(MissingSignalError, match=r"Give Pool\(\.\.\., logits=an array"):
        pool.take("logits", [0])
    with pytest.raises(MissingSignalError, match=r"Give Pool\(\.\.\., features=an array"):
        pool.take("features", [0])


def test_a_missing_signal_names_what_its_learner_would_need() -> None:
    with pytest.raises(MissingSignalError, match="what Doubling needs: embeddings"):
        Pool(Z).view(answered(), reads=("logits",), defaults=(Doubling(),))


def test_a_learner_without_what_it_reads_is_refused_before_training() -> None:
    learner = Doubling()
    with pytest.raises(MissingSignalError, match="'logits' reads 'embeddings'"):
        Pool(Z, logits=learner).view(answered(), reads=("logits",))
    assert learner.trained == 0


def test_every_signal_is_looked_for_before_anything_is_trained() -> None:
    learner = Doubling()
    with pytest.raises(MissingSignalError, match="'features'"):
        Pool(embeddings=Z, logits=learner).view(answered(), reads=("features", "logits"))
    assert learner.trained == 0


def test_a_missing_signal_is_no_key_error_but_a_look_up_that_failed() -> None:
    assert issubclass(MissingSignalError, LookupError)
    assert issubclass(MissingSignalError, OpenALError)
