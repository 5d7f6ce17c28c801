"""Packages that load what they export when it is asked for: importing one name imports its module.

A package writes its exports once, as imports for type checkers, and calls `lazy_package`:

    if typing.TYPE_CHECKING:
        from openal.purity.clip import CLIPPurity

    __all__ = ["CLIPPurity"]
    lazy_package(__name__)
"""

import dis
import sys
from importlib import import_module
from importlib.util import find_spec
from types import CodeType, ModuleType
from typing import Any

__all__ = ["lazy_package"]


def lazy_package(name: str) -> None:
    """Make the package `name`, which is being imported, load its `__all__` on first use.

    A public name wins over a module that is called like it, whatever is imported first: `energy`
    of `openal.functional` is the function. Modules of the package are attributes of it as well.
    """
    package = sys.modules[name]
    vars(package)["__sources__"] = _sources(package)
    package.__class__ = _LazyPackage


class _LazyPackage(ModuleType):
    """A package that keeps each name once it is loaded, from the module that `__sources__` has."""

    __sources__: dict[str, str]

    def __getattr__(self, name: str) -> object:
        value = self._loaded(name)
        setattr(self, name, value)
        return value

    def __setattr__(self, name: str, value: object) -> None:
        """A module that is imported does not hide the public name that is called like it."""
        if isinstance(value, ModuleType) and self.__sources__.get(name) == value.__name__:
            value = getattr(value, name)
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.__sources__})

    def _loaded(self, name: str) -> object:
        if (source := self.__sources__.get(name)) is not None:
            return getattr(import_module(source), name)
        module = f"{self.__name__}.{name}"
        if name[:2] == "__" or not name.isidentifier() or find_spec(module) is None:
            problem = f"module {self.__name__!r} has no attribute {name!r}"
            raise AttributeError(problem, name=name, obj=self)
        return import_module(module)


def _sources(package: ModuleType) -> dict[str, str]:
    """The module of each name in `__all__`."""
    loader: Any = package.__loader__
    imports = _imports(loader.get_code(package.__name__))
    return {name: module for name, module in imports if name in package.__all__}


def _imports(code: CodeType) -> list[tuple[str, str]]:
    """The names that code imports, and from where: from instructions, which programs are packed as.

    Those for type checkers are among them, though they never run.
    """
    found, module = [], ""
    for step in dis.get_instructions(code):
        if step.opname == "IMPORT_NAME":
            module = step.argval
        elif step.opname == "IMPORT_FROM":
            found.append((step.argval, module))
    return found
