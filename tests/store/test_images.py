"""Which files of a folder are images, and what is read of them."""

import os
from pathlib import Path

import pytest
from PIL import Image

from openal.errors import ArgumentError
from openal.store.images import Images, image_names


def test_they_are_sorted_by_their_path(tmp_path: Path) -> None:
    for name in ("b.png", "a/z.JPG", "a.b/c.webp", "a/notes.txt", "a/y/x.tiff"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert image_names(tmp_path) == ["a/y/x.tiff", "a/z.JPG", "a.b/c.webp", "b.png"]


def test_another_size_is_another_identity(tmp_path: Path) -> None:
    images = Images(tmp_path, ["a.png", "gone.png"], lambda image: image)
    (tmp_path / "a.png").write_bytes(b"123")
    assert images.identities() == ["a.png\0" + "3", "gone.png\0None"]


def test_every_image_has_three_colors(tmp_path: Path) -> None:
    Image.new("LA", (2, 2)).save(tmp_path / "a.png")
    assert Images(tmp_path, ["a.png"], lambda image: image.mode)[0] == "RGB"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(ArgumentError, match="no plain file"):
        Images(tmp_path, ["a.png"], lambda image: image)[0]
