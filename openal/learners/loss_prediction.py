"""A small network beside the classifier that predicts its loss."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from openal._batches import device_of
from openal._checks import as_count
from openal._evaluation import evaluating_own
from openal.errors import ArgumentError, ModelError
from openal.functional import ranking_loss
from openal.model import named_outputs

__all__ = ["LossPredictingNetwork", "LossPrediction", "joint_loss"]


class LossPrediction(nn.Module):
    """Predicts the loss [B] of a classifier from some of its feature maps.

    Each map [B, C, ...] is averaged over all but its channels, and goes through a linear layer of
    `width` rectified units; side by side they go through a last linear layer. Attach it to your
    own network, give it the maps of your forward pass, and train both on cross-entropy plus
    `functional.ranking_loss`; detach the maps in the last epochs. `device` and `dtype` are those
    of `torch.nn.Linear`.

    Reference: Yoo and Kweon, "Learning Loss for Active Learning", CVPR 2019, section 3.2.

    >>> LossPrediction([64, 128])([torch.zeros(5, 64, 8, 8), torch.zeros(5, 128)]).shape
    torch.Size([5])
    """

    cites = ("yoo2019learning",)

    def __init__(
        self,
        channels: Sequence[int],
        width: int = 128,
        *,
        device: str | torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        sizes = [as_count(each, "channels", minimum=1) for each in channels]
        if not sizes:
            raise ArgumentError("channels must name one or more feature maps, got none.")
        layer = partial(nn.Linear, device=device, dtype=dtype)
        self.hidden = nn.ModuleList(layer(size, width) for size in sizes)
        self.output = layer(width * len(sizes), 1)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """The predicted losses [B] of feature maps [B, C, ...], one for each of `channels`."""
        if len(maps) != len(self.hidden):
            raise ArgumentError(f"maps must be {len(self.hidden)}, one a layer, got {len(maps)}.")
        units = [layer(pooled(each)).relu() for layer, each in zip(self.hidden, maps, strict=True)]
        predicted: Tensor = self.output(torch.cat(units, dim=1))
        return predicted[:, 0]


class LossPredictingNetwork(nn.Module):
    """A classifier with a loss prediction: gives [B, K + 1], K logits and the predicted loss.

    `layers` names the modules of the classifier whose outputs are the feature maps. After
    `joint_steps` passes in training mode the predicted loss teaches the classifier no more.
    """

    def __init__(
        self, network: nn.Module, layers: Sequence[str], x: Tensor, joint_steps: int, width: int
    ) -> None:
        super().__init__()
        self.network, self.layers, self.joint_steps, self.steps = network, layers, joint_steps, 0
        with evaluating_own(network), self._watching() as seen:
            network(x.to(device_of(network)))
        maps = self._maps(seen)
        sizes, dtype = [each.shape[1] for each in maps], maps[0].dtype
        self.loss_prediction = LossPrediction(sizes, width, device="cpu", dtype=dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Logits and predicted loss [B, K + 1] of x [B, ...]."""
        with self._watching() as seen:
            logits = named_outputs(self.network(x))["logits"]
        maps = self._maps(seen)
        self.steps += self.training
        if self.training and self.steps > self.joint_steps:
            maps = [each.detach() for each in maps]
        return torch.cat([logits, self.loss_prediction(maps)[:, None]], dim=1)

    def _maps(self, seen: dict[str, Tensor]) -> list[Tensor]:
        missing = [name for name in self.layers if name not in seen]
        if missing:
            raise ModelError(f"the network's forward pass runs no layer {missing[0]!r}.")
        return [seen[name] for name in self.layers]

    @contextmanager
    def _watching(self) -> Iterator[dict[str, Tensor]]:
        """Fills a mapping with the pooled maps; hooks that stayed would be copied with a copy."""
        seen: dict[str, Tensor] = {}
        modules = dict(self.network.named_modules())
        wrong = [name for name in self.layers if name not in modules]
        if wrong:
            raise ArgumentError(
                f"layers must name modules of the network, which has no {wrong[0]!r}; "
                f"it has {[name for name in modules if name][:9]}."
            )

        def watch(name: str) -> Any:
            def hook(_: nn.Module, __: Any, output: Any) -> None:
                seen[name] = pooled(output)

            return modules[name].register_forward_hook(hook)

        hooks = [watch(name) for name in self.layers]
        try:
            yield seen
        finally:
            for hook in hooks:
                hook.remove()


def pooled(values: Any) -> Tensor:
    """A feature map [B, C, ...] averaged to [B, C]."""
    if not isinstance(values, Tensor) or values.ndim < 2:
        found = tuple(values.shape) if isinstance(values, Tensor) else type(values).__name__
        raise ModelError(f"a feature map must be a tensor [B, C, ...], got {found}.")
    return values if values.ndim == 2 else values.flatten(2).mean(dim=2)


def joint_loss(outputs: Tensor, labels: Tensor, *, margin: float, weight: float) -> Tensor:
    """Mean cross-entropy of the logits, plus `weight` times how wrongly its pairs are ranked."""
    if not outputs.isfinite().all():  # the loss says so; a ranking cannot be computed
        return outputs.sum() * torch.nan
    losses = cross_entropy(outputs[:, :-1], labels, reduction="none")
    return losses.mean() + weight * ranking_loss(outputs[:, -1], losses, margin=margin)
