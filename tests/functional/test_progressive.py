"""PAL's value of an item."""

from math import e, log

import pytest
import torch

from openal.errors import ArrayError
from openal.functional.entropies import progressive_score
from tests.walking import walked


def by_hand(heads: torch.Tensor, mu: float) -> tuple[list[float], list[bool]]:
    values, known = [], []
    for no, yes in heads.double().tolist():
        pairs = [
            (1 / (1 + e ** (b - a)), 1 / (1 + e ** (a - b))) for a, b in zip(no, yes, strict=True)
        ]
        q, w = max(p for p, _ in pairs), max(p for _, p in pairs)
        decided = 2.5 * (1 + q * log(q))
        known.append(w > 0.5)
        values.append(w + mu * (decided if w > 0.5 else 1 - decided))
    return values, known


@walked
@pytest.mark.parametrize("classes", [1, 2, 7])
@pytest.mark.parametrize("mu", [0.0, 0.6, 1.0])
def test_equals_the_definition(classes: int, mu: float) -> None:
    heads = 2 * torch.randn(50, 2, classes, generator=torch.Generator().manual_seed(classes)) - 0.3
    value, known = progressive_score(heads, mu=mu)
    expected, told = by_hand(heads, mu)
    torch.testing.assert_close(value, torch.tensor(expected), atol=1e-5, rtol=0)
    assert known.tolist() == told


def test_one_head_that_is_undecided() -> None:
    value, known = progressive_score(torch.zeros(1, 2, 1), mu=1.0)
    assert not known
    assert value.item() == pytest.approx(0.5 + 1 - 2.5 * (1 + 0.5 * log(0.5)))


@pytest.mark.parametrize("far", [800.0, 1e30])
def test_sure_heads_stay_finite(far: float) -> None:
    yes, no = (0.0, far), (far, 0.0)
    heads = torch.tensor([[yes, no], [no, no], [yes, yes]]).mT
    value, known = progressive_score(heads, mu=1.0)
    assert value.tolist() == [3.5, -1.5, 3.5]
    assert known.tolist() == [True, False, True]


def test_only_the_difference_of_the_two_logits_counts() -> None:
    heads = torch.randn(20, 2, 3, dtype=torch.float64)
    shifted = progressive_score(heads + 5)[0]
    torch.testing.assert_close(shifted, progressive_score(heads)[0])


def test_equal_rows_have_equal_values() -> None:
    heads = torch.randn(1, 2, 5).expand(10_001, 2, 5)
    assert len(progressive_score(heads)[0].unique()) == 1


def test_refuses_nan() -> None:
    heads = torch.zeros(3, 2, 2)
    heads[1, 0, 0] = torch.nan
    with pytest.raises(ArrayError, match=r"head_logits.*row 1"):
        progressive_score(heads)


def test_refuses_heads_of_one_output() -> None:
    with pytest.raises(ArrayError, match=r"head_logits must be \(N, 2, K\), got \(4, 1, 3\)"):
        progressive_score(torch.zeros(4, 1, 3))
