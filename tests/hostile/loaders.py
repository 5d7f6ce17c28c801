"""Everything that reads a file, with a name that such a file may have."""

from collections.abc import Callable
from pathlib import Path

import pytest

from openal.errors import OpenALError
from openal.learners._weight_files import read_weights
from openal.report._items import read_items
from openal.report._results import read_origin, read_runs
from openal.simulate._results_folder import ResultsFolder
from openal.simulate.datasets._array_files import read_array, read_labels
from openal.store import Embeddings

READ: dict[str, tuple[str, Callable[[Path], object]]] = {
    "read_weights .pt": ("a.pt", read_weights),
    "read_weights .safetensors": ("a.safetensors", read_weights),
    "read_weights .pkl": ("a.pkl", read_weights),
    "read_array": ("a.npy", read_array),
    "read_labels .npy": ("a.npy", read_labels),
    "read_items": ("data.npz", read_items),
    "read_origin": ("simulation.json", lambda path: read_origin(path.parent)),
    "read_runs": ("runs/a.json", lambda path: read_runs(path.parent.parent)),
    "ResultsFolder": ("runs/a.json", lambda path: ResultsFolder(path.parent.parent, {}).check()),
    "Embeddings": ("manifest.json", lambda path: Embeddings(path.parent)),
}


def refused(folder: Path, name: str, read: Callable[[Path], object]) -> None:
    """An error of ours that names the file; nothing ran, nothing was written."""
    before = sorted(folder.rglob("*"))
    with pytest.raises(OpenALError, match=Path(name).name.replace(".", r"\.")):
        read(folder / name)
    assert sorted(folder.rglob("*")) == before
