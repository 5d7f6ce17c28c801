"""Embeddings on disk: computed once, resumed after any interruption, shared between processes."""

import typing
import warnings

from openal._lazy import lazy_package

if typing.TYPE_CHECKING:
    from openal.store.build import build_store
    from openal.store.embeddings import Embeddings
    from openal.store.images import Images, image_names

__all__ = ["Embeddings", "Images", "build_store", "image_names"]

lazy_package(__name__)


def __getattr__(name: str) -> object:
    if name == "fill":  # its name in 0.1.0
        warnings.warn("openal.store.fill is build_store now.", DeprecationWarning, stacklevel=2)
        from openal.store.build import build_store as renamed

        return renamed
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
