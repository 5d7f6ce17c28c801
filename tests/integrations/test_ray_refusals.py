"""What is refused before a cluster is asked."""

import sys
from typing import Any

import numpy as np
import pytest
import torch

from openal import LabeledSet, Pool
from openal.errors import ArgumentError, MissingPackageError
from openal.integrations.ray import RayEngine
from openal.strategies import Coreset


def map_by(engine: RayEngine) -> Any:
    view = Pool(x=np.eye(3)).with_engine(engine).view(LabeledSet(3, 2), reads=("x",))
    return view.map(torch.Tensor.double, "x")


def test_without_a_cluster_the_call_that_makes_one_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pytest.importorskip("ray"), "is_initialized", lambda: False)
    with pytest.raises(ArgumentError, match=r"call ray\.init\(\)"):
        map_by(RayEngine())


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingPackageError, match=r'pip install "openal\[ray\]"'):
        map_by(RayEngine())


@pytest.mark.parametrize(
    "options",
    [{"rows": 0}, {"block_bytes": 0}, {"cpus": 0}, {"retries": -1}, {"gather_bytes": 0}],
    ids=repr,
)
def test_an_option_that_cannot_be_is_named(options: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        RayEngine(**options)


def test_a_stage_that_takes_more_than_this_process_may_hold_is_refused() -> None:
    # Coreset maps nothing, so that no cluster is asked.
    z, labeled = np.zeros((5000, 2), np.float32), LabeledSet(5000, 2)
    pool = Pool(features=z).with_engine(RayEngine(gather_bytes=39_999))
    with pytest.raises(ArgumentError, match="'features' of 5,000 items at once, 40,000 bytes"):
        Coreset().query(pool, labeled, 3, progress=False)
    pool = pool.with_engine(RayEngine(gather_bytes=40_000))
    assert len(Coreset().query(pool, labeled, 3, progress=False)) == 3
