"""What the site makes of the source of a page, which reads well on its own, too.

Scripts stand whole where they are linked, notebooks can be downloaded, pages that are built are
linked, and the map of the strategies leads to the gallery.
"""

import json
import re
from pathlib import Path

__all__ = ["rewritten"]

GAIN = Path(__file__).resolve().parents[1] / "gain.svg"
PAPER = re.compile("<rect [^>]*/>")
INK = re.compile("#(5c6166|777777|7f7f7f|000000)")
SCRIPT = re.compile(r"^Script: \[(\w+\.py)\]\(([\w./]+)\)\.$", re.MULTILINE)


def rewritten(page: str, source: str) -> str:
    """The source of a page as the site reads it."""
    if page.startswith("tutorials/"):
        return _notebook(source, page.rpartition("/")[2])
    if page == "index":
        return _linked(_first(source))
    if page == "strategies":
        return _map(source)
    return _linked(_scripts(source))


def _first(source: str) -> str:
    """The picture lies on the page, black and gray as its text."""
    drawn = INK.sub("currentColor", PAPER.sub("", GAIN.read_text("utf-8")))
    drawn = drawn.replace("<svg ", '<svg role="img" ')
    raw = f'```{{raw}} html\n<figure class="gain">{drawn}</figure>\n```'
    return re.sub(r"^!\[[^\]]*\]\(gain\.svg\)$", lambda _: raw, source, flags=re.MULTILINE)


def _linked(text: str) -> str:
    """The words in bold that name pages which are built, as links to these."""
    text = re.sub(r"\*\*([Gg]allery)\*\*", r"[\1](gallery/index.md)", text)
    return text.replace("**reference**", "[reference](reference/index.rst)")


def _map(source: str) -> str:
    """The table alone, with links to the gallery, which has the other words."""
    table = source.partition("\n## ")[0]
    rows = re.sub(r"^\| \[(\w+)\]\(#\w+\)", r"| [\1](gallery/\1.md)", table, flags=re.MULTILINE)
    words, bar, cells = rows.partition("\n| ")
    return f"{words}\n```{{container}} map\n{bar.strip()} {cells.strip()}\n```\n"


def _scripts(source: str) -> str:
    """A script that is linked in a line of its own can be downloaded, and stands there whole."""
    return SCRIPT.sub(
        r"{download}`Download \1 <\2>`\n\n```{literalinclude} \2\n:language: python\n```", source
    )


def _notebook(source: str, name: str) -> str:
    """The notebook, whose first words have a link to it."""
    notebook = json.loads(source)
    first = notebook["cells"][0]
    words = "".join(first["source"])
    first["source"] = f"{words}\n\n{{download}}`Download this notebook <{name}.ipynb>`"
    return json.dumps(notebook)
