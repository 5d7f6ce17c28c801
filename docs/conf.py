"""How Sphinx builds the site; `scripts/docs` runs it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from openal._version import __version__

project = "openal"
author = "The openal developers"
copyright = "The openal developers"
release = version = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "docs.site.links",
]
exclude_patterns = ["site"]
default_role = "literal"  # `x` is code, and code that is a public name is a link
nitpicky = False

nb_execution_mode = "off"  # the notebooks hold what they printed; the tests run them
myst_enable_extensions = ["dollarmath", "attrs_block"]
myst_heading_anchors = 4

autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_member_order = "bysource"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
viewcode_line_numbers = False

html_theme = "pydata_sphinx_theme"
html_title = "openal"
html_math_renderer = "mathml"  # in the page itself: no script, no network
html_static_path = ["site/static"]
html_css_files = ["site.css"]
html_context = {"default_mode": "auto"}
html_sidebars: dict[str, list[str]] = {"cite": [], "write-a-strategy": []}  # nothing is below them
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "show_prev_next": False,
    "collapse_navigation": True,
    "show_toc_level": 2,
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
