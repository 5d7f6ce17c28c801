"""The audio package PyOpenAL is imported as `openal` too; both in one folder break each other.

Files of PyOpenAL 0.7 and of PyAL (python-openal) among ours are found here. The reverse cannot be:
when theirs was installed last, its `__init__.py` has replaced ours and this file is never run.
"""

import os
from collections.abc import Collection
from importlib.metadata import distributions

__all__ = ["refuse_foreign_files"]

FOREIGN = frozenset(
    {"_al.py", "_alc.py", "al.py", "al_lib.py", "alc.py", "audio.py", "efx.py", "library_loader.py"}
)


def refuse_foreign_files(folder: str) -> None:
    """Raise an ImportError in one sentence when `folder`, our package, holds files of PyOpenAL."""
    foreign = sorted(FOREIGN.intersection(os.listdir(folder)))
    if foreign:
        package = _package_of(folder, foreign)
        raise ImportError(
            f"The audio package {package} is also imported as `openal` and has put {foreign[0]} "
            f"among the files of this one, in {folder}; the two cannot share an environment: run "
            f"`pip uninstall {package} openal && pip install openal`.",
            name="openal",
            path=folder,
        )


def _package_of(folder: str, files: Collection[str]) -> str:
    """The distribution that recorded one of `files` beside `folder`, or the likeliest one."""
    for distribution in distributions(path=[os.path.dirname(os.path.abspath(folder))]):
        recorded = {str(path) for path in distribution.files or ()}
        if not recorded.isdisjoint(f"openal/{file}" for file in files):
            return distribution.name
    return "PyOpenAL"
