"""CLIP and its relatives, through open_clip: embeddings of images, directions of class names."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from openal._batches import target_device
from openal.errors import ArgumentError
from openal.learners._class_texts import ClassTexts, class_names, text_directions
from openal.learners._embedding_pass import EmbeddingSettings, embed, keep, store_stamp
from openal.learners._open_clip import (
    ImagesOnly,
    ImageText,
    ImageTower,
    check_model,
    load_image_text,
    preparation,
    tokenizer_of,
)
from openal.learners._settings import settings_of
from openal.learners._templates import (
    Templates,
    as_negations,
    as_templates,
    negation_texts,
    template_texts,
)
from openal.learners._weight_files import Stamp, content_hash, stamp_of
from openal.learners.nouns import common_nouns
from openal.pool import Pool
from openal.store import Embeddings

__all__ = ["CLIP", "model_stamp"]

PHOTO = ("a photo of a {}.",)


@dataclass(frozen=True)
class CLIP:
    """Embeds images with an image-text model of open_clip: `Pool(images, embeddings=CLIP(...))`.

    `model_name` and `pretrained` are open_clip's: a model (SigLIP's too) and a tag, or the path of
    a checkpoint; or "hf-hub:..." or "local-dir:..." alone. Items are PIL images, or float tensors
    [3, H, W] in [0, 1], prepared as the model wants it; with `preprocess=False` they are tensors
    that are prepared already. Where the pool's items are for another network, `items` are the same
    ones as pictures: `Pool(dataset, embeddings=CLIP(..., items=pictures))`. Embeddings have unit
    length; with `store`, a folder, they are kept there and computed once.

    `class_texts` gives the directions of class names. CLIP has no text tower that knows "no": the
    second direction is that of negated templates, a zero-shot stand-in for `CLIPN`, which was
    trained for it. Negations are derived from the templates unless they are given.

    `device=None`: a GPU where there is one. `precision=None`: bfloat16 on a GPU, float32 elsewhere.

    Args:
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
    """

    cites = ("radford2021learning",)

    model_name: str
    pretrained: str | Path | None = None
    templates: Templates = "clipn"
    negated_templates: Templates = "negated"
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
        check_model(self.model_name, self.pretrained)
        object.__setattr__(self, "templates", as_templates(self.templates, "templates"))
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
        texts = class_names(names, self.templates)
        yes, no = _class_texts(self, texts, model_stamp(self.model_name, self.pretrained))
        return ClassTexts(yes.clone(), no.clone())

    def texts(
        self, names: Sequence[str], vocabulary: Sequence[str] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Directions of class names [K, D] and of other nouns [M, D], all as "a photo of a ...".

        For `KnownKMeans(texts=...)`, `TextShare` and `NegativeLabels`. `vocabulary=None` takes
        `common_nouns()`; a noun that is a class name, or its plural in s, is left out.
        """
        texts, nouns = class_names(names, PHOTO), vocabulary or common_nouns()
        own = {text.casefold() for text in texts}
        others = [noun for noun in nouns if not {noun.casefold(), f"{noun}s".casefold()} & own]
        if not others:
            raise ArgumentError("vocabulary must hold nouns that are no class name.")
        stamp = model_stamp(self.model_name, self.pretrained)
        both = _photos_of(self, (*texts, *class_names(others, PHOTO)), stamp)
        return both[: len(texts)].clone(), both[len(texts) :].clone()

    def image_encoder(
        self,
    ) -> tuple[Callable[[Tensor], Tensor], Callable[[Any], Any], dict[str, str]]:
        """How a batch is encoded, what makes an image its input, and the fingerprint of both.

        These are the arguments of `openal.store.build_store`.
        """
        model = self._model()
        tower = ImageTower(model.network, self.precision)
        return tower, ImagesOnly(model.preprocess), self._fingerprint()

    def _made_from(self) -> tuple[Stamp, Stamp]:
        """The files on this disk that decide the embeddings, as they are now."""
        return model_stamp(self.model_name, self.pretrained), store_stamp(self.store)

    def _model(self) -> ImageText:
        pretrained = None if self.pretrained is None else str(self.pretrained)
        stamp = model_stamp(self.model_name, self.pretrained)
        return load_image_text(self.model_name, pretrained, stamp, target_device(self.device))

    def _fingerprint(self) -> dict[str, str]:
        stamp = model_stamp(self.model_name, self.pretrained)
        weights = content_hash(stamp) if stamp.files else str(self.pretrained)
        return {
            "model": self.model_name,
            "weights": weights,
            **preparation(
                self._model().network, self.preprocess, self.precision, target_device(self.device)
            ),
        }


def model_stamp(model_name: str, pretrained: str | Path | None) -> Stamp:
    """The files on this disk that the weights come from; none for a tag or a name on the hub."""
    folder = model_name.removeprefix("local-dir:")
    local = folder if folder != model_name else pretrained
    return stamp_of([] if local is None else [Path(local)])


@lru_cache(maxsize=32)
def _class_texts(clip: CLIP, names: tuple[str, ...], stamp: Stamp) -> ClassTexts:
    templates = template_texts(clip.templates)
    negations = negation_texts(clip.negated_templates, templates)
    network, tokenizer = clip._model().network, tokenizer_of(clip.model_name)
    device = target_device(clip.device)
    return ClassTexts(
        text_directions(network.encode_text, tokenizer, names, templates, device),
        text_directions(network.encode_text, tokenizer, names, negations, device),
    )


@lru_cache(maxsize=4)
def _photos_of(clip: CLIP, nouns: tuple[str, ...], stamp: Stamp) -> Tensor:
    encode, tokenizer = clip._model().network.encode_text, tokenizer_of(clip.model_name)
    device = target_device(clip.device)
    return text_directions(encode, tokenizer, nouns, PHOTO, device)
