"""What is kept for a report."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from openal.simulate._record import DATA, asked_first, plane, write_data
from openal.simulate.datasets._sources import digits
from openal.simulate.loop import Run

RUN = Run(
    asked=((3, 1), (2, 0), (7, 8)),
    accuracy=(0.5, 0.75, 1.0, 1.0),
    precision=(0.5, 1.0, 1.0),
    recall=(0.1, 0.3, 0.4),
    recall_with_init=(0.2, 0.4, 0.5),
    wasted=(1, 1, 1),
    seconds=(0.25, 0.75, 0.1),
)


def test_the_first_and_the_last_rounds_come_first() -> None:
    other = replace(RUN, asked=((4, 3), (5,), (9, 7)))
    assert [*asked_first([RUN, other])] == [3, 7, 4, 9, 1, 8, 2, 5, 0]


def test_the_digits_are_kept(tmp_path: Path) -> None:
    source = digits()
    write_data(tmp_path, source, source.load(), [RUN])
    with np.load(tmp_path / DATA, allow_pickle=False) as kept:
        np.testing.assert_array_equal(kept["labels"], source.labels)
        assert kept["names"].tolist() == list("0123456789")
        assert (kept["xy"].shape, kept["xy"].dtype) == ((1797, 2), np.float32)
        assert kept["thumbnail_indices"].tolist() == [3, 7, 1, 8, 2, 0]
        small = kept["thumbnails"]
    assert (small.shape, small.dtype) == ((6, 32, 32, 3), np.uint8)
    pixels = source.load().pool([3]).take("embeddings", [0]).reshape(8, 8).numpy()
    np.testing.assert_array_equal(small[0][::4, ::4, 0], np.rint(pixels * 255))


def test_no_images_and_no_embeddings(tmp_path: Path) -> None:
    source = replace(digits(), thumbnails=None)
    data = source.load()
    write_data(tmp_path, replace(source, embeddings=None), data, [RUN])
    with np.load(tmp_path / DATA, allow_pickle=False) as kept:
        assert kept.files == ["labels", "names"]


def test_the_same_runs_give_the_same_file(tmp_path: Path) -> None:
    source = digits()
    for folder in ("a", "b"):
        write_data(tmp_path / folder, source, source.load(), [RUN])
    assert (tmp_path / "a" / DATA).read_bytes() == (tmp_path / "b" / DATA).read_bytes()


def test_the_plane_of_the_largest_spread() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 6)) * [9, 0.1, 0.1, 4, 0.1, 0.1]
    centered = vectors - vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(centered, full_matrices=False)
    np.testing.assert_allclose(abs(plane(vectors)), abs(centered @ axes[:2].T), atol=1e-3)


@pytest.mark.parametrize("shape", [(1, 5), (4, 1), (3, 2)])
def test_a_plane_of_little(shape: tuple[int, int]) -> None:
    assert plane(np.ones(shape)).shape == (shape[0], 2)
    assert np.isfinite(plane(np.ones(shape))).all()
