"""The augmentation of the open-set active-learning papers, for a whole batch at once."""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import pad

from openal.checks import as_count

__all__ = ["CropFlip"]


@dataclass(frozen=True)
class CropFlip:
    """Shifts each image at random by up to `padding` pixels, and mirrors every second one.

    `CropFlip()(x, generator)` is a crop of the size of the images x [B, C, H, W] out of their
    version padded with zeros, and a horizontal flip, drawn for each image. Other inputs are
    returned as they are. The draws do not depend on the device of x.
    """

    padding: int = 4

    def __post_init__(self) -> None:
        as_count(self.padding, "padding")

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """The augmented batch, of the shape and type of x."""
        if x.ndim != 4:
            return x
        count, _, height, width = x.shape
        draw = partial(torch.randint, generator=generator, device=generator.device)
        top, left = draw(2 * self.padding + 1, (2, count, 1))
        flip = draw(2, (count, 1)) == 1
        across, down = (torch.arange(each, device=flip.device) for each in (width, height))
        rows = (top + down).to(x.device)  # [B, H]
        columns = (left + torch.where(flip, across.flip(0), across)).to(x.device)  # [B, W]
        image = torch.arange(count, device=x.device)[:, None, None]
        padded = pad(x, [self.padding] * 4)
        taken = padded[image, :, rows[:, :, None], columns[:, None, :]]  # [B, H, W, C]
        return taken.permute(0, 3, 1, 2)
