"""A share of the budget for another kind."""

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError
from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.selection import Quota
from openal.view import View

POOL = Pool(embeddings=np.zeros((20, 1)))


def rising(view: View) -> Tensor:
    return torch.from_numpy(view.pool.indices).float()


def falling(view: View) -> Tensor:
    return -rising(view)


def view_of(answers: dict[int, int]) -> View:
    labeled = LabeledSet(20, 2)
    labeled.add([*answers], [*answers.values()])
    return POOL.view(labeled, reads=())


SEEN = view_of({19: UNKNOWN})


@pytest.mark.parametrize(
    "share, budget, kept",
    [
        (0.0, 4, [18, 17, 16, 15]),
        (0.25, 4, [18, 17, 16, 0]),
        (0.1, 4, [18, 17, 16, 15]),
        (0.4, 4, [18, 17, 0, 1]),
        (1.0, 3, [0, 1, 2]),
    ],
)
def test_the_share_goes_to_the_other_score(share: float, budget: int, kept: list[int]) -> None:
    assert Quota(rising, other=falling, share=share)(SEEN, budget).kept.tolist() == kept


def test_the_first_share_ends_with_the_first_unknown() -> None:
    quota = Quota(rising, other=falling, share=0.0, first_share=0.5)
    assert quota(view_of({19: 1}), 4).kept.tolist() == [18, 17, 0, 1]
    assert quota(SEEN, 4).kept.tolist() == [18, 17, 16, 15]


def test_nothing_is_chosen_twice() -> None:
    kept = Quota(rising, other=rising, share=0.5)(SEEN, 6).kept
    assert sorted(kept.tolist()) == [13, 14, 15, 16, 17, 18]


def test_a_budget_beyond_the_pool() -> None:
    assert sorted(Quota(rising, other=falling, share=0.3)(SEEN, 10**9).kept.tolist()) == list(
        range(19)
    )


@pytest.mark.parametrize("name", ["share", "first_share"])
@pytest.mark.parametrize("value", [-0.1, 1.1, "half"])
def test_refuses_what_is_no_share(name: str, value: object) -> None:
    with pytest.raises(ArgumentError, match=name):
        Quota(rising, other=falling, **{name: value})  # type: ignore[arg-type]
