"""A manifest that nobody of us wrote is refused in a sentence."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from openal.errors import StoreError
from openal.store import Embeddings
from openal.store._manifest import read_manifest
from tests.store.made import Items, filled
from tests.walking import walked

CHANGES: list[tuple[tuple[Any, ...], Any]] = [
    (("format",), "openal embeddings 2"),
    (("items",), 50),
    (("items", "count"), 10**30),
    (("items", "count"), 49),
    (("items", "count"), True),
    (("items", "count"), 50.0),
    (("items", "names"), "../../secret"),
    (("items", "probe"), ["a"]),
    (("items", "probe"), 3),
    (("items", "probe"), [0.5] * 17),
    (("fingerprint",), {"encoder": 3}),
    (("fingerprint",), None),
    (("dtype",), "object"),
    (("dtype",), ["float16"]),
    (("dtype",), "../x"),
    (("shard_rows",), 0),
    (("shard_rows",), -8),
    (("shard_rows",), 1),
    (("batch_size",), "3"),
    (("columns",), 0),
    (("columns",), None),
    (("shards",), {}),
    (("shards",), [None]),
    (("shards",), [None] * 7),
    (("shards", 0), "shard"),
    (("shards", 0, "sha256"), "../../etc/passwd"),
    (("shards", 0, "sha256"), None),
    (("shards", 0, "unreadable"), {"9": "of the next shard"}),
    (("shards", 0, "unreadable"), {"../1": "a path"}),
    (("shards", 0, "unreadable"), {"1" * 5000: "huge"}),
    (("shards", 0, "unreadable"), {"1": 5}),
    (("rows_done",), 49),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return filled(tmp_path / "store", Items(broken=(2,))).folder


@walked
@pytest.mark.parametrize("path, value", CHANGES, ids=[f"{p}={v!r:.20}" for p, v in CHANGES])
def test_a_changed_value(folder: Path, path: tuple[Any, ...], value: Any) -> None:
    whole = (folder / "manifest.json").read_text()
    holder = manifest = json.loads(whole)
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(StoreError, match=r"manifest\.json is not the manifest of a store: "):
        Embeddings(folder)
    (folder / "manifest.json").write_text(whole)  # for the next case


BROKEN = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b"9" * 10_000,
    b'{"format": NaN}',
]


@pytest.mark.parametrize("text", BROKEN, ids=[f"{text[:9]!r}" for text in BROKEN])
def test_what_is_no_manifest(folder: Path, text: bytes) -> None:
    (folder / "manifest.json").write_bytes(text)
    with pytest.raises(StoreError, match=r"manifest\.json is not the manifest of a store: "):
        Embeddings(folder)
    with pytest.raises(StoreError, match="is not the manifest"):
        filled(folder, Items())
    assert (folder / "manifest.json").read_bytes() == text


def test_any_cut_is_refused(folder: Path) -> None:
    whole = (folder / "manifest.json").read_bytes()
    for cut in range(0, len(whole) - 2, 7):
        (folder / "manifest.json").write_bytes(whole[:cut])
        with pytest.raises(StoreError):
            read_manifest(folder)


@pytest.mark.parametrize("kind", ["link", "dangling", "folder", "pipe", "large"])
def test_a_manifest_that_is_no_plain_file(folder: Path, kind: str) -> None:
    path = folder / "manifest.json"
    path.rename(folder.parent / "elsewhere.json")
    if kind in ("link", "dangling"):
        path.symlink_to(folder.parent / ("elsewhere.json" if kind == "link" else "nothing"))
    elif kind == "large":
        path.touch()
        os.truncate(path, 10 * 2**30)
    else:
        path.mkdir() if kind == "folder" else os.mkfifo(path)
    with pytest.raises(StoreError, match="is no plain file"):
        Embeddings(folder)
