"""Open-set active learning: choose what to ask when the pool is full of things nobody asked for."""

import importlib
import typing

from openal._guard import refuse_foreign_files

refuse_foreign_files(__path__[0])

from openal._version import __version__ as __version__  # noqa: E402

if typing.TYPE_CHECKING:
    from openal._cite import cite
    from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
    from openal.pool import Pool
    from openal.query import Chain, Query, QueryStrategy

__all__ = ["SKIPPED", "UNKNOWN", "Chain", "LabeledSet", "Pool", "Query", "QueryStrategy", "cite"]

_MODULES = ("openal._cite", "openal.labeled", "openal.pool", "openal.query")


def __getattr__(name: str) -> object:
    """A name of `__all__`, or one of its modules, from torch on: a command begins without it."""
    if name not in __all__ and f"openal.{name}" not in _MODULES:
        raise AttributeError(f"module 'openal' has no attribute {name!r}", name=name)
    for module in map(importlib.import_module, _MODULES):
        globals().update({key: value for key, value in vars(module).items() if key in __all__})
    return globals()[name]
