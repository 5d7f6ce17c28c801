"""One step of training."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from openal.errors import ArgumentError
from openal.learners import Classifier
from openal.learners._sgd import TrainingSettings, descent, epochs, train


def moved(max_norm: float) -> Tensor:
    network = nn.Linear(2, 1, bias=False)
    before = network.weight.detach().clone()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.5)
    step = descent(network, (optimizer,), Tensor.sum, None, 0, max_norm)
    step(torch.tensor([[300.0, 400.0]]))
    return (network.weight - before).detach()


def test_a_step_is_no_longer_than_the_largest_gradient_allows() -> None:
    assert torch.allclose(moved(2.0), torch.tensor([[-0.6, -0.8]]), atol=1e-4)
    assert torch.allclose(moved(float("inf")), torch.tensor([[-150.0, -200.0]]))


def rates(monkeypatch: pytest.MonkeyPatch, **more: Any) -> list[float]:
    """The learning rate of every step of a training."""
    seen: list[float] = []
    step = torch.optim.SGD.step

    def recording(self: torch.optim.SGD, *args: Any, **options: Any) -> Any:
        seen.append(round(self.param_groups[0]["lr"], 9))
        return step(self, *args, **options)

    monkeypatch.setattr(torch.optim.SGD, "step", recording)
    settings = TrainingSettings(
        epochs=8,
        batch_size=4,
        lr=1.0,
        momentum=0.0,
        weight_decay=0.0,
        **{"step_size": 3, "gamma": 0.1, "augment": None, "amp": None, **more},
    )
    network, labels = nn.Linear(2, 2), torch.tensor([0, 1, 0, 1, 0, 1, 0, 1])
    train(
        network,
        torch.randn(8, 2),
        labels,
        loss=nn.functional.cross_entropy,
        settings=settings,
        seed=0,
        progress=False,
    )
    return seen


def test_the_rate_falls_every_so_many_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rates(monkeypatch) == [1.0] * 6 + [0.1] * 6 + [0.01] * 4


def test_the_rate_falls_at_shares_of_the_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    found = rates(monkeypatch, milestones=(0.5, 0.75), steps_per_epoch=5)
    assert found == [1.0] * 20 + [0.1] * 10 + [0.01] * 10


def test_the_rate_falls_along_a_cosine(monkeypatch: pytest.MonkeyPatch) -> None:
    found = rates(monkeypatch, schedule="cosine")
    expected = [(1 + math.cos(math.pi * step / len(found))) / 2 for step in range(len(found))]
    assert found == pytest.approx(expected)


def test_the_rate_of_one_cycle_rises_to_its_top_and_falls(monkeypatch: pytest.MonkeyPatch) -> None:
    found = rates(monkeypatch, schedule="one_cycle")
    top = found.index(max(found))
    assert found[0] == pytest.approx(1 / 25) and max(found) == pytest.approx(1.0, abs=0.05)
    assert found == sorted(found[:top]) + sorted(found[top:], reverse=True)
    assert top == pytest.approx(0.3 * len(found), abs=1) and found[-1] < 0.1


def test_steps_are_drawn_with_replacement() -> None:
    settings = TrainingSettings(3, 64, 1.0, 0, 0, 1, 1.0, None, None, steps_per_epoch=5)
    inputs = torch.arange(10.0)[:, None]
    batches = [[rows for _, rows in each] for each in epochs(inputs, settings, 0, False)]
    assert [[len(rows) for rows in each] for each in batches] == [[64] * 5] * 3
    drawn = torch.cat([rows for each in batches for rows in each])
    assert torch.bincount(drawn).float().div(96).sub(1).abs().max() < 0.35  # 96 of each expected
    assert not batches[0][0].equal(batches[0][1])
    again = [[rows for _, rows in each] for each in epochs(inputs, settings, 0, False)]
    assert again[2][4].equal(batches[2][4])


@pytest.mark.parametrize(
    "wrong",
    [
        {"milestones": (0.0,)},
        {"milestones": (1.5,)},
        {"steps_per_epoch": 0},
        {"schedule": "cosinus"},
    ],
)
def test_a_schedule_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        Classifier(**wrong)
