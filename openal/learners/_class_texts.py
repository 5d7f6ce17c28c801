"""Class names as directions: each template's text embedded, scaled to length one, summed."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from openal.errors import ArgumentError, ModelError
from openal.learners._templates import Templates

__all__ = ["ClassTexts", "Tokenizer", "class_names", "text_directions"]

Tokenizer = Callable[..., Tensor]
"""(texts, context_length=None) -> tokens [B, L]; what does not fit is cut off."""

BATCH = 512


class ClassTexts(NamedTuple):
    """The direction in which images of each class lie, and that of images without it."""

    yes: Tensor  # [K, D] float32 on the CPU, rows of length one
    no: Tensor  # [K, D]


def class_names(names: Sequence[str], templates: Templates) -> tuple[str, ...]:
    """The class names as they stand in a text: `_` is read as a space, white space as one space.

    With the templates "openal" they are left as they are, as in CLIPNAL's released code.
    """
    given = tuple(names) if isinstance(names, Sequence) and not isinstance(names, str) else ()
    if not given:
        raise ArgumentError(f"names must be a list of class names, got {names!r:.80}.")
    for at, name in enumerate(given):
        if not isinstance(name, str) or not name.replace("_", " ").strip():
            raise ArgumentError(f"names[{at}] must be a class name, got {name!r:.80}.")
    raw = templates == "openal"
    texts = [name if raw else " ".join(name.replace("_", " ").split()) for name in given]
    for at, text in enumerate(texts):
        if text in texts[:at]:
            first = given[texts.index(text)]
            raise ArgumentError(f"names[{at}] is {given[at]!r:.80}, which reads as {first!r:.80}.")
    return tuple(texts)


def text_directions(
    encode: Callable[[Tensor], Tensor],
    tokenizer: Tokenizer,
    names: Sequence[str],
    templates: Sequence[str],
    device: torch.device,
) -> Tensor:
    """The directions [K, D] of class names: the sum over templates of unit rows, scaled to one.

    `encode` gives text embeddings [B, D] of tokens [B, L]. Reference: CLIPN, section 4; the
    released code of CLIPNAL sums in the same way.
    """
    _require_distinct(tokenizer, names, max(templates, key=len))
    size = max(1, BATCH // len(names))
    total: Any = 0
    for start in range(0, len(templates), size):
        some = templates[start : start + size]
        texts = [template.replace("{}", name) for template in some for name in names]
        tokens = tokenizer(texts).to(device).split(BATCH)
        rows = normalize(torch.cat([encode(batch).detach() for batch in tokens]).double(), dim=1)
        total = total + rows.view(len(some), len(names), -1).sum(dim=0)
    directions = normalize(total, dim=1).float().cpu()
    if not directions.isfinite().all():
        raise ModelError("the text tower gives embeddings that are not finite.")
    return directions


def _require_distinct(tokenizer: Tokenizer, names: Sequence[str], template: str) -> None:
    """Refuse names that are cut off, or that the tokenizer reads as the same."""
    texts = [template.replace("{}", name) for name in names]
    tokens = tokenizer(texts)
    length = tokens.shape[1]
    wide = tokenizer(texts, context_length=2 * length)
    cut = (wide[:, :length] != tokens).any(dim=1) | (wide[:, length:] != wide[:, -1:]).any(dim=1)
    if cut.any():
        name = names[int(cut.nonzero()[0])]
        raise ArgumentError(
            f"the class name {name!r:.80} is too long: with the template {template!r:.80} it has "
            f"more than the {length} tokens that the text tower reads."
        )
    _, group, sizes = tokens.unique(dim=0, return_inverse=True, return_counts=True)
    if (sizes > 1).any():
        same = (group == int(sizes.argmax())).nonzero()[:2, 0].tolist()
        first, second = (names[at] for at in same)
        raise ArgumentError(f"the tokenizer reads {first!r:.80} and {second!r:.80} as the same.")
