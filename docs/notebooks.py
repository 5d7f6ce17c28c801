"""Runs the notebooks of `docs/tutorials` and keeps what they print: `python -m docs.notebooks`.

Names behind it run some of them. Progress bars and the folder they ran in are not kept.
"""

import os
import re
import stat
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from nbclient import NotebookClient

TUTORIALS = Path(__file__).parent / "tutorials"
SECONDS = 300  # for a cell
BAR = re.compile(r"^.*\d+%\|.*$\n?", re.MULTILINE)


def executed(path: Path) -> Any:
    """The notebook after a run in an empty folder, with this checkout's `openal`."""
    notebook = nbformat.read(path, nbformat.NO_CONVERT)
    with TemporaryDirectory() as folder:
        _command(Path(folder) / "bin")
        work = Path(folder) / "work"
        work.mkdir()
        before = dict(os.environ)
        os.environ["PATH"] = os.pathsep.join((f"{folder}/bin", before.get("PATH", "")))
        os.environ.pop("MPLBACKEND", None)  # the kernel has its own
        os.environ["PYTHONPATH"] = str(TUTORIALS.parents[1])
        try:
            settings = {"metadata": {"path": str(work)}}
            NotebookClient(
                notebook, timeout=SECONDS, kernel_name="python3", resources=settings
            ).execute()
        finally:
            os.environ.clear()
            os.environ.update(before)
        return _tidy(notebook, str(work))


def _command(folder: Path) -> None:
    """A command `openal` that runs this checkout, whether or not it is installed."""
    folder.mkdir()
    file = folder / "openal"
    file.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m openal "$@"\n')
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


def _tidy(notebook: Any, folder: str) -> Any:
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            if output.output_type == "stream":
                text = output.text.replace("\r", "\n").replace(folder, "~")
                output.text = BAR.sub("", text)
    return notebook


def main() -> None:
    """Run them and write them."""
    named = [TUTORIALS / f"{name}.ipynb" for name in sys.argv[1:]]
    for path in named or sorted(TUTORIALS.glob("*.ipynb")):
        nbformat.write(executed(path), path)
        print(f"{path.name}: {path.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
