"""embed_with_ray: the store of `openal embed`, and Parquet, from two workers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from openal._image_reader import Reading
from openal.errors import ArgumentError, StoreError
from openal.integrations.ray import embed_with_ray, store_of_parts
from openal.integrations.ray._encoders import BlockEncoder, Plan
from openal.integrations.ray._parts import Folder, Index
from openal.integrations.ray._rows_of_images import RowsOfImages
from openal.store import Embeddings, build_store
from openal.store.images import Images, image_names
from tests import tiny_encoder

# Ray Data sets options of its own that it has given up itself.
pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")]

in_time = pytest.mark.skipif(
    "CI" in os.environ, reason="CI is short of time; `pytest -m full` runs it"
)
CUT = {"shard_rows": 25, "batch_size": 10}
BROKEN = "0/004.png"
WHY = "UnidentifiedImageError: cannot identify image file"


@pytest.fixture(autouse=True)
def _with_ray() -> None:
    pytest.importorskip("ray", reason="ray: pip install openal[ray]")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real digits as PNG, one of them broken."""
    folder = tmp_path_factory.mktemp("images")
    for number, pixels in enumerate(load_digits().images[:110]):
        path = folder / f"{number % 2}" / f"{number:03d}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray((pixels * 15.9).astype(np.uint8)).save(path)
    (folder / BROKEN).write_bytes(b"no picture")
    return folder


def made_here(images: Path, folder: Path, **options: Any) -> Embeddings:
    """The store that one process makes."""
    encode, transform, fingerprint = tiny_encoder.make(torch.device("cpu"))
    items = Images(images, image_names(images), transform)
    about = {"fingerprint": fingerprint, "identities": items.identities(), "progress": False}
    return build_store(folder, items, encode, **about, **CUT, **options)


@pytest.fixture(scope="module")
def plain(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Embeddings:
    return made_here(images, tmp_path_factory.mktemp("plain") / "store")


def embedded(source: Any, out: Path | str, **options: Any) -> Any:
    return embed_with_ray(source, tiny_encoder.make, out, **{"workers": 2, **CUT, **options})


def test_a_folder_becomes_the_store_of_one_process_from_where_it_is(
    images: Path, plain: Embeddings, tmp_path: Path, ray: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    made_here(images, tmp_path / "store", part=(0, 2))  # what a kill may leave
    begun = {path: path.stat().st_mtime_ns for path in (tmp_path / "store").glob("shard-*.npy")}
    made = embedded(images, tmp_path / "store")
    store = Embeddings(tmp_path / "store")
    assert {path: path.stat().st_mtime_ns for path in begun} == begun
    assert np.array_equal(store[:], plain[:])
    assert (store.reasons, store.fingerprint) == (plain.reasons, plain.fingerprint)
    assert made.unreadable == {BROKEN: WHY}
    assert "110 images, 1 could not be read" in capsys.readouterr().out


@in_time
def test_a_data_set_becomes_parquet_and_a_store(
    images: Path, plain: Embeddings, tmp_path: Path, ray: Any
) -> None:
    names = image_names(images)
    rows = [{"name": name, "file": (images / name).read_bytes()} for name in names]
    columns = {"key": "name", "image": "file", "progress": False, "workers": 1}
    embedded(ray.data.from_items(rows), tmp_path / "store", **columns)
    store = Embeddings(tmp_path / "store")
    assert np.array_equal(store[:], plain[:])
    assert store.reasons == plain.reasons
    folder = Folder(f"file://{tmp_path / 'store-parts'}")
    assert folder.table("unreadable.parquet").to_pylist() == [{"key": BROKEN, "reason": WHY}]
    assert [count for _, count in folder.index().parts] == [25, 25, 25, 25, 10]


def block_encoder(out: Path) -> BlockEncoder:
    return BlockEncoder(Plan(tiny_encoder.make, str(out), None, 25, 10, Reading()))


def test_a_part_that_is_there_is_not_computed_again(images: Path, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    names = image_names(images)[:5]
    block = pa.table({"key": names, "image": [str(images / name) for name in names]})
    first = block_encoder(tmp_path)(block)
    (path,) = tmp_path.glob("part-*.parquet")
    before = path.stat().st_mtime_ns
    again = block_encoder(tmp_path)(block)
    assert again.to_pylist() == first.to_pylist()
    assert first.to_pylist()[0]["keys"] == [BROKEN]
    assert path.stat().st_mtime_ns == before


def test_pixels_and_urls_are_read_too(images: Path, tmp_path: Path) -> None:
    name = image_names(images)[0]
    pixels = np.asarray(Image.open(images / name).convert("RGB"))
    values = [str(images / name), f"file://{images / name}", (images / name).read_bytes(), pixels]
    items = RowsOfImages(values, tiny_encoder.transform, Reading())
    assert all(items[row].equal(items[0]) for row in range(4))


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    with pytest.raises(ArgumentError, match="no column 'key'; it has"):
        block_encoder(tmp_path)(pa.table({"a": ["1"], "b": [b""]}))


DRIVER = """
import sys, ray
from openal.integrations.ray import embed_with_ray
from tests import tiny_encoder
def slow(device):
    import time
    encode, transform, fingerprint = tiny_encoder.make(device)
    encode.register_forward_hook(lambda *_: time.sleep(0.3))
    return encode, transform, fingerprint
ray.init(address=sys.argv[1], log_to_driver=False)
embed_with_ray(sys.argv[2], slow, sys.argv[3], workers=1, shard_rows=25, batch_size=10)
"""


@in_time
def test_a_killed_driver_resumes(images: Path, plain: Embeddings, tmp_path: Path, ray: Any) -> None:
    address, store = ray.get_runtime_context().gcs_address, tmp_path / "store"
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, address, str(images), str(store)])
    while not list(store.glob("shard-*.npy")):
        assert driver.poll() is None
        time.sleep(0.05)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    done = {path: path.stat().st_mtime_ns for path in store.glob("shard-*.npy")}
    assert 0 < len(done) < 5
    embedded(images, store, workers=1, progress=False)
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert np.array_equal(Embeddings(store)[:], plain[:])


def test_a_source_of_another_kind_is_refused(tmp_path: Path, ray: Any) -> None:
    with pytest.raises(ArgumentError, match="source must be a folder or a ray"):
        embedded([1, 2], tmp_path / "out")


def test_parts_may_be_in_other_file_systems() -> None:
    folder = Folder("memory://parts-of-openal")
    folder.write_table("part-a.parquet", {"key": ["x"]})
    folder.write_table("part-b.parquet", {"key": ["y"]})
    folder.finish(Index({}, "float16", 1, [("part-a.parquet", 1)]), {})
    assert folder.table("part-a.parquet")["key"].to_pylist() == ["x"]
    assert not folder.has("part-b.parquet")
    assert folder.index().rows == 1


def test_a_folder_that_is_not_finished_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no finished folder"):
        store_of_parts(tmp_path, tmp_path / "store")
