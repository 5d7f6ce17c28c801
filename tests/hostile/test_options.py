"""Every field of every part, strategy and learner, given what it cannot be."""

import importlib
import math
import re
from dataclasses import MISSING, dataclass, fields, is_dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from openal import selection
from openal._fields import as_device, check_fields
from openal.errors import ArgumentError, OpenALError
from openal.informativeness import Entropy
from openal.learners import DropoutClassifier, Encoder
from openal.pool import Pool
from openal.query import Chain
from openal.selection import PredictedClass, Top
from openal.testing import world
from openal.testing._repeat_checks import expect_randomness_alone
from openal.testing._world import ask
from openal.view import View
from tests.walking import walked

ROOMS = ("selection", "purity", "informativeness", "strategies", "learners")

WRONG = {
    "None": None,
    "-1": -1,
    "NaN": math.nan,
    "x": "x",
    "True": True,
    "inf": math.inf,
}

# What a part needs, by the name of the field.
GIVEN: dict[str, Any] = {
    "stage": Top(Entropy(), factor=2),
    **dict.fromkeys(("score", "then", "other", "first", "second", "order"), Entropy()),
    **dict.fromkeys(("informativeness", "purity"), Entropy()),
    **dict.fromkeys(("groups",), PredictedClass()),
    **dict.fromkeys(("classes", "negatives", "others", "yes", "no"), torch.eye(3, 8)),
    "vectors": "features",
    "module": nn.Identity(),
    "model": nn.Sequential(nn.Dropout()),
    "mean": (0.5, 0.5, 0.5),
    "std": (0.5, 0.5, 0.5),
    "exponent": 2.0,
    "model_name": "ViT-B-32",
    "checkpoint": "clipn.pt",
    "encoder": SimpleNamespace(class_texts=len),
}

# What some need although it has a default.
BESIDES: dict[str, dict[str, Any]] = {
    "CLIP": {"pretrained": "openai"},
    "Filter": {"above": 0.5},
    "UntilKnown": {"first": Top(Entropy()), "then": Top(Entropy())},
}

# Where one of these values is what the field is for: none of a thing, any number, a name, a path.
ALLOWED = {
    "None": {
        *("Clusters.limit", "Cover.delta", "Cover.num_clusters", "Quota.first_share"),
        *("CLIPNPurity.embeddings", "CLIPNPurity.scales", "CLIPNAL.scales"),
        *("ClassGaussians.prior", "DistanceEntropy.clusters"),
        *("EpistemicMixture.features", "KnownNeighbors.probes", "MahalanobisPurity.prior"),
        *("OpenMaxPurity.scale", "Inconsistency.probes", "CLIPNAL.texts", "EAOA.target"),
        *("EAOA.detector", "EOAL.detector", "EOAL.n_unknown_clusters", "JSOSAL.detector"),
        *("JSOSAL.entropy", "JSOSAL.max_weight_ratio", "JSOSAL.then", "LfOSA.detector"),
        *("LfOSA.then", "NEAT.probes", "NEAT.then", "PAL.first_share", "OpenMax.scale"),
        "OpenPathology.prior",
        *("ProbCover.delta", "ProbCover.num_clusters", "CLIPN.negated_templates"),
        "EmbeddingEntropicDetector.hidden",
        *("KernelShare.width", "KernelShare.prior_weight", "DetectorProbability.before"),
        *("WeightedKMeans.weight", "WeightedKMeans.pick", "KnownKMeans.texts"),
        *("OpenPath.texts", "PromptGate.texts"),
    },
    "-1": {"Filter.above", "SemanticGate.threshold", "CCAL.threshold"},
    "x": {"CLIP.model_name", "CLIPN.model_name", "CLIPN.checkpoint"},
}

# These have the same meaning in all learners.
OPTIONAL = {
    *("factory", "augment", "device", "amp", "n_unknown_clusters", "max_weight_ratio"),
    *("energy_margin", "steps_per_epoch", "store", "precision", "transform"),
}
PATHS = {"store", "pretrained"}


@dataclass(frozen=True)
class SloppyPart:
    """Another's part, whose default is not of its type."""

    flag: bool = None  # type: ignore[assignment]


def kinds() -> dict[str, type[Any]]:
    """Every public dataclass of these rooms by its room and name."""
    found = {}
    for room in ROOMS:
        module = importlib.import_module(f"openal.{room}")
        for name in module.__all__:
            if is_dataclass(kind := getattr(module, name)) and isinstance(kind, type):
                found[f"{room}.{name}"] = kind
    return found


KINDS = kinds()


def needed(kind: type[Any]) -> dict[str, Any]:
    """The arguments without which a kind cannot be made."""
    bare = (f for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING)
    return {each.name: GIVEN[each.name] for each in bare} | BESIDES.get(kind.__name__, {})


def cases(*, fitting: bool) -> dict[str, tuple[str, str, Any]]:
    """Each field with each value that it is for, or is not for."""
    return {
        f"{key}.{each.name}-{what}": (key, each.name, value)
        for key, kind in KINDS.items()
        for each in fields(kind)
        for what, value in WRONG.items()
        if fits(kind.__name__, each, what, learner=key.startswith("learners.")) == fitting
    }


def fits(kind: str, each: Any, what: str, *, learner: bool) -> bool:
    """Whether a field is for that value."""
    if f"{kind}.{each.name}" in ALLOWED.get(what, ()):
        return True
    if what == "None" and f"{kind}.{each.name}" != "CLIP.pretrained":
        return learner and (each.name in OPTIONAL or each.default is None)
    if what == "True":
        return isinstance(each.default, bool) or each.name == "amp"
    text = isinstance(each.default, str) or each.name == "vectors"
    return what == "x" and ((text and not is_choice(each)) or (learner and each.name in PATHS))


def is_choice(each: Any) -> bool:
    """Whether only a few words may stand in the field."""
    words = ("rule", "tie_break", "centers", "score", "entropy", "detector", "templates")
    words += ("objective", "start", "schedule", "of")
    return each.name.removeprefix("negated_") in words


def used(part: Any, room: str) -> None:
    """A query that reads the part."""
    if room == "learners":
        offering = world().offering({"embeddings": world().signals["embeddings"]})
        items = torch.zeros(len(offering), 8)
        pool = Pool(items, embeddings=items, **dict.fromkeys(part.offers, part))
        Chain(Top(read(part.offers[0]))).query(pool, offering.labeled, 3, seed=0, progress=False)
    elif room == "strategies":
        ask(part, world(), 3)
    else:
        ask(Chain(stage_of(part)), world(), 3)


def read(name: str) -> Any:
    def score(view: View) -> Tensor:
        return view.pool[name].flatten(1).sum(dim=1)

    score.reads = (name,)  # type: ignore[attr-defined]
    return score


def stage_of(part: Any) -> Any:
    """The part as a stage, or in one."""
    if isinstance(part, selection.Clusters | selection.NearestClass | PredictedClass):
        return selection.TopPerGroup(Entropy(), groups=part)
    if isinstance(part, selection.Directions | selection.Signal):
        return selection.KCenter(part)
    if isinstance(part, selection.GradientEmbedding):
        return selection.KMeansPlusPlus(part)
    takes_budget = "budget" in type(part).__call__.__code__.co_varnames
    return part if takes_budget else Top(part)


REFUSED, KEPT = cases(fitting=False), cases(fitting=True)


@walked
@pytest.mark.parametrize("key, field, value", REFUSED.values(), ids=REFUSED)
def test_an_option_that_cannot_be_is_named(key: str, field: str, value: Any) -> None:
    kind, room = KINDS[key], key.split(".")[0]
    with expect_randomness_alone("a refused option"), pytest.raises(OpenALError) as error:
        used(kind(**{**needed(kind), field: value}), room)
    assert re.search(rf"(?<![\w.]){field}\b", str(error.value)), str(error.value)


@walked
@pytest.mark.parametrize("key, field, value", KEPT.values(), ids=KEPT)
def test_an_option_that_can_be_is_kept(key: str, field: str, value: Any) -> None:
    kind = KINDS[key]
    part = kind(**{**needed(kind), field: value})
    found = getattr(part, field)
    assert found == value or found == selection.Signal(value)


@walked
@pytest.mark.parametrize("key", KINDS)
def test_a_part_can_be_made(key: str) -> None:
    kind = KINDS[key]
    check_fields(kind(**needed(kind)))


def test_another_name_of_a_signal_is_looked_for() -> None:
    with pytest.raises(OpenALError, match="reads 'x'; the pool offers"):
        ask(Chain(Top(Entropy(logits="x"))), world())


@walked
@pytest.mark.parametrize("device", ["x", "cuda:99", "cpu:cpu", 3, None, True])
def test_a_device_that_is_not_there(device: Any) -> None:
    with pytest.raises(ArgumentError, match="device"):
        as_device(device)


def test_a_device_that_is_not_there_is_told_where_it_is_used() -> None:
    pool = Pool(torch.zeros(4, 2), embeddings=Encoder(nn.Identity(), device="cuda:99"))
    with pytest.raises(ArgumentError, match=r"device 'cuda:99' cannot be used here"):
        pool.take("embeddings", [0])


def test_what_a_part_says_of_itself_is_not_refused() -> None:
    check_fields(DropoutClassifier())
    check_fields(SloppyPart())
    with pytest.raises(ArgumentError, match="flag must be True or False, got 'no'"):
        check_fields(SloppyPart(flag="no"))  # type: ignore[arg-type]
