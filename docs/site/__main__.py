"""Writes the pages that come from the code: the reference and the gallery."""

from pathlib import Path

from docs.site.gallery import write_gallery
from docs.site.reference import write_reference

DOCS = Path(__file__).resolve().parents[1]

if __name__ == "__main__":
    write_reference(DOCS / "reference")
    write_gallery(DOCS / "gallery")
