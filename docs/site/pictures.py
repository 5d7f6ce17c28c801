"""The pictures of the gallery: panels as SVG in the colors of the page, and strips of images."""

import base64
import struct
import zlib
from collections.abc import Iterable

import numpy as np
from scipy.spatial import cKDTree
from scipy.stats import rankdata

from docs.site.scenes import Scene
from openal import UNKNOWN, Query

__all__ = ["field", "panel", "strip"]

X, Y, CELL = 3.4, 2.7, 0.25  # half the width and height of the plane, and the side of a shade
LEVELS = 6


def panel(
    scene: Scene, answered: np.ndarray, query: Query, title: str, *, shade: bool = True
) -> str:
    """The plane before a query: what is known, unknown, answered, and what is asked now."""
    places, hidden = scene.shown, scene.hidden
    marks = [
        *(field(places, query) if shade else ()),
        _path("known", _dots(places[hidden != UNKNOWN])),
        _path("unknown", _crosses(places[hidden == UNKNOWN])),
        _path("answered", _rings(places[answered], 0.1)),
        _path("chosen", _rings(places[query.indices], 0.15)),
    ]
    box = f'viewBox="{-X} {-Y} {2 * X} {2 * Y}"'
    return f'<svg class="plane" role="img" {box}><title>{title}</title>{"".join(marks)}</svg>'


def _path(kind: str, parts: Iterable[str], style: str = "") -> str:
    return f'<path class="{kind}"{style} d="{"".join(parts)}"/>'


def _dots(places: np.ndarray) -> list[str]:
    return [f"M{x:.2f} {-y:.2f}h0" for x, y in places]


def _crosses(places: np.ndarray) -> list[str]:
    return [f"M{x - 0.04:.2f} {-y - 0.04:.2f}l.08 .08m0-.08l-.08 .08" for x, y in places]


def _rings(places: np.ndarray, radius: float) -> list[str]:
    r, d = radius, 2 * radius
    return [f"M{x - r:.2f} {-y:.2f}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0-{d} 0" for x, y in places]


def field(places: np.ndarray, query: Query) -> list[str]:
    """Squares that are the darker the higher candidates near them score, by rank; or none."""
    step = next((s for s in query.steps if s.scores is not None), None)
    if step is None or len(step.seen) < query.n_candidates:
        return []
    ranks = rankdata(step.scores.double().cpu().numpy()) / len(step.seen)
    xs, ys = np.arange(-X, X, CELL), np.arange(-Y, Y, CELL)
    corners = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    distances, near = cKDTree(places[step.seen]).query(corners + CELL / 2, k=4)
    levels = np.where(distances[:, 0] < 0.6, (ranks[near].mean(axis=1) * LEVELS).astype(int), 0)
    return [_squares(corners[levels == level], level) for level in range(1, LEVELS + 1)]


def _squares(corners: np.ndarray, level: int) -> str:
    side = f"{CELL:g}"
    parts = [f"M{x:.2f} {-y - CELL:.2f}h{side}v{side}h-{side}z" for x, y in corners]
    return _path("shade", parts, f' fill-opacity="{0.09 * level:.2f}"') if parts else ""


def strip(scene: Scene, query: Query) -> str:
    """The images of a query in a row: a frame says whether each is of a known class."""
    return "".join(_framed(scene, index) for index in query.indices)


def _framed(scene: Scene, index: int) -> str:
    kind = "unknown" if scene.hidden[index] == UNKNOWN else "known"
    return f'<img class="asked {kind}" alt="{kind}" src="{_png(scene.shown[index])}">'


def _png(image: np.ndarray) -> str:
    """A gray image with values 0..16 as a data address: eight times eight pixels are 100 bytes."""
    rows = (255 - image * 255 / 16).astype(np.uint8)
    head = struct.pack(">IIBBBBB", rows.shape[1], rows.shape[0], 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows), 9)
    chunks = b"".join(_chunk(*c) for c in ((b"IHDR", head), (b"IDAT", pixels), (b"IEND", b"")))
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + chunks).decode()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
