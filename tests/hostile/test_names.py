"""Class names that mean harm are text, wherever they are shown, exported or asked about."""

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal._spreadsheet import FORMULA
from openal.cli import main
from openal.errors import ArgumentError, LedgerError
from openal.labeled import LabeledSet
from openal.learners._class_texts import class_names, text_directions
from openal.learners._templates import as_templates, template_texts
from openal.ledger import as_csv, as_json, read_whole
from openal.report import report, write_report
from openal.report._svg import element, sheet, text
from openal.simulate._results_folder import ResultsFolder
from openal.simulate.loop import Run
from tests.walking import walked

NAMES = {
    "script": "<script>alert(1)</script>",
    "attribute": '" onload="alert(1)',
    "apostrophe": "' onload='alert(1)",
    "entity": "&lt;b&gt;&#x27;",
    "style": "</style><style>*{display:none}",
    "comment": "--><!--",
    "formula": '=HYPERLINK("http://x","y")',
    "plus": "+1+cmd|' /C calc'!A0",
    "wide formula": "＝1+1",
    "tab": "\t=1",
    "separators": 'a,b;"c"\r\nd',
    "line": "two\nlines",
    "mathtext": "$\\frac{a}{b_{",
    "format": "%s {0} {} {a!r} %(x)s",
    "braces": "{}{}",
    "path": "../../etc/passwd",
    "absolute": "/etc/passwd",
    "NUL": "a\0b",
    "right to left": "\u202egpj.exe",
    "half a character": "a\ud800",
    "combining": "Z\u0351\u036b\u0343" * 30,
    "emoji": "\U0001f9d1\u200d\U0001f33e",
    "space": " \u00a0cat ",
    "long": "cat " * 5_000,
    "terminal": "\x1b[2J\x1b]0;title\x07",
    "JSON": '", "label": 7, "x": "',
    "SQL": "'); DROP TABLE event; --",
}
EVERY = pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
RUN = Run(((0,), (1,)), (0.5, 0.6, 0.7), (1.0, 0.0), (0.1, 0.1), (0.2, 0.2), (0, 1), (0.1, 0.1))


class Tags(HTMLParser):
    """What a browser would make of a page: its tags with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, frozenset[str]]] = []
        self.words = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, frozenset(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


def write_results(folder: Path, name: str) -> None:
    """Two classes, one data set, strategies and settings of a hostile name."""
    results = ResultsFolder(
        folder, {"data": name, "mismatch": 0.5, "ood_ratio": None, "note": name}
    )
    for strategy in ("Random", "NEAT"):
        results.save(strategy, 0, f"{name}()", RUN, known=[0])
    items = {"labels": np.arange(4) % 2, "thumbnail_indices": np.arange(4)}
    images = np.zeros((4, 32, 32, 3), np.uint8)
    named = np.array(["cat", name.rstrip("\0")])
    np.savez(folder / "data.npz", names=named, thumbnails=images, **items)
    (folder / "simulation.json").write_text(json.dumps({"about": name, "notes": [name]}))


# --- HTML


@walked
@EVERY
def test_a_page_has_the_tags_of_a_harmless_name(tmp_path: Path, name: str) -> None:
    write_results(tmp_path / "harmless", "owl")
    write_results(tmp_path / "hostile", name)
    harmless, hostile = (report(tmp_path / each).html("files") for each in ("harmless", "hostile"))
    assert Tags(hostile).tags == Tags(harmless).tags
    assert "\ufffd" not in hostile and hostile.encode()


@walked
@EVERY
def test_an_element_holds_a_name_as_text(name: str) -> None:
    parsed = Tags(element("p", text(name), title=name, class_="x"))
    assert parsed.tags == [("p", frozenset({"title", "class"}))]
    assert parsed.words in (name, ascii(name))


# --- CSV and JSON


@walked
@EVERY
def test_an_export_reads_back_and_computes_nothing(tmp_path: Path, name: str) -> None:
    LabeledSet(3, ["cat", name], tmp_path / "answers.db").add([2, 0], [1, 0])
    found = read_whole(tmp_path / "answers.db")
    value = json.loads(as_json(found))
    assert [row["class"] for row in value["answers"]] == [name, "cat"] == [*value["classes"]][::-1]
    rows = [*csv.reader(io.StringIO(as_csv(found).decode("utf-8-sig"), newline=""))]
    assert [len(row) for row in rows] == [6, 6, 6]
    written = name.encode(errors="backslashreplace").decode()
    assert rows[1][1] == (f"'{written}" if name.startswith((*FORMULA, "'")) else written)
    assert not rows[1][1].startswith(FORMULA)


@walked
@EVERY
def test_a_sheet_of_a_report_computes_nothing(name: str) -> None:
    (row,) = csv.reader(io.StringIO(sheet([[name, 1]]).decode("utf-8-sig"), newline=""))
    assert row[0] in (name, f"'{name}", ascii(name), f"'{name!a}")
    assert not row[0].startswith(FORMULA)


@walked
@pytest.mark.parametrize("name", [NAMES["path"], NAMES["absolute"], NAMES["NUL"], NAMES["long"]])
def test_no_name_becomes_a_path(tmp_path: Path, name: str) -> None:
    write_results(tmp_path / "results", name)
    write_report(tmp_path / "results", tmp_path / "report.html")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("report.html", "report_files", "results")
    ]
    files = [path.name for path in (tmp_path / "report_files").iterdir()]
    assert all(re.fullmatch(r"[\w-]+\.(png|csv)", file) for file in files)


@walked
@pytest.mark.parametrize("name", ["a/b", "../x", "/x", "..", "a\0b", "ü", "*", "[a]"])
def test_the_name_of_a_strategy_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    results = ResultsFolder(tmp_path / "results", {})
    results.save(name, 0, "A()", RUN)
    (path,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert path.parent == tmp_path / "results" / "runs"
    assert results.load(name, 0, "A()") == RUN


# --- terminals


@walked
@EVERY
@pytest.mark.parametrize("action", ["check", "export"])
def test_a_terminal_shows_a_name_and_obeys_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, name: str, action: str
) -> None:
    monkeypatch.chdir(tmp_path)
    LabeledSet(3, ["cat", name], "answers.db")
    assert main(["ledger", action, "answers.db"]) == 0
    with pytest.raises(LedgerError) as refused:
        LabeledSet(3, ["cat", "owl"], "answers.db")
    printed = capsys.readouterr().out.removeprefix("\ufeff").rstrip("\n")  # a CSV file's mark
    for words in (printed, str(refused.value)):
        assert "\x1b" not in words and "\u202e" not in words and words.isascii()


# --- prompts


def letters(texts: Any, context_length: int = 400) -> Tensor:
    """One token per letter."""
    rows = [[1 + ord(each) % 1_000 for each in text][:context_length] for text in texts]
    return torch.tensor([row + [0] * (context_length - len(row)) for row in rows])


def prompts(names: list[str], templates: Any) -> list[str]:
    """The sentences that a text tower is given."""
    seen: list[str] = []

    def tokenizer(texts: list[str], context_length: int = 400) -> Tensor:
        seen.extend(texts)
        return letters(texts, context_length)

    sentences = template_texts(as_templates(templates, "templates"))
    encode = torch.nn.Embedding(1_001, 4, _weight=torch.rand(1_001, 4)).requires_grad_(False)
    known = class_names(names, templates)
    text_directions(
        lambda t: encode(t).sum(dim=1), tokenizer, known, sentences, torch.device("cpu")
    )
    return seen


@walked
@EVERY
def test_a_name_stands_in_a_prompt_once_as_it_is(name: str) -> None:
    if name == NAMES["long"]:
        with pytest.raises(ArgumentError, match=r"'cat cat .* is too long"):
            prompts(["owl", name], ("a photo of a {}.",))
        return
    found = prompts(["owl", name], ("a photo of a {}.",))
    words = " ".join(name.replace("_", " ").split())
    assert {*found} == {"a photo of a owl.", f"a photo of a {words}."}


@walked
@pytest.mark.parametrize("names", [["a", "a"], ["a b", "a_b"], ["a", " a\n"], [""], ["\n"], ["_"]])
def test_names_that_read_the_same_or_as_nothing_are_refused(names: list[str]) -> None:
    with pytest.raises(ArgumentError, match=r"names\[\d\]"):
        prompts(names, ("a {}.",))


@walked
@pytest.mark.parametrize("template", ["a photo", "{} and {}", "{0}", "{name}", "{{}}", "{", ""])
def test_a_template_without_one_place_is_refused(template: str) -> None:
    with pytest.raises(ArgumentError, match="exactly once each"):
        prompts(["owl"], (template,))


# --- the ledger


@walked
@EVERY
def test_a_ledger_keeps_a_name_as_it_is(tmp_path: Path, name: str) -> None:
    labeled = LabeledSet(3, [name, "owl"], tmp_path / "answers.db")
    labeled.begin_round(SimpleNamespace(indices=[2]))
    labeled.add([2], [0])
    again = LabeledSet(3, [name, "owl"], tmp_path / "answers.db")
    assert again.classes == (name, "owl")
    assert again.counts == {name: 1, "owl": 0, "UNKNOWN": 0, "SKIPPED": 0}


@walked
@EVERY
def test_an_annotator_is_printable(tmp_path: Path, name: str) -> None:
    labeled = LabeledSet(3, 2, tmp_path / "answers.db")
    if name.isprintable():
        labeled.add([2], [0], annotator=name)
        assert read_whole(tmp_path / "answers.db").answers.annotators == {2: name}
        return
    with pytest.raises(ArgumentError, match="annotator must be a name in printable characters"):
        labeled.add([2], [0], annotator=name)
    assert len(labeled) == 0
