"""Where the real embeddings are that benchmarks run on."""

import os
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["load", "location"]


def location(name: str) -> Path:
    """The path of a file in `OPENAL_DATA`, or in `../shared/data` beside the project."""
    folder = os.environ.get("OPENAL_DATA")
    root = Path(folder) if folder else Path(__file__).parents[2] / "shared" / "data"
    if not (root / name).exists():
        raise SystemExit(f"{root / name} is not there; set OPENAL_DATA to the folder that has it.")
    return root / name


def load(name: str) -> Any:
    """The arrays of a file in `OPENAL_DATA`, or in `../shared/data` beside the project."""
    return np.load(location(name), allow_pickle=False)
