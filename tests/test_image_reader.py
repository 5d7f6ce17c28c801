"""Image files as cameras, microscopes and editors write them, and what is read of them."""

import io
import os
import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from openal._image_reader import (
    MAX_PIXELS,
    Note,
    Notes,
    Reading,
    image_endings,
    read_image,
    reading_of,
)
from openal.errors import ArgumentError

COLORS = np.kron(
    np.random.default_rng(0).integers(0, 255, (4, 6, 3), np.uint8), np.ones((8, 8, 1), np.uint8)
)
RAMP = np.linspace(0, 65535, 512).reshape(16, 32).astype(np.uint16)
GRAY = np.rint(RAMP / 257).astype(np.uint8)


def read(path: Path, **how: Any) -> np.ndarray:
    """The pixels that are read."""
    image, _ = read_image(path, Reading(**how))
    assert image.mode == "RGB"
    return np.asarray(image)


def read_gray(path: Path, **how: Any) -> np.ndarray:
    """The pixels of an image in gray."""
    pixels = read(path, **how)
    assert (pixels == pixels[..., :1]).all()
    return pixels[..., 0]


def note(path: Path, **how: Any) -> Note:
    return read_image(path, Reading(**how))[1]


# How a sensor that was held in each of the eight ways stores what people see upright.
STORED = {
    1: lambda x: x,
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.swapaxes(0, 1),
    6: lambda x: np.rot90(x, 1),
    7: lambda x: x[::-1, ::-1].swapaxes(0, 1),
    8: lambda x: np.rot90(x, -1),
}


@pytest.mark.parametrize("ending", ["png", "tiff", "webp"])
@pytest.mark.parametrize("orientation", STORED)
def test_an_orientation_of_exif_is_applied(tmp_path: Path, ending: str, orientation: int) -> None:
    tag, path = Image.Exif(), tmp_path / f"phone.{ending}"
    tag[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](COLORS)))
    stored.save(path, exif=tag, **({"lossless": True} if ending == "webp" else {}))
    np.testing.assert_array_equal(read(path), COLORS)


def test_the_orientation_of_a_jpeg_and_of_deep_pixels(tmp_path: Path) -> None:
    tag = Image.Exif()
    tag[0x0112] = 6
    Image.new("RGB", (40, 20)).save(tmp_path / "a.jpg", exif=tag)
    Image.fromarray(RAMP).save(tmp_path / "b.png", exif=tag)
    assert read(tmp_path / "a.jpg").shape[:2] == (40, 20)
    np.testing.assert_array_equal(read_gray(tmp_path / "b.png"), np.rot90(GRAY, -1))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_broken_exif_turns_nothing(tmp_path: Path) -> None:
    Image.fromarray(COLORS).save(tmp_path / "a.png", exif=b"Exif\0\0II*\0\xff\xff\xff\xff\1")
    np.testing.assert_array_equal(read(tmp_path / "a.png"), COLORS)


@pytest.mark.parametrize("ending", ["png", "tiff", "pgm", "jp2"])
def test_sixteen_bits_are_mapped_from_their_full_range(tmp_path: Path, ending: str) -> None:
    Image.fromarray(RAMP).save(tmp_path / f"a.{ending}")
    np.testing.assert_array_equal(read_gray(tmp_path / f"a.{ending}"), GRAY)
    assert note(tmp_path / f"a.{ending}") == Note(0)


def test_two_exposures_stay_in_their_ratio(tmp_path: Path) -> None:
    for name, exposed in (("a.png", RAMP), ("b.png", RAMP // 2)):
        Image.fromarray(exposed).save(tmp_path / name)
    ratio = read(tmp_path / "b.png").astype(float).mean() / read(tmp_path / "a.png").mean()
    assert ratio == pytest.approx(0.5, abs=0.01)


def test_a_camera_of_twelve_bits(tmp_path: Path) -> None:
    Image.fromarray(RAMP >> 4).save(tmp_path / "a.png")
    assert (read_gray(tmp_path / "a.png").max(), note(tmp_path / "a.png")) == (16, Note.DARK)
    np.testing.assert_allclose(read_gray(tmp_path / "a.png", bits=12), GRAY, atol=1)
    assert note(tmp_path / "a.png", bits=12) == Note(0)


def test_brighter_than_the_bits_that_were_named(tmp_path: Path) -> None:
    Image.fromarray(RAMP).save(tmp_path / "a.png")
    assert note(tmp_path / "a.png", bits=12) == Note.CLIPPED
    assert (read_gray(tmp_path / "a.png", bits=12)[RAMP > 4095] == 255).all()


def twelve_bits(values: np.ndarray) -> bytes:
    """A TIFF of 12 bits a pixel, two pixels in three bytes, as scanners write it."""
    height, width = values.shape
    first, second = values.reshape(-1, 2).astype(np.uint16).T
    packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], axis=1)
    tags = [(256, 4, width), (257, 4, height), (258, 3, 12), (259, 3, 1), (262, 3, 1)]
    tags += [(273, 4, 8 + 2 + 9 * 12 + 4), (277, 3, 1), (278, 4, height), (279, 4, packed.size)]
    head = b"II*\0" + (8).to_bytes(4, "little") + len(tags).to_bytes(2, "little")
    for tag, kind, value in tags:
        head += b"".join(n.to_bytes(size, "little") for n, size in ((tag, 2), (kind, 2), (1, 4)))
        head += value.to_bytes(4, "little")
    return head + bytes(4) + packed.astype(np.uint8).tobytes()


def test_the_bits_that_a_tiff_names_are_its_range(tmp_path: Path) -> None:
    (tmp_path / "a.tiff").write_bytes(twelve_bits(RAMP >> 4))
    np.testing.assert_allclose(read_gray(tmp_path / "a.tiff"), GRAY, atol=1)


def test_an_x_ray_in_which_white_is_zero(tmp_path: Path) -> None:
    Image.fromarray(RAMP).save(tmp_path / "a.tiff", tiffinfo={262: 0})
    np.testing.assert_array_equal(read_gray(tmp_path / "a.tiff"), 255 - GRAY)


@pytest.mark.parametrize(
    "values",
    [
        (RAMP / 65535).astype(np.float32),
        (RAMP * 3.5 - 1e5).astype(np.float32),
        RAMP.astype(np.int32) * 100,
        (RAMP.astype(np.int64) * 65536 - 2**31).astype(np.int32),
    ],
    ids=["0..1", "any floats", "int32", "all of int32"],
)
def test_floats_and_long_integers_have_the_range_of_the_image(
    tmp_path: Path, values: np.ndarray
) -> None:
    Image.fromarray(values).save(tmp_path / "a.tiff")
    np.testing.assert_allclose(read_gray(tmp_path / "a.tiff"), GRAY, atol=1)
    assert note(tmp_path / "a.tiff") == Note.RANGE


def test_unsigned_integers_above_two_to_the_31(tmp_path: Path) -> None:
    values, file = (RAMP.astype(np.uint32) * 65536), io.BytesIO()
    Image.fromarray(values.view(np.int32)).save(file, format="tiff")
    signed, unsigned = (bytes([0x53, 1, 3, 0, 1, 0, 0, 0, kind, 0]) for kind in (2, 1))
    assert file.getvalue().count(signed) == 1
    (tmp_path / "a.tiff").write_bytes(file.getvalue().replace(signed, unsigned))
    np.testing.assert_allclose(read_gray(tmp_path / "a.tiff"), GRAY, atol=1)


def test_signed_integers_of_eight_bits(tmp_path: Path) -> None:
    """Pillow gives them as if they had no sign: -1 would be white."""
    values, file = (GRAY.astype(int) - 128).astype(np.int8), io.BytesIO()
    Image.fromarray(values.view(np.uint8)).save(file, format="tiff", tiffinfo={339: 1})
    unsigned, signed = (struct.pack("<HHIHH", 339, 3, 1, kind, 0) for kind in (1, 2))
    assert unsigned in file.getvalue()
    (tmp_path / "a.tiff").write_bytes(file.getvalue().replace(unsigned, signed))
    np.testing.assert_allclose(read_gray(tmp_path / "a.tiff"), GRAY, atol=1)
    assert note(tmp_path / "a.tiff") == Note.RANGE


def test_what_is_not_finite_spoils_nothing(tmp_path: Path) -> None:
    values = (RAMP / 65535).astype(np.float32)
    values[3, :3] = np.nan, np.inf, -np.inf
    Image.fromarray(values).save(tmp_path / "a.tiff")
    expected = GRAY.copy()
    expected[3, :3] = 0, 255, 0
    np.testing.assert_allclose(read_gray(tmp_path / "a.tiff"), expected, atol=1)


def test_an_image_of_one_value_is_black_and_one_of_none_is_refused(tmp_path: Path) -> None:
    for name, value in (("a.tiff", 0.7), ("b.tiff", np.nan)):
        Image.fromarray(np.full((4, 4), value, np.float32)).save(tmp_path / name)
    assert read(tmp_path / "a.tiff").max() == 0
    with pytest.raises(ArgumentError, match="no finite number"):
        read_image(tmp_path / "b.tiff")


def cut_out(mode: str) -> Image.Image:
    """A product on a ground that is transparent, with green hidden in it."""
    pixels = np.zeros((32, 32, 4), np.uint8)
    pixels[..., 1] = 255
    pixels[8:24, 8:24] = (200, 30, 30, 255)
    return Image.fromarray(pixels).convert(mode)


@pytest.mark.parametrize("ending", ["png", "tiff", "tga", "webp", "jp2", "ico"])
def test_what_is_transparent_shows_white(tmp_path: Path, ending: str) -> None:
    lossless = {"lossless": True} if ending == "webp" else {}
    cut_out("RGBA").save(tmp_path / f"a.{ending}", **lossless)
    pixels = read(tmp_path / f"a.{ending}")
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[16, 16].tolist() == [200, 30, 30]


def test_gray_with_transparency(tmp_path: Path) -> None:
    cut_out("LA").save(tmp_path / "a.png")
    pixels = read_gray(tmp_path / "a.png")
    assert pixels[0, 0] == 255 and pixels[16, 16] == cut_out("L").getpixel((16, 16))


def test_what_is_half_transparent_is_half_white(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (200, 0, 100, 128)).save(tmp_path / "a.png")
    assert read(tmp_path / "a.png")[0, 0].tolist() == pytest.approx([227, 127, 177], abs=1)


@pytest.mark.parametrize(
    "mode, ending", [("P", "png"), ("RGB", "png"), ("L", "png"), ("P", "gif"), ("L", "gif")]
)
def test_one_color_that_is_transparent(tmp_path: Path, mode: str, ending: str) -> None:
    image = cut_out("RGB")
    image = image.quantize(4) if mode == "P" else image.convert(mode)
    ground: Any = image.getpixel((0, 0))
    image.save(tmp_path / f"a.{ending}", transparency=ground)
    pixels = read(tmp_path / f"a.{ending}")
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[16, 16].max() < 255


def test_a_palette_with_an_alpha_of_each_color(tmp_path: Path) -> None:
    image = Image.fromarray((RAMP >> 14).astype(np.uint8), "L").convert("P")
    image.putpalette([0, 0, 255] * 4)
    image.save(tmp_path / "a.png", transparency=bytes([0, 255, 255, 255]))
    assert read(tmp_path / "a.png")[0, 0].tolist() == [255, 255, 255]
    assert read(tmp_path / "a.png")[-1, -1].tolist() == [0, 0, 255]


def test_a_gray_of_sixteen_bits_that_is_transparent(tmp_path: Path) -> None:
    Image.fromarray(RAMP).save(tmp_path / "a.png", transparency=0)
    assert read_gray(tmp_path / "a.png")[0, :2].tolist() == [255, 0]


@pytest.mark.parametrize("mode, ending", [("CMYK", "tiff"), ("CMYK", "jpg"), ("YCbCr", "tiff")])
def test_colors_for_print_and_for_television(tmp_path: Path, mode: str, ending: str) -> None:
    Image.fromarray(COLORS).convert(mode).save(tmp_path / f"a.{ending}", quality=95)
    np.testing.assert_allclose(read(tmp_path / f"a.{ending}"), COLORS, atol=4)


def test_colors_of_lab(tmp_path: Path) -> None:
    rgb, lab = (ImageCms.createProfile(name) for name in ("sRGB", "LAB"))
    image = ImageCms.profileToProfile(Image.fromarray(COLORS), rgb, lab, outputMode="LAB")
    assert image is not None
    image.save(tmp_path / "a.tiff")
    difference = np.abs(read(tmp_path / "a.tiff").astype(int) - COLORS)
    assert difference.mean() < 2 and difference.max() < 30  # 8 bits of a and b are coarse


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_plain_modes(tmp_path: Path, mode: str) -> None:
    image = Image.fromarray(COLORS).convert(mode)
    image.save(tmp_path / "a.png")
    np.testing.assert_array_equal(read(tmp_path / "a.png"), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("ending", ["png", "gif", "tiff", "webp"])
def test_the_first_of_several_frames_is_read(tmp_path: Path, ending: str) -> None:
    first, second = (Image.new("RGB", (8, 8), color) for color in ("red", "blue"))
    more = {"lossless": True} if ending == "webp" else {}
    first.save(tmp_path / f"a.{ending}", save_all=True, append_images=[second], **more)
    assert read(tmp_path / f"a.{ending}")[0, 0].tolist() == [255, 0, 0]
    assert note(tmp_path / f"a.{ending}") == Note.FRAMES
    first.save(tmp_path / f"b.{ending}")
    assert note(tmp_path / f"b.{ending}") == Note(0)


def test_the_previews_of_a_phone_are_no_frames(tmp_path: Path) -> None:
    photo = Image.fromarray(COLORS)
    photo.save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[photo.reduce(2)])
    with Image.open(tmp_path / "a.jpg") as opened:
        assert opened.format == "MPO"
    assert note(tmp_path / "a.jpg") == Note(0)


@pytest.mark.parametrize("ending", ["png", "jpg", "tiff", "webp", "bmp"])
def test_half_a_file_is_an_error(tmp_path: Path, ending: str) -> None:
    Image.fromarray(COLORS).save(tmp_path / f"a.{ending}")
    whole = (tmp_path / f"a.{ending}").read_bytes()
    (tmp_path / f"a.{ending}").write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises((OSError, ValueError)):
        read_image(tmp_path / f"a.{ending}")


@pytest.mark.parametrize("content", [b"", b"<html>429 Too Many Requests", b"\x89PNG\r\n\x1a\n"])
def test_no_image_at_all(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(OSError, match="cannot identify image file"):
        read_image(tmp_path / "a.jpg")


def test_the_ending_does_not_decide(tmp_path: Path) -> None:
    Image.fromarray(COLORS).save(tmp_path / "a.jpg", format="PNG")
    np.testing.assert_array_equal(read(tmp_path / "a.jpg"), COLORS)


def test_no_other_program_is_run(tmp_path: Path) -> None:
    """An EPS would be handed to Ghostscript."""
    Image.fromarray(COLORS).save(tmp_path / "a.jpg", format="EPS")
    with pytest.raises(OSError, match="cannot identify"):
        read_image(tmp_path / "a.jpg")


@pytest.mark.parametrize("ending", ["png", "tiff", "gif", "webp"])
def test_a_panorama_is_read_if_it_is_asked_for(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (60, 40), "red").save(tmp_path / f"a.{ending}")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)
    monkeypatch.setattr("openal._image_reader.MAX_PIXELS", 1000)
    with pytest.raises(Image.DecompressionBombError, match="--max-pixels"):
        read(tmp_path / f"a.{ending}", max_pixels=1000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(tmp_path / f"a.{ending}", max_pixels=2400).shape == (40, 60, 3)
    assert Image.MAX_IMAGE_PIXELS == 500


def test_an_image_too_large_says_how_large_it_is(tmp_path: Path) -> None:
    Image.new("1", (20_000, 9_000)).save(tmp_path / "a.png")
    with pytest.raises(Image.DecompressionBombError, match=r"20000 x 9000 .* 180000000 reads it"):
        read_image(tmp_path / "a.png")


@pytest.mark.long
def test_what_pillow_warns_of_is_read_without_a_word(tmp_path: Path) -> None:
    Image.new("1", (10_000, 9_000)).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png")[0].size == (10_000, 9_000)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(ArgumentError, match="no plain file"):
        read_image(tmp_path / "a.png")


def test_the_endings_are_those_of_pillow() -> None:
    endings = image_endings()
    assert {".jpg", ".jfif", ".jpe", ".jp2", ".tga", ".png", ".gif", ".ppm", ".tif"} <= endings
    assert not {".eps", ".mpg", ".h5", ".pdf"} & endings


@pytest.mark.parametrize("wrong", [{"max_pixels": 0}, {"bits": 8}, {"bits": 17}, {"bits": 12.5}])
def test_wrong_options(wrong: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        Reading(**wrong)


def test_options_that_are_not_given() -> None:
    assert reading_of(None, None) == Reading(MAX_PIXELS, None)


def test_each_rule_is_said_once() -> None:
    notes = Notes(4)
    for index, each in enumerate((Note.FRAMES | Note.RANGE, Note(0), Note.RANGE, Note.RANGE)):
        notes.add(index, each)
    assert notes.lines(["a.tif", "b.tif", "c.tif", "d.tif"]) == [
        "1 image with several frames or pages, of which the first is read: a.tif",
        "3 images of floats, signed or 32-bit numbers, mapped from the range of the image: "
        "a.tif, ...",
    ]
