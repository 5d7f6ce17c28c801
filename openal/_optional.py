"""Packages that only some uses need, and the extra of `openal` that brings each."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from openal.errors import MissingPackageError

__all__ = ["EXTRAS", "installed", "optional"]

EXTRAS = {
    "faiss": "faiss",
    "matplotlib": "plot",
    "open_clip": "clip",
    "pandas": "frame",
    "pytorch_ood": "ood",
    "ray": "ray",
    "skactiveml": "skactiveml",
    "timm": "vision",
    "torchvision": "vision",
}


def installed(package: str) -> bool:
    """Whether it is there; nothing is imported."""
    return find_spec(package) is not None


def optional(module: str, use: str) -> Any:
    """A module of an optional package, for a use, or the error that says what to type."""
    package = module.partition(".")[0]
    try:
        import_module(package)
        return import_module(module)
    except ImportError as error:
        missing = f'{use} needs {package}: pip install "openal[{EXTRAS[package]}]".'
        raise MissingPackageError(missing) from error
