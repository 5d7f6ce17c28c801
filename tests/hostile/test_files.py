"""Files that mean harm are refused by name; nothing in them is run."""

import io
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from openal.errors import ArgumentError, CheckpointError
from openal.learners._open_clip import load_image_text
from openal.learners._weight_files import read_weights, require_no_pickle, stamp_of
from openal.report._items import read_items
from openal.simulate.datasets._array_files import read_array, read_labels
from tests.hostile.loaders import READ, refused
from tests.walking import walked


class Payload:
    """Leaves a folder where the process stands, when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("payload",)


def saved(write: Callable[[Any], object]) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def zipped(members: dict[str, bytes], packing: int = zipfile.ZIP_STORED) -> bytes:
    def write(file: Any) -> None:
        with zipfile.ZipFile(file, "w", packing) as made:
            for name, content in members.items():
                made.writestr(name, content)

    return saved(write)


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return {name: file.read(name) for name in file.namelist()}


STATE = saved(lambda file: torch.save({"a": torch.zeros(4000)}, file))
OBJECTS = saved(lambda file: np.save(file, np.array([Payload()]), allow_pickle=True))
DRIVE = b"<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title></head></html>"
HARMFUL = {
    "pickle": pickle.dumps(Payload()),
    "pickle in a zip": saved(lambda file: torch.save(Payload(), file)),
    "pickle beside tensors": saved(
        lambda file: torch.save({"a": torch.ones(1), "b": Payload()}, file)
    ),
    "pickle of old torch": saved(
        lambda file: torch.save({"a": Payload()}, file, _use_new_zipfile_serialization=False)
    ),
    "pickle as the only member": zipped({"archive/data.pkl": pickle.dumps(Payload())}),
    "pickle of NumPy": OBJECTS,
    "pickle in an archive of NumPy": zipped(dict.fromkeys(("labels.npy", "names.npy"), OBJECTS)),
    "a page of Google Drive": DRIVE,
    "a pointer of git-lfs": b"version https://git-lfs.github.com/spec/v1\nsize 5\n",
    "a zip bomb": zipped({**members(STATE), "archive/x": bytes(2**26)}, zipfile.ZIP_DEFLATED),
    "a zip that leads out": zipped({"../../payload": b"x", "/payload": b"x"}),
    "nothing": b"",
    "a huge header": struct.pack("<Q", 2**40) + b"{}",
}


@walked
@pytest.mark.parametrize("name, read", READ.values(), ids=READ)
@pytest.mark.parametrize("content", HARMFUL.values(), ids=HARMFUL)
def test_a_harmful_file_is_refused_and_runs_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    read: Callable[[Path], object],
    content: bytes,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(content)
    refused(tmp_path, name, read)


def test_the_payload_would_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pickle.loads(HARMFUL["pickle"])
    assert [path.name for path in tmp_path.iterdir()] == ["payload"]


@walked
@pytest.mark.parametrize("name", ["pickle", "pickle of old torch", "a page of Google Drive"])
def test_open_clip_is_given_no_such_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / "weights.pt"
    path.write_bytes(HARMFUL[name])
    with pytest.raises(CheckpointError, match=r"weights\.pt.*old pickle"):
        load_image_text("ViT-B-32", str(path), stamp_of([path]), torch.device("cpu"))
    with pytest.raises(CheckpointError, match=r"weights\.pt"):
        require_no_pickle(path)


def test_an_archive_that_unpacks_to_more_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openal.report._items.LARGEST", 2**20)
    names = {"labels": np.zeros(2**18, np.int64), "names": np.array(["cat"])}
    np.savez_compressed(tmp_path / "data.npz", **names)
    assert (tmp_path / "data.npz").stat().st_size < 2**14
    with pytest.raises(ArgumentError, match=r"data\.npz cannot be read: it unpacks to more than"):
        read_items(tmp_path / "data.npz")


def test_weights_that_are_packed_are_not_unpacked(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(HARMFUL["a zip bomb"])
    with pytest.raises(CheckpointError, match=r"a\.pt unpacks to more than its size"):
        read_weights(tmp_path / "a.pt")


def test_a_shape_that_torch_cannot_have(tmp_path: Path) -> None:
    header = b'{"a":{"dtype":"F32","shape":[9223372036854775808,0],"data_offsets":[0,0]}}'
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(CheckpointError, match=r"a\.safetensors cannot be read"):
        read_weights(tmp_path / "a.safetensors")


HEADERS = {
    "a shape beyond memory": f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({10**16},)}}",
    "a shape beyond integers": f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({10**30},)}}",
    "an open bracket": "(" * 5_000,
    "signs without end": "-" * 9_000,
    "a type that is none": "{'descr': ',,', 'fortran_order': False, 'shape': (0,)}",
    "a shape of bools": "{'descr': '<f4', 'fortran_order': False, 'shape': (True,)}",
}


@walked
@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_the_header_of_an_array_is_no_program(tmp_path: Path, header: str) -> None:
    start = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header))
    (tmp_path / "a.npy").write_bytes(start + header.encode() + b"1234")
    with pytest.raises(ArgumentError, match=r"a\.npy cannot be read as a \.npy file"):
        read_array(tmp_path / "a.npy")


def test_numbers_as_labels(tmp_path: Path) -> None:
    """In the same order every time, also where two spell the same one, or one is very long."""
    path = tmp_path / "labels.txt"
    path.write_text("10\n07\n7\n007\n")
    assert read_labels(path)[1] == ("007", "07", "7", "10")
    path.write_text("2\n1\n" + "9" * 5_000)
    assert read_labels(path)[1] == ("1", "2", "9" * 5_000)
