"""Prints how the library is made, docs/architecture.md, from the test that checks it and the tree.

    python -m docs.architecture > docs/architecture.md

The layers are those of tests/test_imports.py; the line of a module is the first paragraph of its
docstring.
"""

import ast
import sys
from pathlib import Path

from tests.test_imports import ALLOWED, LAYERS, LEVEL, PACKAGE, SOCIABLE, modules, room

HEAD = """\
# How it is made

This page is printed by `python -m docs.architecture > docs/architecture.md`, from the layers that
`tests/test_imports.py` checks and from the beginning of each module's docstring.

## The one idea

A query strategy is a chain of narrowings, and a narrowing is a score and a rule. A *score* gives
each candidate a number, larger = ask about me. How likely an item is of a known class (*purity*)
and how much its label would teach (*informativeness*) are the same type: only their room tells them
apart. A *stage* keeps some of the candidates; a *chain* of stages is a strategy, and may itself be
a stage of another. So a paper is one expression of parts, and every part can be exchanged.

What needs pixels or training is a *learner*: it offers *signals*, arrays with one row per item.
Scores and stages read signals, and never an image, a network or the label of an unlabeled item:
the view that they are given has no field for these.

## The flow of data

A pool gives a view; purity, informativeness and selection narrow it to a query; people answer; the
ledger records.

```
dataset, arrays, learners       labeled.add(query.indices, answers)
           |                                    |
         Pool                              LabeledSet  --- ledger (a file)
           \\________________  _________________/
                            \\/
                          View          signals of the candidates, and what was answered
                            |
        purity | informativeness | selection      stage after stage: fewer candidates, a Step each
                            |
                          Query         indices into the data set, and how they were chosen
```

Where a part stands: [Concepts](concepts.md). How to write one: [Write a
strategy](write-a-strategy.md). What may change: [Public names](public-names.md).
"""

LAYERS_HEAD = """\
## The layers

From the top. A room may import itself and what is below its own line; on one line rooms do not know
each other, except where it says so. There is no cycle.
"""

TREE_HEAD = """\
## The tree

What begins with `_` is engine: it may change at any time. In each room the doors come first.
"""


def page() -> str:
    """The page in Markdown."""
    return "\n".join([HEAD, LAYERS_HEAD, *layers(), "", TREE_HEAD, *tree(PACKAGE)])


def layers() -> list[str]:
    """One line for each layer, the highest first."""
    lines = []
    for level, rooms in reversed([*enumerate(LAYERS)]):
        present = [name for name in sorted(rooms, key=plain_first) if is_there(name)]
        notes = [f"`{one}` may know `{other}`" for one, other in ALLOWED if one in rooms]
        notes = ["these may know each other"] if level in SOCIABLE else notes
        note = f" ({', '.join(notes)})" if notes else ""
        lines.append(f"{len(LAYERS) - level}. {', '.join(f'`{name}`' for name in present)}{note}")
    return lines


def is_there(name: str) -> bool:
    """Whether a room is in the tree; the front door is."""
    return name == "openal" or f"openal.{name}" in modules(PACKAGE)


def plain_first(name: str) -> tuple[bool, str]:
    """Doors before engine, in the order of the alphabet."""
    return name.rpartition(".")[2].startswith("_"), name


def tree(package: Path) -> list[str]:
    """A section for what stands alone, then one for each room, from the bottom layer up."""
    known = modules(package)
    folders = {room(name) for name in known if name.count(".") > 1}
    folders |= {room(name) for name, path in known.items() if path.name == "__init__.py"}
    alone = [name for name in known if room(name) not in folders - {"openal"}]
    lines = section("openal", "", alone, known)
    for folder in sorted(folders - {"openal"}, key=lambda name: (LEVEL[name], name)):
        inside = [name for name in known if name.startswith(f"openal.{folder}.")]
        title = summary(known[f"openal.{folder}"])
        lines += section(f"openal.{folder}", title, inside, known)
    return lines


def section(heading: str, title: str, names: list[str], known: dict[str, Path]) -> list[str]:
    """A room: what it is for, and a row for each of its modules."""
    rows = ["| module | |", "|---|---|"]
    for name in sorted(names, key=plain_first):
        short = name.removeprefix(f"{heading}.") if name != heading else "__init__"
        rows.append(f"| `{short}` | {summary(known[name])} |")
    return [f"### {heading}", "", *([title, ""] if title else []), *rows, ""]


def summary(path: Path) -> str:
    """The first paragraph of the docstring of a file, on one line."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(docstring.partition("\n\n")[0].split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
