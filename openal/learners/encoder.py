"""Any frozen network as the source of a pool's embeddings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from openal._batches import Transformed, batches, check_batches, device_of
from openal._evaluation import evaluated
from openal._fields import check_fields
from openal._workers import plain_worker_errors
from openal.errors import ModelError
from openal.model import joined
from openal.pool import Pool

__all__ = ["Encoder"]

OUTPUTS = ("image_embeds", "embeddings", "pooler_output")


@dataclass(frozen=True)
class Encoder:
    """Embeds items with a network that is not trained: `Pool(items, embeddings=Encoder(module))`.

    `module` is a network, one of its methods, or any function from a batch of inputs to a tensor
    [B, ...], flattened to [B, D]; or to a mapping or an object that has it as `image_embeds`,
    `embeddings` or `pooler_output`. `transform` makes a tensor of each input x; without it x is
    one. `normalize` divides each embedding by its length.

    The module runs in evaluation mode without gradients, as a copy that shares its parameters:
    the module itself is not touched.
    `device=None`: where the module's parameters are.

    Args:
        module: the network, one of its methods, or a function of a batch.
        device: where it runs; None: where the module or the embeddings are, else a GPU
            where there is one.
        batch_size: items in a batch; None: 32 on a CPU, 256 on a GPU.
        workers: processes that read items; 0 reads them here.
        normalize: whether each embedding is divided by its length.
        transform: makes a tensor of an input; None: inputs are tensors.
    """

    module: Callable[[Tensor], Any]
    device: str | torch.device | None = None
    batch_size: int | None = None
    workers: int = 0
    normalize: bool = False
    transform: Callable[[Any], Any] | None = None

    offers: ClassVar[tuple[str, ...]] = ("embeddings",)
    reads: ClassVar[tuple[str, ...]] = ("items",)

    def __post_init__(self) -> None:
        check_fields(self)
        check_batches(self.batch_size, self.workers)

    def signals(
        self,
        pool: Pool,
        indices: np.ndarray,
        names: tuple[str, ...],
        *,
        progress: bool | None = None,
    ) -> dict[str, Tensor]:
        """The embeddings [n, D] at `indices`, under each of `names`, on the module's device."""
        inputs = pool.items if self.transform is None else Transformed(pool.items, self.transform)
        device = device_of(self.module, self.device)
        with plain_worker_errors(self.workers), evaluated(self.module, "module") as network:
            parts = [
                self._embedded(network.call(x), x)
                for x in batches(
                    inputs,
                    indices,
                    device,
                    batch_size=self.batch_size,
                    workers=self.workers,
                    progress=progress,
                )
            ]
        return dict.fromkeys(names, joined(parts, "embeddings", device))

    def _embedded(self, returned: Any, x: Tensor) -> Tensor:
        output = _tensor(returned)
        if output is None or output.shape[:1] != x.shape[:1]:
            raise ModelError(
                f"module must return a tensor with a row per input, or a mapping or an object "
                f"that has it as one of {', '.join(OUTPUTS)}; got {output!r:.80}."
            )
        z = output.detach().flatten(1)
        return normalize(z.float(), dim=1).to(z) if self.normalize else z.clone()


def _tensor(output: Any) -> Tensor | None:
    """The tensor that a module returned, itself or by one of the names in use."""
    found = output if isinstance(output, Mapping) else getattr(output, "__dict__", {})
    values = [output, *(found.get(name) for name in OUTPUTS)]
    return next((value for value in values if isinstance(value, Tensor)), None)
