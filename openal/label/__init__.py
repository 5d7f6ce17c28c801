"""A page on this computer where people answer: one image, or a grid, and a button per class."""

import typing

from openal._lazy import lazy_package

if typing.TYPE_CHECKING:
    from openal.label.serve import serve
    from openal.label.work import Work

__all__ = ["Work", "serve"]

lazy_package(__name__)
