"""What stands below what: the pages that a section's page links to, in that order.

So the Markdown holds no directive, and reads well where it is not built, too.
"""

import re
from pathlib import Path

__all__ = ["SECTIONS", "children", "linked", "navigation"]

SECTIONS = ("index", "guide", "evidence")
BUILT = ("gallery/index", "reference/index")
REST = "guide"  # where a page goes that no section links to


def linked(text: str) -> str:
    """The words of the first page that name pages which are built, as links to these."""
    text = text.replace("**Gallery**", "[Gallery](gallery/index.md)")
    return text.replace("**reference**", "[reference](reference/index.rst)")


def navigation(docs: Path, page: str) -> str:
    """The hidden table of contents of a section's page; nothing for another page."""
    if page not in SECTIONS:
        return ""
    entries = "\n".join(children(docs, page))
    return f"\n\n```{{toctree}}\n:hidden:\n\n{entries}\n```\n"


def children(docs: Path, page: str) -> list[str]:
    """The names of the pages below a section, which are below no other."""
    if page == "index":
        return ["guide", *BUILT, "evidence", "write-a-strategy"]
    above = {*SECTIONS, *children(docs, "index")}
    listed = [name for name in _links(docs / f"{page}.md") if name not in above]
    return listed + (_rest(docs, above) if page == REST else [])


def _links(path: Path) -> list[str]:
    """The pages beside it that a page links to, each once."""
    text = path.read_text(encoding="utf-8")
    return list(dict.fromkeys(re.findall(r"\]\(((?:tutorials/)?[\w-]+)\.(?:md|ipynb)", text)))


def _rest(docs: Path, above: set[str]) -> list[str]:
    listed = {name for section in SECTIONS[1:] for name in _links(docs / f"{section}.md")}
    return [p.stem for p in sorted(docs.glob("*.md")) if p.stem not in listed | above]
