"""The tables and the plot."""

from pathlib import Path
from typing import Any

__all__ = ["beside_limits", "beside_peers", "mebibytes", "plot", "seconds"]

Record = dict[str, Any]
MEBIBYTE = 2**20


def beside_peers(records: list[Record]) -> str:
    """Ours beside each peer, as a Markdown table."""
    lines = [
        "| kernel | size | ours | peer | peer / ours | memory, ours | memory, peer | the same? |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for record in records:
        head = [record["name"], _size(record["size"]), seconds(record["seconds"])]
        for peer in record["peers"]:
            cells = [_ratio(peer), mebibytes(record["memory"]), mebibytes(peer["memory"])]
            how = peer["how"] if peer["same"] else f"**no**: {peer['how']}"
            lines.append(_line([*head, peer["name"], *cells, how]))
            head = ["", "", ""]
        for name, why in record["skipped"].items():
            lines.append(_line(["", "", "", name, f"skipped: {why}", "", "", ""]))
    return "\n".join(lines)


def beside_limits(records: list[Record]) -> str:
    """Ours beside the limit of the machine, and its growth, as a Markdown table."""
    lines = [
        "| kernel | limit of the plain algorithm | limit / ours | time grows as N to the |",
        "|---|---|---|---|",
    ]
    for record in records:
        share = f"{record['share_of_limit']:.2g}"
        cells = [seconds(record["limit_seconds"]), share, f"{record['exponent']:.2f}"]
        lines.append(_line([record["name"], *cells]))
    return "\n".join(lines)


def plot(records: list[Record], path: Path) -> None:
    """Ratios to the peers, and seconds by the size of the pool."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    bars = [(f"{r['name']}: {p['name']}", p["ratio"]) for r in records for p in r["peers"]][::-1]
    figure, (left, right) = pyplot.subplots(
        1, 2, figsize=(15, 2 + 0.25 * len(bars)), layout="constrained"
    )
    left.barh([name for name, _ in bars], [ratio for _, ratio in bars])
    left.axvline(1, color="black", linewidth=1)
    left.set(xscale="log", title="time of the peer / ours")
    for record in records:
        sizes, times = zip(*sorted(record["growth"].items()), strict=True)
        right.plot(sizes, times, marker="o", label=f"{record['name']} ({record['exponent']:.2f})")
    right.set(xscale="log", yscale="log", title="seconds by N (exponent)")
    right.legend(fontsize="small")
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _size(size: dict[str, int]) -> str:
    return ", ".join(f"{name} {value:,}" for name, value in size.items())


def seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 0.1 else f"{1000 * value:.3g} ms"


def _ratio(peer: Record) -> str:
    ratio = f"{peer['ratio']:.3g}" if peer["ratio"] < 100 else f"{peer['ratio']:,.0f}"
    notes = [f"{peer['count']} pair" + "s" * (peer["count"] > 1)] if peer["count"] < 5 else []
    if peer["projected_from"]:
        notes.append("projected from {} and {} steps".format(*peer["projected_from"]))
    return f"{ratio} ({', '.join(notes)})" if notes else ratio


def mebibytes(value: int | None) -> str:
    return "" if value is None else f"{value / MEBIBYTE:,.0f} MiB"
