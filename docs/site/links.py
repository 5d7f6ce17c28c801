"""A Sphinx extension: code that is a public name links to the reference, mathematics is MathML."""

from hashlib import sha256
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.errors import NoUri
from sphinx.transforms.post_transforms import SphinxPostTransform

from docs.site.docstrings import as_rst
from docs.site.names import full_name
from docs.site.navigation import navigation
from docs.site.rewriting import rewritten

__all__ = ["setup"]


class PublicNames(SphinxPostTransform):
    """Turns the code `KnownKMeans()` of a text into a link to `openal.strategies.KnownKMeans`."""

    default_priority = 5

    def run(self, **_: Any) -> None:
        """Link every piece of code that writes a public name, but in titles and in links."""
        for literal in list(self.document.findall(nodes.literal)):
            name = full_name(literal.astext())
            if name is not None and not _is_inside_link(literal):
                self._link(literal, name)

    def _link(self, literal: nodes.literal, name: str) -> None:
        entry = self.env.domains["py"].objects.get(name)
        if entry is None or self.app.builder.format != "html":
            return
        try:
            page = self.app.builder.get_relative_uri(self.env.docname, entry.docname)
        except NoUri:
            return
        link = nodes.reference("", "", literal.deepcopy(), internal=True)
        link["refuri"] = f"{page}#{entry.node_id}"
        literal.replace_self(link)


def _is_inside_link(literal: nodes.Node) -> bool:
    node: Any = literal.parent
    while node is not None:
        if isinstance(node, nodes.reference | nodes.title):
            return True
        node = node.parent
    return False


def _docstring(_app: Any, what: str, _name: str, of: Any, _options: Any, lines: list[str]) -> None:
    """A constant without words of its own has none of its type's."""
    borrowed = what == "data" and of.__doc__ in (type(of).__doc__, dict.__doc__)
    lines[:] = [] if borrowed else as_rst(lines)


def _source(app: Sphinx, docname: str, source: list[str]) -> None:
    source[0] = rewritten(docname, source[0]) + navigation(Path(app.srcdir), docname)


def _inline(writer: Any, node: nodes.math) -> None:
    writer.body.append(tex2mathml(node.astext(), as_block=False))
    raise nodes.SkipNode


def _block(writer: Any, node: nodes.math_block) -> None:
    writer.body.append(f'<div class="equation">{tex2mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def _checksum() -> str:
    """Of the code that makes the pages, all of which are old where it has changed."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls."""
    app.add_post_transform(PublicNames)
    app.connect("source-read", _source)
    app.connect("autodoc-process-docstring", _docstring, priority=400)  # before napoleon's 500
    app.add_config_value("site_code", _checksum(), "env")  # a page is read anew by new code
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
