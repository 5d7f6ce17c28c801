"""CLIPN: a CLIP with a second text tower that was trained to say no."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from openal._batches import target_device
from openal.errors import ArgumentError, CheckpointError
from openal.learners._class_texts import ClassTexts, class_names, text_directions
from openal.learners._clipn_towers import Towers, load_towers
from openal.learners._embedding_pass import EmbeddingSettings, embed, keep, store_stamp
from openal.learners._open_clip import ImageText, check_model, preparation, tokenizer_of
from openal.learners._settings import settings_of
from openal.learners._templates import (
    Templates,
    as_negations,
    as_templates,
    negation_texts,
    template_texts,
)
from openal.learners._weight_files import Stamp, content_hash, stamp_of
from openal.pool import Pool
from openal.store import Embeddings

__all__ = ["CLIPN"]

IDENTICAL = 0.99


@dataclass(frozen=True)
class CLIPN:
    """Embeds images, and class names twice: what they are, and what they are not.

    `checkpoint` is a file of CLIPN's learnable-prompt weights as published, or what `openal
    convert-clipn` made of it; of the latter, image tower and "yes" text tower come from open_clip's
    `model_name` and `pretrained`. Everything else is as in `CLIP`. A hand-crafted CLIPN reads
    other sentences with its second tower: give them as `negated_templates`, or "negated" for those
    derived from `templates`.

    The prompts are folded into the positional embedding of the second tower, which in evaluation
    adds their mean: it is a stock tower of open_clip.

    Args:
        checkpoint: a file of CLIPN's weights, or a folder that `openal convert-clipn` made.
        model_name: open_clip's name of a model, or "hf-hub:..." or "local-dir:...".
        pretrained: open_clip's tag of the weights, or the path of a checkpoint.
        templates: sentences for a class name, or the name of a list of them; "clipn",
            CLIPN's own.
        negated_templates: sentences that say no, or "negated" for those derived from
            `templates`.
        store: a folder where embeddings are kept, or None.
        device: where it runs; None: where the module or the embeddings are, else a GPU
            where there is one.
        batch_size: items in a batch; None: 32 on a CPU, 256 on a GPU.
        workers: processes that read items; 0 reads them here.
        precision: "fp32", "fp16" or "bf16"; None: what the device does best.
        preprocess: whether items are pictures that the model prepares, or tensors.
        items: a data set that is read in the place of the pool's, in the same order; no part of
            `repr` and `==`.

    Reference: Wang et al., "CLIPN for Zero-Shot OOD Detection: Teaching CLIP to Say No", ICCV 2023.
    """

    cites = ("wang2023clipn",)

    checkpoint: str | Path
    model_name: str = "ViT-B-16"
    pretrained: str | Path = "laion2b_s34b_b88k"
    templates: Templates = "clipn"
    negated_templates: Templates | None = None
    store: str | Path | None = None
    device: str | torch.device | None = None
    batch_size: int | None = None
    workers: int = 0
    precision: str | None = None
    preprocess: bool = True
    items: Any = field(default=None, repr=False, compare=False)

    offers: ClassVar[tuple[str, ...]] = ("embeddings",)
    reads: ClassVar[tuple[str, ...]] = ("items",)

    def __post_init__(self) -> None:
        if not isinstance(self.checkpoint, str | Path) or not str(self.checkpoint):
            raise ArgumentError(f"checkpoint must be the path of a file, got {self.checkpoint!r}.")
        check_model(self.model_name, self.pretrained)
        object.__setattr__(self, "templates", as_templates(self.templates, "templates"))
        if self.negated_templates is not None:
            negations = as_negations(self.negated_templates, self.templates)
            object.__setattr__(self, "negated_templates", negations)
        settings_of(self, EmbeddingSettings)

    def signals(
        self,
        pool: Pool,
        indices: np.ndarray,
        names: tuple[str, ...],
        *,
        progress: bool | None = None,
    ) -> dict[str, Tensor]:
        """The embeddings [n, D] at `indices`, under each of `names`."""
        settings = settings_of(self, EmbeddingSettings)
        z = embed(self._model, settings, pool, indices, progress)
        return dict.fromkeys(names, z)

    def stored(self, pool: Pool, *, progress: bool | None = None) -> Embeddings:
        """The embeddings of the whole pool in `store`, computed where they are missing."""
        settings = settings_of(self, EmbeddingSettings)
        return keep(self._model, settings, self._fingerprint, pool, progress)

    def class_texts(self, names: Sequence[str]) -> ClassTexts:
        """The directions (yes [K, D], no [K, D]) of class names; computed once per process."""
        yes, no = _class_texts(self, class_names(names, self.templates), self._stamp())
        return ClassTexts(yes.clone(), no.clone())

    def _stamp(self) -> Stamp:
        return stamp_of([Path(self.checkpoint), Path(self.pretrained)])

    def _made_from(self) -> tuple[Stamp, Stamp]:
        """The files on this disk that decide the embeddings, as they are now."""
        return self._stamp(), store_stamp(self.store)

    def _towers(self) -> Towers:
        return load_towers(
            Path(self.checkpoint),
            self.model_name,
            str(self.pretrained),
            self._stamp(),
            target_device(self.device),
        )

    def _model(self) -> ImageText:
        return self._towers().base

    def _fingerprint(self) -> dict[str, str]:
        return {
            "model": self.model_name,
            "weights": content_hash(self._stamp()),
            "pretrained": str(self.pretrained),
            **preparation(
                self._model().network, self.preprocess, self.precision, target_device(self.device)
            ),
        }


@lru_cache(maxsize=32)
def _class_texts(clipn: CLIPN, names: tuple[str, ...], stamp: Stamp) -> ClassTexts:
    towers = clipn._towers()
    templates = template_texts(clipn.templates)
    said = _said_to_no(clipn, templates, learned=not towers.hand_crafted)
    tokenizer, device = tokenizer_of(clipn.model_name), target_device(clipn.device)
    texts = ClassTexts(
        text_directions(towers.base.network.encode_text, tokenizer, names, templates, device),
        text_directions(towers.no.encode_text, tokenizer, names, said, device),
    )
    if cosine_similarity(*texts).mean() > IDENTICAL:
        raise CheckpointError(
            f"{clipn.checkpoint} has a no tower identical to the yes tower, by what it says to "
            f"these classes: it was not trained to say no."
        )
    return texts


def _said_to_no(clipn: CLIPN, templates: tuple[str, ...], *, learned: bool) -> tuple[str, ...]:
    """What the second tower reads: with prompts of its own, the same sentences as the first."""
    negations = clipn.negated_templates
    if learned and negations is not None:
        raise ArgumentError(
            f"{clipn.checkpoint} has learned prompts: its second tower reads the templates "
            f"themselves; leave negated_templates out."
        )
    if learned:
        return templates
    if negations is None:
        raise CheckpointError(
            f"{clipn.checkpoint} has no prompt_no: it is a hand-crafted CLIPN, whose second tower "
            f"reads negated sentences. Give negated_templates, or 'negated' to derive them."
        )
    return negation_texts(negations, templates)
