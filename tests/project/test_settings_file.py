"""`openal.toml`: what it says, what it refuses, where it is looked for."""

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

from openal.errors import ArgumentError
from openal.project import Project

NAMES = ("cat", 'snowy "owl"', "naïve\n", "back\\slash", "del\x7f")


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    made = Project.create(tmp_path, "über/*.jpg", NAMES, budget=7, copies=0.9, strategy="NEAT(k=5)")
    assert Project.find(tmp_path) == made
    assert tomllib.loads((tmp_path / "openal.toml").read_text(encoding="utf-8"))["budget"] == 7


def test_it_is_found_from_below(tmp_path: Path) -> None:
    made = Project.create(tmp_path / "a", "photos", ["cat"])
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    assert Project.find(tmp_path / "a" / "b" / "c") == made


def test_without_one_it_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"no openal\.toml in .*; begin .* openal init DIR"):
        Project.find(tmp_path)


def test_the_same_project_again_changes_nothing(tmp_path: Path) -> None:
    Project.create(tmp_path, "photos", ["cat"])
    path = tmp_path / "openal.toml"
    path.write_text("# mine\n" + path.read_text())
    Project.create(tmp_path, "photos", ["cat"])
    assert path.read_text().startswith("# mine")


def test_another_project_in_its_place_is_refused(tmp_path: Path) -> None:
    Project.create(tmp_path, "photos", ["cat"])
    with pytest.raises(ArgumentError, match="says something else"):
        Project.create(tmp_path, "photos", ["dog"])


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ArgumentError, match="is a file"):
        Project.create(tmp_path / "file", "photos", ["cat"])


BAD: list[tuple[dict[str, Any], str]] = [
    ({"classes": []}, "classes must hold at least one name"),
    ({"classes": ["cat", "cat"]}, r"classes\[1\] is 'cat', which is there already"),
    ({"classes": ["UNKNOWN"]}, "'UNKNOWN', which is an answer of its own"),
    ({"classes": "cat"}, "classes must be a number or a list of names"),
    ({"images": ""}, "images must be a text"),
    ({"budget": 0}, "budget must be at least 1"),
    ({"budget": True}, "budget must be an integer"),
    ({"copies": "no"}, "copies must be 'ask', 'skip'"),
    ({"encoder": 3}, "encoder must be a text"),
    ({"encoder": "vit"}, "encoder must be auto, offline, clip:MODEL/TAG.*got 'vit'"),
    ({"strategy": "NEET"}, "unknown strategy 'NEET'.*NEAT"),
    ({"strategy": "NEAT(l=3)"}, "NEAT"),
    ({"tint": "red"}, "there is no setting 'tint'; there are images, classes"),
]


@pytest.mark.parametrize("change, message", BAD, ids=[f"{change}" for change, _ in BAD])
def test_a_setting_that_cannot_be_is_refused(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    given = {"images": "photos", "classes": ["cat"], **change}
    with pytest.raises(ArgumentError, match=message):
        Project.create(tmp_path / "new", **given)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "text, message",
    [
        ("images = 'photos'", "the setting 'classes' is missing"),
        ("images = photos", "cannot be read"),
        ("images = 'p'\nclasses = 3", "classes must be a list of names"),
        ("images = 'p'\nclasses = ['a']\nbudgets = 3", "no setting 'budgets'"),
    ],
)
def test_a_file_that_was_edited_badly_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "openal.toml").write_text(text)
    with pytest.raises(ArgumentError, match=message) as raised:
        Project.find(tmp_path)
    assert str(tmp_path / "openal.toml") in str(raised.value)


def test_a_file_with_a_mark_of_windows_is_read(tmp_path: Path) -> None:
    (tmp_path / "openal.toml").write_bytes(b"\xef\xbb\xbfimages = 'p'\r\nclasses = ['a']\r\n")
    assert Project.find(tmp_path).classes == ("a",)


def test_a_name_that_is_not_unicode_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="not Unicode"):
        Project.create(tmp_path, os.fsdecode(b"photos\xff"), ["cat"])
    assert [*tmp_path.iterdir()] == []
