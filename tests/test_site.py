"""The site without building it: what it covers, how docstrings and links are read."""

import importlib
import re
import tomllib
from pathlib import Path

import pytest

from docs.gain import curves, picture
from docs.site import navigation
from docs.site.docstrings import addresses, as_rst, cited
from docs.site.gallery import FILES, HERE, Entry, entries, gallery_page
from docs.site.names import DOORS, full_name, public_modules, shown
from docs.site.reference import index, module_page
from docs.site.scenes import digits, plane
from openal.strategies import Random
from tests import test_imports

DOCS = Path(__file__).resolve().parents[1] / "docs"
WORDS = {room: tomllib.loads((HERE / file).read_text("utf-8")) for room, file in FILES.items()}
EQUATIONS = [(name, words["equation"]) for room in WORDS.values() for name, words in room.items()]


def test_the_reference_has_every_public_name_once() -> None:
    entries = [(m, name) for m, names in shown().items() for name in names]
    exported = {n for m in public_modules() for n in importlib.import_module(m).__all__}
    assert {name for _, name in entries} == exported
    assert len({f"{module}.{name}" for module, name in entries}) == len(entries)


def test_every_room_of_users_is_in_the_reference() -> None:
    assert {f"openal.{room}".rstrip(".") for room in test_imports.ROOMS} <= {*public_modules()}


def test_the_doors_inside_of_rooms_are_those_of_the_layers() -> None:
    assert {*DOORS} == {door for door in test_imports.DOORS if "." in door}


@pytest.mark.parametrize("module", shown())
def test_a_page_of_the_reference_has_an_entry_for_each_name(module: str) -> None:
    found = re.findall(r"^\.\. auto(?:class|function|data):: (\S+)$", module_page(module), re.M)
    assert found == [f"{module}.{name}" for name in shown()[module]]
    assert f"   {module}\n" in index()


@pytest.mark.parametrize(
    "code, name",
    [
        ("KnownKMeans", "openal.strategies.KnownKMeans"),
        ("NEAT(k=5)", "openal.strategies.NEAT"),
        ("functional.entropy", "openal.functional.entropy"),
        ("openal.query.Chain", "openal.Chain"),
        ("openal.purity", "openal.purity"),
        ("margin", None),  # a plain word may mean anything
        ("NEAT(k=5).query", None),
        ("numpy.ndarray", None),
    ],
)
def test_code_of_a_text_that_is_a_public_name(code: str, name: str | None) -> None:
    assert full_name(code) == name


def test_marks_of_a_docstring_stand_for_themselves_outside_of_code() -> None:
    assert as_rst(["a * b of `x * y_`", "", ">>> 2 * 3"])[:3] == [
        r"a \* b of `x * y_`",
        "",
        ">>> 2 * 3",
    ]


def test_the_last_paragraphs_of_a_docstring_begin_with_a_bold_word() -> None:
    assert as_rst(["Cost: nothing", "is trained."])[:2] == ["**Cost.** Nothing", "is trained."]


def test_an_arxiv_number_is_a_link() -> None:
    assert cited("Reference: A, arXiv\n2408.04917, 2024.") == (
        "Reference: A, `arXiv 2408.04917 <https://arxiv.org/abs/2408.04917>`__, 2024."
    )


def test_a_title_of_the_bibliography_is_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "papers.bib"
    file.write_text("@misc{a,\n  title = {On {Cats}: Two},\n  eprint = {1234.56789}\n}\n", "utf-8")
    monkeypatch.setattr("docs.site.docstrings.BIBLIOGRAPHY", file)
    addresses.cache_clear()
    try:
        assert cited('"On Cats:\nTwo"') == '"`On Cats: Two <https://arxiv.org/abs/1234.56789>`__"'
    finally:
        addresses.cache_clear()


def test_every_page_stands_below_one_section() -> None:
    below = [name for page in navigation.SECTIONS for name in navigation.children(DOCS, page)]
    pages = [path.stem for path in DOCS.glob("*.md") if path.stem != "index"]
    assert sorted(name for name in below if "/" not in name) == sorted(pages)


def test_a_page_that_no_section_links_to_stands_in_the_guide(tmp_path: Path) -> None:
    for name in ("guide", "evidence", "lost"):
        (tmp_path / f"{name}.md").write_text("", "utf-8")
    assert navigation.children(tmp_path, "guide") == ["lost"]


@pytest.mark.parametrize("room", WORDS)
def test_the_gallery_has_words_of_all_that_is_there(room: str) -> None:
    assert {*WORDS[room]} == {entry.name for entry in entries() if entry.room == room}


@pytest.mark.parametrize("name, equation", EQUATIONS, ids=[name for name, _ in EQUATIONS])
def test_an_equation_can_be_read(name: str, equation: str) -> None:
    latex = pytest.importorskip("docutils.utils.math.latex2mathml")
    assert latex.tex2mathml(equation, as_block=True)


def test_a_page_of_the_gallery_has_its_parts() -> None:
    text, thumbnail = gallery_page(Entry(Random, "strategies", "x", "Never."), plane(), digits())
    titles = re.findall(r"^#+ (.+)", text, re.MULTILINE)
    assert titles[:5] == [
        "Random",
        "What it asks",
        "On real images",
        "Beside Random",
        "When not to use it",
    ]
    assert text.count("<svg") == 3
    assert text.count('<img class="asked') == 10
    assert thumbnail.count('class="chosen"') == 1


def test_a_page_of_the_gallery_explains_its_marks_frames_and_letters() -> None:
    text, _ = gallery_page(Entry(Random, "strategies", "x", "Never."), plane(), digits())
    marks = ("Dots: ", "Crosses: ", "Thin ring: ", "Thick orange ring: ", "Shade: ")
    frames = ("**Solid frame**: ", "**Dotted frame, faded**: ", "*U*: the candidates")
    assert [words for words in (*marks, *frames) if words not in text] == []


def test_a_page_of_the_gallery_has_what_a_strategy_needs_and_how_it_differs() -> None:
    text, _ = gallery_page(Entry(Random, "strategies", "x", "Never."), plane(), digits())
    part = text.partition("## What it needs, and where it differs\n")[2]
    for words in ("**Reads** nothing. **Trains** nothing.", "Top(Uniform())", "**Cost.**"):
        assert words in part


def test_the_picture_of_the_first_page_is_that_of_the_runs() -> None:
    assert picture(curves()) == (DOCS / "gain.svg").read_text(encoding="utf-8")
