"""The page: one HTML file with its looks and its scripts inside, which needs nothing else."""

import base64
import hashlib
import re
from html import escape
from pathlib import Path

__all__ = ["page_of", "policy_of"]

HERE = Path(__file__).parent / "page"
LOOKS = ("page.css",)
SCRIPTS = ("server.js", "stage.js", "panel.js", "grid.js", "page.js", "keys.js")


def page_of(title: str) -> str:
    """The page of a project."""
    parts = {
        "<!-- title -->": escape(title),
        "<!-- looks -->": f"<style>{_joined(LOOKS)}</style>",
        "<!-- scripts -->": f'<script>"use strict";\n{_joined(SCRIPTS)}</script>',
    }
    pattern = "|".join(map(re.escape, parts))
    return re.sub(pattern, lambda match: parts[match[0]], _text("page.html"))


def policy_of(page: str) -> str:
    """What the browser may load and run on the page: its own parts, by their hash, and images."""
    own = {tag: _hash(page, tag) for tag in ("style", "script")}
    return (
        f"default-src 'none'; img-src 'self' data:; connect-src 'self'; "
        f"style-src {own['style']}; script-src {own['script']}; "
        f"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _hash(page: str, tag: str) -> str:
    content = re.search(f"<{tag}>(.*?)</{tag}>", page, flags=re.DOTALL)
    digest = hashlib.sha256((content[1] if content else "").encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _joined(names: tuple[str, ...]) -> str:
    return "\n".join(map(_text, names))


def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
