"""`openal.cite`: what a strategy and the parts inside it come from, as BibTeX."""

import re
from pathlib import Path

import pytest

import openal
from openal import Chain, cite
from openal._cite import _entries
from openal.errors import ArgumentError
from openal.informativeness import DistanceRatio, Margin
from openal.learners import Detector
from openal.purity import CLIPPurity, KnownNeighbors
from openal.selection import Filter, Top
from openal.strategies import BADGE, CLIPNAL, NEAT, KnownKMeans, Random, available
from tests.walking import walked

ROOT = Path(__file__).resolve().parents[1]
WITHOUT_PAPER = {"Random"}
NEEDED = {
    "article": {"author", "title", "journal", "year"},
    "book": {"author", "title", "publisher", "year"},
    "incollection": {"author", "title", "booktitle", "year"},
    "inproceedings": {"author", "title", "booktitle", "year"},
    "misc": {"author", "title"},
    "techreport": {"author", "title", "institution", "year"},
}
OURS = {name: kind for name, kind in available().items() if kind.__module__.startswith("openal.")}


def keys(bibtex: str) -> list[str]:
    return re.findall(r"^@\w+\{([^,]+),", bibtex, re.MULTILINE)


def fields_of(entry: str) -> dict[str, str]:
    """The fields of an entry, whose braces must close, one field a line."""
    first, *lines, last = entry.splitlines()
    assert re.fullmatch(r"@[a-z]+\{[a-z0-9]+,", first)
    assert last == "}"
    matches = [re.fullmatch(r"  (\w+) *= \{(.+)\}(,?)", line) for line in lines]
    assert all(matches)
    assert [match[3] for match in matches if match] == [","] * (len(lines) - 1) + [""]
    return {match[1]: match[2] for match in matches if match}


def closes(value: str) -> bool:
    """Whether each brace is closed, and none before it is opened."""
    depths = [value[: at + 1].count("{") - value[: at + 1].count("}") for at in range(len(value))]
    return min(depths) >= 0 and depths[-1] == 0


def test_a_strategy_cites_its_paper_once_and_says_which_parts_use_it() -> None:
    text = cite(NEAT(k=5))
    assert keys(text) == ["mao2024inconsistency"]
    assert text.startswith("% NEAT, KnownNeighbors, Inconsistency\n@inproceedings{mao2024")


def test_every_strategy_cites_its_paper_or_is_known_to_have_none() -> None:
    own = {name: kind().cites for name, kind in OURS.items()}
    assert {name for name, names in own.items() if not names} == WITHOUT_PAPER
    missing = {name for name, kind in OURS.items() if not {*own[name]} <= {*keys(cite(kind()))}}
    assert missing == set()


def test_the_paper_of_a_strategy_is_the_one_of_its_docstring() -> None:
    entries, wrong = _entries(), []
    for name in OURS.keys() - WITHOUT_PAPER - {"KnownKMeans"}:
        reference = (OURS[name].__doc__ or "").partition("Reference:")[2]
        entry = entries[OURS[name]().cites[0]]
        year = fields_of(entry)["year"]
        family = re.split(r",| and ", fields_of(entry)["author"])[0]
        wrong += [name] if year not in reference or family not in reference else []
    assert wrong == []


def test_what_is_inside_is_cited_too() -> None:
    assert "ash2020deep" in keys(cite(CLIPNAL(then=BADGE())))
    assert "ash2020deep" in keys(cite(Chain(Filter(KnownNeighbors(), above=0.5), BADGE())))
    assert "mao2024inconsistency" in keys(cite(Chain(Chain(Top(KnownNeighbors())))))


def test_what_a_learner_comes_from_is_cited() -> None:
    assert "ning2022active" in keys(cite(KnownKMeans()))
    assert keys(cite(Chain(Top(Margin()), learners=(Detector(),)))) == ["ning2022active"]


def test_options_count() -> None:
    assert keys(cite(DistanceRatio())) == ["schmidt2025unified"]
    assert keys(cite(DistanceRatio(balanced=True))) == ["schmidt2025unified", "schmidt2025joint"]
    assert keys(cite(CLIPPurity(rule="energy"))) == ["liu2020energy"]
    assert keys(cite(Filter(Margin(), above="youden"))) == ["youden1950index"]
    assert "zong2025rethinking" in keys(cite(Detector(energy_margin=(-25, -7))))


def test_several_strategies_share_their_entries() -> None:
    assert keys(cite(NEAT(), NEAT(k=3), BADGE())).count("mao2024inconsistency") == 1


def test_what_is_ours_cites_the_library() -> None:
    assert keys(cite(KnownKMeans()))[0] == "openal"
    assert keys(cite()) == ["openal"]


def test_without_a_paper_it_says_so() -> None:
    assert cite(Random()) == "% Random comes from no paper."


def test_a_part_of_another_package_brings_its_own_entry() -> None:
    def mine(view: object) -> None: ...

    mine.cites = ("@misc{me, title = {Mine}}",)  # type: ignore[attr-defined]
    assert cite(Top(mine)) == "% mine\n@misc{me, title = {Mine}}"  # type: ignore[arg-type]


def test_a_subclass_cites_its_parent() -> None:
    class Mine(NEAT):
        pass

    assert keys(cite(Mine())) == ["mao2024inconsistency"]


@pytest.mark.parametrize(
    "given, reason",
    [(NEAT, r"holds the class NEAT: write it with \(\)"), ("NEAT", "must be strategies or parts")],
)
def test_no_strategy_is_refused(given: object, reason: str) -> None:
    with pytest.raises(ArgumentError, match=reason):
        cite(given)


@pytest.mark.parametrize(
    "cites, reason",
    [(("nobody2020",), "neither a BibTeX entry nor a key"), ("mao2024", "must be a tuple")],
)
def test_wrong_cites_are_refused(cites: object, reason: str) -> None:
    def mine(view: object) -> None: ...

    mine.cites = cites  # type: ignore[attr-defined]
    with pytest.raises(ArgumentError, match=f"cites of mine .*{reason}"):
        cite(mine)


@walked
@pytest.mark.parametrize("key", [*_entries()])
def test_an_entry_is_whole(key: str) -> None:
    entry = _entries()[key]
    kind = entry[1 : entry.index("{")]
    fields = fields_of(entry)
    assert NEEDED[kind] <= {*fields}
    assert all(map(closes, fields.values()))
    assert entry.isascii()  # what classic BibTeX reads
    assert re.fullmatch(r"\d{4}\.\d{4,5}", fields.get("eprint", "1112.5745"))
    assert fields.get("doi", "10.").startswith("10.")


def test_every_entry_is_cited_by_some_part() -> None:
    sources = Path(openal.__path__[0]).rglob("*.py")
    words = " ".join(path.read_text(encoding="utf-8") for path in sources)
    assert [key for key in _entries() if f'"{key}"' not in words] == []


def test_the_entry_of_the_library_is_the_citation_file() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    fields = fields_of(_entries()["openal"])
    title = fields["title"].replace("{", "").replace("}", "")
    assert f'\ntitle: "{title}"\n' in citation
    assert f'- name: "{fields["author"].strip("{}")}"' in citation
    assert openal.__version__ in fields["note"]
