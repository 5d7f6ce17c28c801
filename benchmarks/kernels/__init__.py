"""The rows of the table: a file for each kernel, which offers `ROWS`."""

from importlib import import_module
from pkgutil import iter_modules

from benchmarks.row import Row

__all__ = ["all_rows"]


def all_rows() -> list[Row]:
    """What the files of this folder offer, in the order of their names."""
    names = sorted(module.name for module in iter_modules(__path__, f"{__name__}."))
    return [row for name in names for row in import_module(name).ROWS]
