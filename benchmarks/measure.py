"""All figures of one row."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from statistics import median
from typing import Any

from benchmarks.data import clip_embeddings
from benchmarks.limits import limit_seconds
from benchmarks.machine import version
from benchmarks.row import Agreement, Arrays, Peer, Row, Size, Unavailable
from benchmarks.timing import exponent, pairs, peak_memory, seconds, total_seconds

__all__ = ["measured", "on_real_vectors"]

SHARES = (8, 4, 2)  # parts of the pool, beside the whole, at which growth is measured
Record = dict[str, Any]


def measured(row: Row, size: Size, limits: dict[str, float]) -> Record:
    """The memory, limit and growth of ours, and each peer beside it."""
    toy, skipped = row.make(**row.toy), {}
    usual = row.ours(**toy)
    checks: dict[str, Agreement] = {}
    for name, peer in row.peers.items():
        try:
            checks[name] = row.agree(usual, _run(peer, toy), **toy)
        except (ImportError, Unavailable) as error:
            skipped[name] = str(error)
    growth = dict(_growth(row, size))
    arrays = row.make(**size)
    memory, result = peak_memory(partial(row.ours, **arrays))
    peers = [
        _beside(row, name, arrays, result, checks[name]) for name in row.peers if name in checks
    ]
    growth[size["n"]] = median(each["ours"] for each in peers) if peers else _median(row, arrays)
    limit = limit_seconds(row.work(**size), limits)
    return {
        "name": row.name,
        "size": size,
        "seconds": growth[size["n"]],
        "memory": memory,
        "limit_seconds": limit,
        "share_of_limit": limit / growth[size["n"]],
        "growth": growth,
        "exponent": exponent(list(growth), list(growth.values())),
        "peers": peers,
        "skipped": skipped,
    }


def on_real_vectors(row: Row) -> Row:
    """The same row on CLIP's embeddings of real images, at its size for these."""
    make = partial(row.make, vectors=clip_embeddings)
    return replace(row, name=f"{row.name}, real CLIP", make=make)


def _run(peer: Peer, arrays: Arrays) -> Any:
    if peer.needs and version(peer.needs) is None:
        raise Unavailable(f"{peer.needs} is not installed")
    return peer.run(**arrays)


def _beside(row: Row, name: str, arrays: Arrays, result: Any, check: Agreement) -> Record:
    """A peer's memory and result, and the pairs. A projected one is compared on the toy alone."""
    peer = row.peers[name]
    fewer = {"budget": peer.steps[1]} if peer.steps else {}
    memory, theirs = peak_memory(partial(peer.run, **{**arrays, **fewer}))
    if not peer.steps and check.same:
        check = row.agree(result, theirs, **arrays)
    del theirs
    ours = partial(seconds, partial(row.ours, **arrays))
    turns = pairs(ours, partial(total_seconds, peer, arrays))
    return {
        "name": name,
        **turns._asdict(),
        "projected_from": peer.steps,
        "memory": memory,
        "same": check.same,
        "how": ("at toy size: " if peer.steps else "") + check.how,
    }


def _growth(row: Row, size: Size) -> Iterator[tuple[int, float]]:
    for share in SHARES:
        smaller = {**size, "n": size["n"] // share}
        yield smaller["n"], _median(row, row.make(**smaller))


def _median(row: Row, arrays: Arrays) -> float:
    return median(seconds(partial(row.ours, **arrays)) for _ in range(3))
