"""What the site makes of the pages: scripts, notebooks, the map, sections, results."""

import json
import re
import runpy
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from unittest.mock import Mock

import pytest

from benchmarks.defaults import finished
from docs.gain import RUNS
from docs.site import navigation
from docs.site.results import results
from docs.site.rewriting import rewritten
from docs.strategy_map import strategies

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
RECIPES = sorted((ROOT / "examples" / "recipes").glob("*.py"))
TUTORIALS = sorted((DOCS / "tutorials").glob("*.ipynb"))


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_stands_whole_on_its_page_and_can_be_downloaded(path: Path) -> None:
    place = f"../examples/recipes/{path.name}"
    text = rewritten("recipes", page("recipes.md"))
    assert f"```{{literalinclude}} {place}\n:language: python\n```" in text
    assert f"{{download}}`Download {path.name} <{place}>`" in text


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_notebook_can_be_downloaded_from_its_page_and_is_else_the_same(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    before, after = json.loads(source), json.loads(rewritten(f"tutorials/{path.stem}", source))
    words = after["cells"][0].pop("source")
    assert words.startswith("".join(before["cells"][0].pop("source")))
    assert words.endswith(f"{{download}}`Download this notebook <{path.name}>`")
    assert after == before


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_notebook_has_headings_for_the_contents_of_its_page(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    assert len(re.findall(r"^## ", "\n".join(texts), flags=re.MULTILINE)) >= 2


def test_the_map_is_one_table_whose_names_lead_to_the_gallery() -> None:
    text = rewritten("strategies", page("strategies.md"))
    linked = re.findall(r"^\| \[(\w+)\]\(gallery/(\w+)\.md\) \|", text, flags=re.MULTILINE)
    assert linked == [(name, name) for name in strategies()]
    assert not re.findall(r"^## |\(#", text, flags=re.MULTILINE)


def test_the_picture_of_the_first_page_has_no_gray_of_its_own() -> None:
    text = rewritten("index", page("index.md"))
    assert "<svg " in text and "gain.svg" not in text
    assert 'fill="currentColor"' in text and not re.search("#7f7f7f|#808080", text)


def test_a_page_links_what_is_built() -> None:
    text = rewritten("index", page("index.md"))
    assert "[Gallery](gallery/index.md)" in text and "[reference](reference/index.rst)" in text
    assert "[gallery](gallery/index.md)" in rewritten("cite", page("cite.md"))


def test_the_pages_of_the_guide_stand_below_its_headings() -> None:
    text = navigation.navigation(DOCS, "guide")
    assert (
        re.findall(r":caption: (.+)", text)[:3]
        == re.findall("^## (.+)", page("guide.md"), re.M)[:3]
    )
    listed = re.findall(r"^((?:tutorials/)?[\w-]+)$", text, flags=re.MULTILINE)
    assert sorted(listed) == sorted(navigation.children(DOCS, "guide"))


def test_a_table_of_contents_may_have_a_title() -> None:
    shown = navigation.toctree(["a", "b"], "Two")
    assert shown == "```{toctree}\n:hidden:\n:caption: Two\n\na\nb\n```\n"


def test_citing_is_linked_from_every_page() -> None:
    assert "cite" in navigation.children(DOCS, "index")


def test_the_code_of_the_page_about_citing_prints_the_papers() -> None:
    (code,) = re.findall(r'```python title="cite.py"\n(.*?)```', page("cite.md"), re.DOTALL)
    with redirect_stdout(StringIO()) as printed:
        exec(code, {})  # noqa: S102
    assert "@inproceedings{mao2024inconsistency" in printed.getvalue()


def entrances() -> Iterator[tuple[str, str]]:
    yield from ((name, page(f"{name}.md")) for name in ("index", "guide", "recipes", "choose"))
    for path in TUTORIALS:
        first = json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"]
        if path.stem in ("digits", "compare", "photos"):
            yield path.stem, "".join(first)


@pytest.mark.parametrize("name, text", [*entrances()], ids=[name for name, _ in entrances()])
def test_a_page_to_begin_with_says_how_to_install(name: str, text: str) -> None:
    assert "pip install" in text
    assert "install.md" in text


def measured() -> set[str]:
    return {run["strategy"] for run in finished(RUNS)} & {*strategies()}


def values(name: str) -> dict[str, str]:
    rows = re.findall(r"^\| ([^|]+?) \| (.*?) \|", "\n".join(results(name)), re.MULTILINE)
    return dict(rows)


def test_every_strategy_that_was_measured_has_its_precision_and_seconds() -> None:
    assert len(measured()) > 25
    for name in measured():
        assert 0 < float(values(name)["known of all answers (precision)"]) < 1
        assert float(values(name)["seconds of a query"]) >= 0


def test_a_row_of_results_is_that_of_the_runs() -> None:
    runs = [run for run in finished(RUNS) if run["strategy"] == "NEAT"]
    seconds = sum(run["seconds"] for run in runs) / len(runs)
    assert values("NEAT") == {
        "area under the curve, minus Random's": "+0.4 ± 2.8",
        "final accuracy, minus Random's": "+0.6 ± 3.3",
        "cells above Random, below": "8, 8",
        "known of all answers (precision)": values("NEAT")["known of all answers (precision)"],
        "seconds of a query": f"{seconds:.2f}",
    }


def test_precision_is_the_mean_over_cells() -> None:
    runs = [run for run in finished(RUNS) if run["strategy"] == "NEAT"]
    cells = {run["cell"]: [r["known"] for r in runs if r["cell"] == run["cell"]] for run in runs}
    mean = sum(sum(known) / len(known) for known in cells.values()) / len(cells)
    assert values("NEAT")["known of all answers (precision)"] == f"{mean:.2f}"


def test_what_reads_texts_has_the_row_of_another_table_or_says_that_there_is_none() -> None:
    assert "| 11 of 12 | 0.96 | 0.68 |" in "\n".join(results("CLIPNAL"))
    assert "Not measured on real pools" in "\n".join(results("OpenPath"))


def test_the_bar_has_room_for_every_section_and_a_page_knows_its_mode() -> None:
    conf = runpy.run_path(str(DOCS / "conf.py"))
    sections = navigation.children(DOCS, "index")
    assert conf["html_theme_options"]["header_links_before_dropdown"] >= len(sections)
    assert conf["html_context"]["default_mode"] == "auto"  # else the theme complains of ""


def test_every_page_is_read_anew_where_the_code_that_makes_it_changed() -> None:
    pytest.importorskip("sphinx", reason="the site: pip install openal[docs]")
    from docs.site.links import setup

    app = Mock()
    setup(app)
    ((name, checksum, rebuild), _) = app.add_config_value.call_args
    assert (name, len(checksum), rebuild) == ("site_code", 64, "env")
