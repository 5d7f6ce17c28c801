import io
import pickle
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from openal.errors import CheckpointError
from openal.learners._weight_files import (
    content_hash,
    read_weights,
    require_no_pickle,
    stamp_of,
)
from tests.walking import walked


class Payload:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('the payload ran')",)


def saved(content: object, **options: bool) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, **options)
    return buffer.getvalue()


WEIGHTS = {"state_dict": {"a": torch.arange(4000.0)}, "epoch": 3}


def flipped() -> bytes:
    found = bytearray(saved(WEIGHTS))
    found[found.index(torch.arange(100.0, 200.0).numpy().tobytes())] ^= 1
    return bytes(found)


def test_tensors_and_plain_values_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(saved(WEIGHTS))
    content, metadata = read_weights(tmp_path / "a.pt")
    assert content["epoch"] == 3
    assert content["state_dict"]["a"].equal(torch.arange(4000.0))
    assert metadata == {}


@walked
@pytest.mark.parametrize(
    "content, message",
    [
        (saved({"state_dict": {}, "extra": Payload()}), "holds pickled Python objects"),
        (saved({"a": torch.nn.Linear(2, 2)}), "holds pickled Python objects"),
        (pickle.dumps(Payload()), "old pickle, which is never loaded"),
        (saved(WEIGHTS, _use_new_zipfile_serialization=False), "old pickle"),
        (saved(WEIGHTS)[:-1000], "damaged or not complete"),
        (saved(WEIGHTS)[:9000], "damaged or not complete"),
        (flipped(), "the checksum of '.*' is wrong"),
        (b"<!DOCTYPE html><title>Google Drive</title>", "damaged download"),
        (b"", "damaged download"),
    ],
)
def test_what_cannot_be_trusted_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(content)
    with pytest.raises(CheckpointError, match=message) as caught:
        read_weights(tmp_path / "a.pt")
    assert "weights_only" not in str(caught.value)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_a_program_is_refused(tmp_path: Path) -> None:
    program = torch.jit.trace(torch.nn.ReLU(), torch.zeros(1))
    torch.jit.save(program, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="program"):
        read_weights(tmp_path / "a.pt")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        struct.pack("<Q", 10 * 2**30) + b"{}",
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 100_000) + b"[" * 100_000,
        pickle.dumps(Payload()),
    ],
)
def test_a_hostile_safetensors_file_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_weights(tmp_path / "a.safetensors")


def test_a_truncated_safetensors_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_file({"a": torch.zeros(100)}, path)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_weights(path)


@pytest.mark.parametrize("name", ["absent.pt", "absent.safetensors", "."])
def test_what_is_no_file_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is no file"):
        read_weights(tmp_path / name)


def test_an_old_pickle_is_recognized_before_others_open_it(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(saved(WEIGHTS))
    require_no_pickle(path)
    path.write_bytes(pickle.dumps(Payload()))
    with pytest.raises(CheckpointError, match="old pickle"):
        require_no_pickle(path)


def test_a_stamp_changes_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"one")
    first = stamp_of([tmp_path])
    assert first == stamp_of([path]) == stamp_of([path, tmp_path / "absent"])
    path.write_bytes(b"other")
    assert stamp_of([path]) != first
    assert content_hash(stamp_of([path])) != content_hash(stamp_of([]))
