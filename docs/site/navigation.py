"""What stands below what: the pages that a section's page links to, in that order.

So the Markdown holds no directive, and reads well where it is not built, too.
"""

import re
from collections.abc import Iterable
from pathlib import Path

__all__ = ["SECTIONS", "children", "navigation", "toctree"]

SECTIONS = ("index", "guide", "evidence")
BUILT = ("gallery/index", "reference/index")
LINK = re.compile(r"\]\(((?:tutorials/)?[\w-]+)\.(?:md|ipynb)")
REST = "guide"  # where a page goes that no section links to


def navigation(docs: Path, page: str) -> str:
    """The hidden tables of contents of a section's page; nothing for another page."""
    if page not in SECTIONS:
        return ""
    return "\n\n" + "\n".join(toctree(names, title) for title, names in _parts(docs, page))


def toctree(names: Iterable[str], title: str = "") -> str:
    """A hidden table of contents, with a title in the sidebar."""
    caption = f":caption: {title}\n" if title else ""
    entries = "\n".join(names)
    return f"```{{toctree}}\n:hidden:\n{caption}\n{entries}\n```\n"


def _parts(docs: Path, page: str) -> list[tuple[str, list[str]]]:
    """The pages below a section, by the headings of its page that link to them."""
    left, parts = children(docs, page), list[tuple[str, list[str]]]()
    text = (docs / f"{page}.md").read_text(encoding="utf-8") if page != "index" else ""
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        names = [name for name in dict.fromkeys(LINK.findall(part)) if name in left]
        parts.append((part.partition("\n")[0], names))
        left = [name for name in left if name not in names]
    parts.append(("", left) if page != REST or not left else ("More", left))
    return [(title, names) for title, names in parts if names]


def children(docs: Path, page: str) -> list[str]:
    """The names of the pages below a section, which are below no other."""
    if page == "index":
        return ["guide", *BUILT, "evidence", "write-a-strategy", "cite"]
    above = {*SECTIONS, *children(docs, "index")}
    listed = [name for name in _links(docs / f"{page}.md") if name not in above]
    return listed + (_rest(docs, above) if page == REST else [])


def _links(path: Path) -> list[str]:
    """The pages beside it that a page links to, each once."""
    text = path.read_text(encoding="utf-8")
    return list(dict.fromkeys(LINK.findall(text)))


def _rest(docs: Path, above: set[str]) -> list[str]:
    listed = {name for section in SECTIONS[1:] for name in _links(docs / f"{section}.md")}
    return [p.stem for p in sorted(docs.glob("*.md")) if p.stem not in listed | above]
