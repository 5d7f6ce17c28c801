"""Our docstrings as reStructuredText: marks are escaped, and the last paragraphs get titles."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import openal

__all__ = ["addresses", "as_rst", "cited"]

BIBLIOGRAPHY = Path(openal.__file__).with_name("_references.bib")
ARXIV = re.compile(r"\barXiv (\d{4}\.\d{4,5})\b")
LEAD = re.compile(r"(Cost|Differences[^:]*|References?|Note): ")
MARKS = re.compile(r"(?<!\\)([*|]|(?<=\w)_(?!\w))")
CODE = re.compile(r"(`[^`]*`)")


def as_rst(lines: list[str]) -> list[str]:
    """The lines of a docstring: backticks are code, "Reference: ..." begins with a bold word."""
    return list(_titled(_escaped(lines)))


def cited(paragraph: str) -> str:
    """A reference whose titles in quotes, and arXiv numbers, are links where the paper is known."""
    words = re.sub(r'"([^"]+)"', _title, " ".join(paragraph.split()))
    return ARXIV.sub(r"`arXiv \1 <https://arxiv.org/abs/\1>`__", words)


def _title(match: re.Match[str]) -> str:
    address = addresses().get(_plain(match[1]))
    return f'"`{match[1]} <{address}>`__"' if address else match[0]


def _plain(title: str) -> str:
    return re.sub(r"[^a-z0-9]", "", title.lower())


@cache
def addresses() -> dict[str, str]:
    """Where each paper of the library's bibliography is read, by the letters of its title."""
    if not BIBLIOGRAPHY.exists():
        return {}
    found = {}
    for entry in BIBLIOGRAPHY.read_text(encoding="utf-8").split("\n@"):
        fields = dict(re.findall(r"(\w+)\s*=\s*\{(.+)\},?", entry))
        found[_plain(fields.get("title", ""))] = _address(fields)
    return {title: address for title, address in found.items() if title and address}


def _address(fields: dict[str, str]) -> str:
    if "doi" in fields:
        return f"https://doi.org/{fields['doi']}"
    arxiv = fields.get("eprint")
    return fields.get("url", f"https://arxiv.org/abs/{arxiv}" if arxiv else "")


def _escaped(lines: list[str]) -> Iterator[str]:
    """Outside of code and of examples, `*`, `|` and a final `_` stand for themselves."""
    text = "\n".join(lines)
    for block in re.split(r"(\n\s*\n)", text):
        is_code = block.lstrip().startswith(">>>") or not block.strip()
        parts = [block] if is_code else CODE.split(block)
        yield "".join(p if p.startswith("`") or is_code else MARKS.sub(r"\\\1", p) for p in parts)


def _titled(blocks: Iterator[str]) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", "".join(blocks)):
        text = cited(paragraph) if paragraph.startswith("Reference") else paragraph
        if lead := LEAD.match(text):
            rest = text[lead.end() :]
            text = f"**{lead[1]}.** {rest[:1].upper()}{rest[1:]}"
        yield from [*text.split("\n"), ""]
