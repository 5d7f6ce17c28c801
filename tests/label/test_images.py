"""Images as the browser gets them."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from xxhash import xxh3_128_hexdigest

from openal._image_reader import Reading, read_image
from openal.label import _images
from openal.label._images import SIDES, Encoded, Images, UnreadableError


def shown(made: Encoded) -> Any:
    image = Image.open(BytesIO(made.content))
    assert made.kind == f"image/{image.format.lower()}"
    return image


def images_of(path: Path, **settings: Any) -> Images:
    return Images(lambda index: path, **settings)


def photo(path: Path, size: tuple[int, int] = (3000, 2000), **settings: Any) -> Path:
    Image.new("RGB", size, (200, 30, 30)).save(path, **settings)
    return path


@pytest.mark.parametrize("size", SIDES)
def test_a_photo_is_made_as_small_as_the_screen(tmp_path: Path, size: str) -> None:
    image = shown(images_of(photo(tmp_path / "a.jpg")).encoded(0, size))
    assert max(image.size) == min(SIDES[size], 3000)
    assert image.width / image.height == pytest.approx(1.5, abs=0.01)


def test_the_orientation_of_a_photo_is_applied_and_nothing_else_is_told(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "a camera"
    image = shown(images_of(photo(tmp_path / "a.jpg", exif=exif)).encoded(0, "screen"))
    assert image.size == (1067, 1600)
    assert not image.getexif()


def test_a_text_chunk_is_not_told(tmp_path: Path) -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("author", "somebody")
    made = images_of(photo(tmp_path / "a.png", (40, 40), pnginfo=info)).encoded(0, "screen")
    assert b"somebody" not in made.content


def test_a_small_image_keeps_every_pixel(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    image = shown(images_of(tmp_path / "a.png").encoded(0, "screen"))
    np.testing.assert_array_equal(np.asarray(image), pixels)


def test_sixteen_bits_and_transparency_can_be_shown(tmp_path: Path) -> None:
    Image.fromarray(np.full((30, 30), 60_000, np.uint16)).save(tmp_path / "a.png")
    Image.new("RGBA", (30, 30), (0, 0, 0, 0)).save(tmp_path / "b.png")
    assert shown(images_of(tmp_path / "a.png").encoded(0, "small")).getpixel((1, 1)) == (233,) * 3
    assert shown(images_of(tmp_path / "b.png").encoded(0, "small")).getpixel((1, 1)) == (255,) * 3


def test_a_broken_image_says_why(tmp_path: Path) -> None:
    whole = photo(tmp_path / "a.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.jpg").write_text("no image")
    for name, why in [("cut", "truncated"), ("text", "cannot identify"), ("gone", "no plain file")]:
        with pytest.raises(UnreadableError, match=why):
            images_of(tmp_path / f"{name}.jpg").encoded(0, "screen")


def test_a_huge_image_is_not_decoded(tmp_path: Path) -> None:
    path = photo(tmp_path / "a.png", (500, 500))
    with pytest.raises(UnreadableError, match="250000"):
        images_of(path, reading=Reading(max_pixels=1000)).encoded(0, "screen")


def test_a_file_that_cannot_be_found_is_unreadable() -> None:
    def nowhere(index: int) -> Path:
        raise KeyError(index)

    with pytest.raises(UnreadableError):
        Images(nowhere).encoded(0, "screen")


def test_an_image_is_read_once_and_forgotten_when_there_are_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def reading(path: Path, how: Reading) -> Any:
        read.append(path.stem)
        return read_image(path, how)

    for name in "012":
        photo(tmp_path / f"{name}.jpg", (300, 300), comment=name.encode())
    images = Images(lambda index: tmp_path / f"{index}.jpg")
    size = len(images.encoded(0, "screen").content)
    images = Images(lambda index: tmp_path / f"{index}.jpg", memory=2 * size)
    monkeypatch.setattr(_images, "read_image", reading)
    for index in (0, 0, 1, 2, 2, 0):
        images.encoded(index, "screen")
    assert read == ["0", "1", "2", "0"]


def test_a_file_that_was_replaced_is_shown_as_it_is_now(tmp_path: Path) -> None:
    images = images_of(tmp_path / "a.png")
    for gray in (50, 200, 50):  # of one size, within the grain of the clock
        Image.new("L", (32, 32), gray).save(tmp_path / "a.png", compress_level=0)
        assert shown(images.encoded(0, "screen")).convert("L").getpixel((1, 1)) == gray
        assert images.sum_of(0) == xxh3_128_hexdigest((tmp_path / "a.png").read_bytes())


def test_nothing_was_shown_of_a_broken_image(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("no image")
    images = images_of(tmp_path / "a.jpg")
    with pytest.raises(UnreadableError):
        images.encoded(0, "screen")
    assert images.sum_of(0) is None
