"""`kill -9` at every step of an update: the store is as before, or goes on, and is never mixed."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from xxhash import xxh3_128

from openal.store import Embeddings
from openal.store._manifest import read_manifest
from tests.store.pictures import BROKEN, picture, put, row_of, rows_by_name, update, write

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes to kill here"),
]
STRIDE = 1 if os.environ.get("OPENAL_SLOW") else 2
ROWS = {xxh3_128(picture(color)).digest(): row_of(color) for color in range(64)}


def killed(step: int, action: Callable[[], object]) -> bool:
    """Whether a process was killed before so many files were synced, replaced or removed."""
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    left = step

    def dying(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **options)

        return call

    try:
        os.fsync = dying(os.fsync)
        for name in ("replace", "unlink"):
            setattr(Path, name, dying(getattr(Path, name)))
        action()
    finally:
        os._exit(0)


def require_unmixed(folder: Path) -> None:
    """Every row is that of the bytes whose checksum stands beside it."""
    manifest = read_manifest(folder)
    if manifest is None:
        return
    store, stamps = Embeddings(folder, partial=True), manifest.stamps(folder)["sum"]
    unreadable = {*store.unreadable.tolist()}
    for at in range(len(manifest.shards)):
        for row in manifest.indices(at)[: manifest.held(at)]:
            expected = [0, 0, 0] if row in unreadable else ROWS[stamps[row].tobytes()]
            assert store[row].tolist() == expected


def change_everything(photos: Path) -> None:
    """Renamed, gone, replaced, repaired, new, and back."""
    (photos / "a.ppm").rename(photos / "z.ppm")
    (photos / "b.ppm").unlink()
    write(photos, c=23, e=25, f=26, g=27, h=8)


def test_of_an_update(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # slow, and what is killed needs none
    photos, begun = tmp_path / "photos", tmp_path / "begun"
    write(photos, a=1, b=2, c=3, d=4, e=5, h=8)
    put(photos / "e.ppm", BROKEN)
    update(begun, photos)
    (photos / "h.ppm").unlink()
    update(begun, photos)
    change_everything(photos)
    shutil.copytree(begun, tmp_path / "whole")
    whole, _ = update(tmp_path / "whole", photos)
    step = 1
    while True:
        folder = tmp_path / f"{step}"
        shutil.copytree(begun, folder)
        if not killed(step, lambda folder=folder: update(folder, photos)):
            break
        require_unmixed(folder)
        store, _ = update(folder, photos)
        assert (store.names, store.keys) == (whole.names, whole.keys)
        assert {*store.replaced} == {*whole.replaced} == {2}  # e was no picture
        np.testing.assert_array_equal(store[:], whole[:])
        require_unmixed(folder)
        step += STRIDE
    assert step > 20
    assert rows_by_name(whole) == {
        name: row_of(color)
        for name, color in {"z": 1, "c": 23, "d": 4, "e": 25, "f": 26, "g": 27, "h": 8}.items()
    }
