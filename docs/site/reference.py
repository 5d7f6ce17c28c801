"""Writes the reference: a page for each public module, with entries from the docstrings."""

import importlib
import inspect
import shutil
from pathlib import Path

from docs.site.docstrings import as_rst
from docs.site.names import shown
from docs.strategy_map import paragraphs

__all__ = ["index", "module_page", "write_reference"]

INDEX = """\
Reference
=========

Every public name, from its docstring: parameters with shapes, units and defaults, what it raises,
and where it comes from. :doc:`/public-names` says what stays the same.

"""


def write_reference(folder: Path) -> None:
    """Write the pages into a folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pages = {"index": index(), **{module: module_page(module) for module in shown()}}
    for name, text in pages.items():
        (folder / f"{name}.rst").write_text(text, encoding="utf-8")


def index() -> str:
    """The list of the modules, each with the first line of its docstring."""
    tree = [".. toctree::", "   :hidden:", "", *(f"   {module}" for module in shown()), ""]
    rows = [f":doc:`{module}`\n   {_first_line(module)}\n" for module in shown()]
    return INDEX + "\n".join([*tree, *rows])


def _first_line(module: str) -> str:
    return paragraphs(importlib.import_module(module))[0]


def _first_sentence(module: str, name: str) -> str:
    """What an entry of the table says; of a constant its type, whose docstring is not its own."""
    value = getattr(importlib.import_module(module), name)
    if not callable(value):
        return f"{type(value).__name__}."
    return "\n".join(as_rst([paragraphs(value)[0].split(". ")[0].rstrip(".") + "."]))


def module_page(module: str) -> str:
    """A title, a table of the names, and an entry for each."""
    names = shown()[module]
    head = [module, "=" * len(module), "", f".. automodule:: {module}", "   :no-members:", ""]
    table = [f"* :py:obj:`~{module}.{n}`: {_first_sentence(module, n)}" for n in names]
    return "\n".join([*head, *table, "", *(_entry(module, name) for name in names)])


def _entry(module: str, name: str) -> str:
    """The directive that shows one name."""
    value = getattr(importlib.import_module(module), name)
    if inspect.isclass(value):
        return f".. autoclass:: {module}.{name}\n   :members:\n"
    kind = "autofunction" if inspect.isroutine(value) else "autodata"
    return f".. {kind}:: {module}.{name}\n"
