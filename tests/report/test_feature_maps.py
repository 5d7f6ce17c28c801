"""Maps of the classifiers' own features on the page."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openal.errors import ArgumentError
from openal.report import report
from openal.report._feature_maps import FeatureMaps
from openal.report._figure import write_figure
from tests.report.test_build import page_of, write_cell, write_items

SETTINGS = {"data": "digits", "mismatch": 0.4, "ood_ratio": 0.6, "rounds": 9}


def write_features(folder: Path, **changes: Any) -> Path:
    """Maps of Random's and NEAT's classifiers before the first and the ninth query, of 6 items."""
    items = np.array([0, 1, 2, 3, 16, 17])
    arrays = {
        "digest": "x",
        "settings": json.dumps(SETTINGS),
        "seed": 0,
        "names": np.array(["Random", "NEAT"]),
        "rounds": [0, 8],
        "indices": items,
        "xy": np.stack([items, items], axis=1)[None, None].repeat(2, 0).repeat(2, 1) / 1.0,
    } | changes
    (folder / "features").mkdir(exist_ok=True)
    path = folder / "features" / "all.npz"
    np.savez(path, **arrays)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("Random", "NEAT"):
        write_cell(tmp_path, name, 0)
    write_items(tmp_path)
    write_features(tmp_path)
    return tmp_path


def maps_of(folder: Path) -> list[FeatureMaps]:
    (section,) = report(folder).sections
    return [figure for figure in section.chosen if isinstance(figure, FeatureMaps)]


def test_what_was_chosen_in_the_round_is_marked(folder: Path) -> None:
    first, last = maps_of(folder)
    assert first.title == "What the classifier made of it before round 1"
    assert last.title == "What the classifier made of it before round 9"
    chosen = [panel.chosen for panel in (*first.panels, *last.panels)]
    assert [{k: v.tolist() for k, v in groups.items()} for groups in chosen] == [
        *[{"unknown": [1], "known": [0]}] * 2,  # items 0 and 1
        *[{"unknown": [5], "known": [4]}] * 2,  # items 16 and 17
    ]


def test_they_stand_beside_the_maps_of_embeddings(folder: Path) -> None:
    titles = re.findall(r"<h3>((?:Where|What) [^<]*)</h3>", page_of(folder))
    assert [title.split(" ")[1] for title in titles] == [
        *("they", "they", "the", "the", "they", "they")  # looked, classifier, chose
    ]


def test_without_items_nobody_says_what_is_known(folder: Path) -> None:
    (folder / "data.npz").unlink()
    first, _ = maps_of(folder)
    assert [*first.panels[0].cloud] == ["item"]
    assert "dark dots" in first.note


@pytest.mark.parametrize(
    "changes",
    [
        {"settings": json.dumps({**SETTINGS, "rounds": 3})},
        {"seed": 5},
        {"names": np.array(["a", "b"])},
    ],
)
def test_maps_of_other_runs_are_left_out(folder: Path, changes: dict[str, Any]) -> None:
    write_features(folder, **changes)
    assert maps_of(folder) == []


def test_a_folder_of_the_same_name_elsewhere_is_not_read(folder: Path) -> None:
    (folder / "x" / "features").mkdir(parents=True)
    (folder / "x" / "features" / "mine.npz").write_bytes(b"no results")
    assert len(maps_of(folder)) == 2


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"xy": np.zeros((2, 2, 5, 2))}, "xy must hold"),
        ({"xy": np.full((2, 2, 6, 2), np.nan)}, "xy must hold"),
        ({"indices": np.array([-1] * 6)}, "indices must be"),
        ({"indices": np.array(["0"] * 6)}, ""),
        ({"rounds": [-1, 8]}, "rounds must be"),
        ({"settings": "{"}, ""),
    ],
)
def test_damaged_maps_are_named(folder: Path, changes: dict[str, Any], words: str) -> None:
    path = write_features(folder, **changes)
    with pytest.raises(ArgumentError, match=re.escape(f"{path} cannot be read: {words}")):
        report(folder)


def test_they_are_a_picture_and_a_table(folder: Path) -> None:
    _, last = maps_of(folder)
    write_figure(folder, "last", last)
    assert (folder / "last.png").exists()
    rows = (folder / "last.csv").read_text("utf-8-sig").splitlines()
    assert rows[0] == "strategy,x,y,group,chosen"
    assert sum(row.endswith(",1") for row in rows) == 2 * 2
