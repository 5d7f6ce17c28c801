"""Writes the gallery: a page for each strategy and each purity, and one of all pictures."""

import inspect
import re
import shutil
import tomllib
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import openal
from docs.site.navigation import toctree
from docs.site.pictures import panel, strip
from docs.site.results import results
from docs.site.scenes import Scene, digits, plane, queries, short_learners
from docs.strategy_map import details, paragraphs, reads, strategies, trains
from openal import Chain, purity
from openal.informativeness import Margin
from openal.selection import Top

__all__ = ["FILES", "HERE", "Entry", "entries", "gallery_page", "write_gallery"]

HERE = Path(__file__).resolve().parent
FILES = {"strategies": "strategies.toml", "purity": "purities.toml"}
SHOWN = (1, 3, 6)  # rounds
BUDGET = 8

INDEX = """\
# Gallery

Every strategy and every purity on the same plane: three clusters are known classes (dots), three
are not (crosses). Rings are answers, thick rings what is asked in round 6 of 6, eight answers each,
from none on. A page has the equation, what was asked of real images, the results, and when not
to use it.
"""

LEGEND = """\
<p class="legend">Dots: items of known classes. Crosses: unknown items. Thin ring: answered before.
<span class="asked">Thick orange ring: asked in this round.</span> Shade: {shade}.</p>
"""


SYMBOLS = """\
{.legend}
*U*: the candidates; *L*: the answers, with an index those of a class; *B*: the budget; *K*: the
number of classes; *z*: an embedding, with an index a logit; *a*: a logit of a detector; *h*: the
classifier's features, *p*: its probabilities; *H*: entropy; *t*: a text.
"""


@dataclass(frozen=True)
class Entry:
    """What a page is about.

    Attributes:
        kind: the class.
        room: "strategies" or "purity".
        equation: LaTeX.
        avoid: when not to use it.
    """

    kind: type[Any]
    room: str
    equation: str
    avoid: str

    @property
    def name(self) -> str:
        """The public name."""
        return self.kind.__name__

    def strategy(self, scene: Scene) -> Any:
        """The strategy itself, or the one that asks for the purest."""
        if self.room == "strategies":
            return self.kind()
        classes, others = scene.texts
        needs = {"NegativeLabels", "TextShare"}
        given = {"classes": classes, "negatives": others} if self.name in needs else {}
        order = {"order": Margin()} if self.name == "PredictedKnown" else {}
        return Chain(Top(self.kind(**given, **order)))


def entries() -> list[Entry]:
    """All strategies, then all purities, by name."""
    found = {n: getattr(purity, n) for n in purity.__all__ if inspect.isclass(getattr(purity, n))}
    rooms = {"strategies": strategies(), "purity": dict(sorted(found.items(), key=_lower))}
    return [Entry(kind, room, **_words(room, name)) for room, kinds in rooms.items()
            for name, kind in kinds.items()]  # fmt: skip


@cache
def _words(room: str, name: str) -> dict[str, str]:
    """The equation of a page, and when not to use what it is about."""
    file = FILES[room]
    words: dict[str, dict[str, str]] = tomllib.loads((HERE / file).read_text("utf-8"))
    if name not in words:
        raise KeyError(f"{name} has no page: give its equation and avoid in docs/site/{file}.")
    return words[name]


def _lower(item: tuple[str, Any]) -> str:
    return item[0].lower()


def write_gallery(folder: Path) -> None:
    """Write the pages and the index into a folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    world, images, cards = plane(), digits(), {"strategies": "", "purity": ""}
    for entry in entries():
        text, thumbnail = gallery_page(entry, world, images)
        (folder / f"{entry.name}.md").write_text(text, encoding="utf-8")
        link = f'<a href="{entry.name}.html">{thumbnail}{entry.name}</a>\n'
        cards[entry.room] += link
    (folder / "index.md").write_text(_index(cards), encoding="utf-8")


def _index(cards: dict[str, str]) -> str:
    parts = [INDEX]
    for title, room in (("Strategies", "strategies"), ("Purities", "purity")):
        names = [entry.name for entry in entries() if entry.room == room]
        parts += [toctree(names, title), f"## {title}\n"]
        parts.append(_html(f'<div class="cards">\n{cards[room]}</div>'))
    return "\n".join(parts)


def _html(text: str) -> str:
    return f"```{{raw}} html\n{text}\n```\n"


def gallery_page(entry: Entry, world: Scene, images: Scene) -> tuple[str, str]:
    """The page, and the small picture of it."""
    learners = short_learners(entry.name)
    rounds = [*queries(world, entry.strategy(world), learners, max(SHOWN), BUDGET)]
    _, query = next(islice(queries(images, entry.strategy(images), learners, 1, 10, 40), 1))
    parts = [
        f"# {entry.name}\n\n{_idea(entry.kind)}\n",
        f"`openal.{entry.room}.{entry.name}`\n",
        *_equations(entry.equation),
        SYMBOLS,
        "## What it asks\n",
        _panels(entry, world, rounds),
        _fewer(learners),
        "## On real images\n",
        _html(f'<p class="strip">{strip(images, query)}</p>'),
        _digits_words(entry),
        *(results(entry.name) if entry.room == "strategies" else ()),
        f"## When not to use it\n\n{entry.avoid}\n",
        *_more(entry),
        *_citation(entry.strategy(world)),
    ]
    return "\n".join(parts), panel(world, *rounds[-1], _title(entry, len(rounds)), shade=False)


def _panels(entry: Entry, world: Scene, rounds: list[Any]) -> str:
    """The plane in the rounds that are shown, and what the marks mean."""
    drawn = (
        f"<figure>{panel(world, *rounds[n - 1], _title(entry, n))}"
        f"<figcaption>round {n}</figcaption></figure>"
        for n in SHOWN
    )
    legend = LEGEND.format(shade=_shade(rounds[0][1]))
    return _html(f'<div class="panels">{"".join(drawn)}</div>{legend}')


def _title(entry: Entry, number: int) -> str:
    return f"{entry.name}, round {number}"


def _idea(kind: type[Any]) -> str:
    """The first two sentences of the docstring."""
    first, *others = (p for p in paragraphs(kind) if not p.startswith("Args:"))
    sentences = re.split(r"(?<=[.:])\s+(?=[A-Z])", " ".join([first, *others[:1]]))
    return " ".join(sentences[:2])


def _equations(text: str) -> list[str]:
    """Each equation on a line of its own, so that a narrow page shows it whole."""
    return [f"$$\n{part.strip()}\n$$\n" for part in re.split(r",? \\qquad", text)]


def _more(entry: Entry) -> list[str]:
    """What a strategy reads and trains, its chain, and the last paragraphs of its docstring."""
    if entry.room == "purity":
        return []
    strategy = entry.kind()
    signals = f"**Reads** {reads(strategy)}. **Trains** {trains(strategy)}.\n"
    return ["## What it needs, and where it differs\n", signals, f"{details(entry.kind)}\n"]


def _shade(query: Any) -> str:
    step = next((s for s in query.steps if s.scores is not None), None)
    if step is None or len(step.seen) < query.n_candidates:
        return "none, since it scores no candidate by itself"
    return "the score of the first stage by rank, the stronger the blue the higher"


def _fewer(learners: dict[str, Any]) -> str:
    return "Its learner is trained with fewer steps here than by default.\n" if learners else ""


def _digits_words(entry: Entry) -> str:
    texts = {"CLIPNAL", "OpenPath", "PromptGate", "CLIPNPurity", "CLIPPurity", "NegativeLabels",
             "PromptMargin", "TextShare"}  # fmt: skip
    stand_in = " Mean images of the digits stand in for texts." if entry.name in texts else ""
    return (
        "The next ten after 40 random answers, of 400 handwritten digits; 0 to 3 are the known "
        "classes. **Solid frame**: of a known class. **Dotted frame, faded**: an unknown item, "
        f"whose answer is UNKNOWN.{stand_in}\n"
    )


def _citation(strategy: Any) -> list[str]:
    """The BibTeX of what a strategy uses."""
    return [f"## How to cite\n\n```bibtex\n{openal.cite(strategy)}\n```\n"]
