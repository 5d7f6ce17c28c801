"""What the rounds of a soak say: medians of some at a time, and one line for each question."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.soak_rounds import PEOPLE, Record

__all__ = ["Finding", "table", "verdict", "windows"]

MEBIBYTE = 2**20
MOST_GROWTH = 8 * MEBIBYTE  # of memory that no answer explains: half of a round's logits
MOST_QUERY = 1.5  # times what a query takes in a new process, on a machine that others use too
LEAST_SECONDS = 0.005  # of a query: shorter ones cannot be told apart
MOST_ADD = 3.0  # times what an answer took at the start; much of it is the work of the system


@dataclass(frozen=True)
class Finding:
    """One figure, and whether it is within its bound."""

    good: bool
    text: str

    def __str__(self) -> str:
        return f"{'ok ' if self.good else 'NOT'} {self.text}"


def windows(rounds: int) -> list[range]:
    """A twentieth of the rounds (at least one) at the start, the quarters and the end."""
    width = max(1, rounds // 20)
    ends = [width, *(rounds * quarter // 4 for quarter in (1, 2, 3, 4))]
    return [range(end - width, end) for end in sorted(set(ends))]


def table(records: Sequence[Record]) -> str:
    """Medians, as a Markdown table."""
    head = ("rounds", "answers", "query, s", "CPU s", "add, ms per answer", "CPU ms")
    head += ("read per call, KiB",)
    head += ("known subset, ms", "private, MiB", "resident, MiB", "peak, MiB")
    head += ("files", "threads", "ledger, MiB")
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for window in windows(len(records)):
        of = _Medians(records, window)
        cells = (
            f"{window.start + 1}-{window.stop}",
            f"{records[window[-1]]['answers']:,}",
            f"{of('query'):.3f}",
            f"{of('query cpu'):.3f}",
            f"{1000 * of('add') / of.budget:.3f}",
            f"{1000 * of('add cpu') / of.budget:.3f}",
            f"{of('read') / PEOPLE / 1024:.1f}",
            f"{1000 * of('subset'):.1f}",
            *(f"{of(name) / MEBIBYTE:.1f}" for name in ("private", "resident", "peak")),
            *(f"{of(name):g}" for name in ("files", "threads")),
            f"{of('ledger') / MEBIBYTE:.2f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def verdict(records: Sequence[Record], fresh: Record) -> list[Finding]:
    """One finding for each question."""
    first, second, *_, last = (_Medians(records, each) for each in windows(len(records)))
    each, more = fresh["bytes_per_answer"], last("answers") - second("answers")
    grown = last("private") - second("private")
    left = grown - each * more
    add, at_first = (1e6 * of("add cpu") / of.budget for of in (last, first))
    kib_read = (last("read") - first("read")) / PEOPLE / 1024
    query, afresh = last("query cpu"), median(fresh["query cpu"])
    reopened = [record["reopen"] for record in records if "reopen" in record]
    return [
        Finding(
            left < MOST_GROWTH,
            f"memory grew by {grown / MEBIBYTE:.1f} MiB over the last three quarters; "
            f"{more:,.0f} answers of {each:.0f} bytes explain {each * more / MEBIBYTE:.1f}, "
            f"left are {left / MEBIBYTE:.1f}",
        ),
        Finding(
            add < MOST_ADD * at_first,
            f"an answer takes {add:.0f} us of a processor to add at the end, {at_first:.0f} at the "
            f"start: {add / at_first:.2f} times",
        ),
        Finding(
            kib_read <= 16,  # four pages: a tree of pages is deeper when it has more
            f"adding {last.budget // PEOPLE} answers reads {kib_read:.1f} KiB more at the end than "
            "at the start",
        ),
        Finding(
            query < MOST_QUERY * afresh + LEAST_SECONDS,
            f"a query takes {query:.3f} s of a processor at the end, {afresh:.3f} in a new process "
            f"with the same answers: {query / afresh:.2f} times",
        ),
        *_sameness(fresh["same"]),
        *(
            Finding(
                last(name) <= first(name), f"{name}: {first(name):g}, at the end {last(name):g}"
            )
            for name in ("files", "threads")
        ),
        Finding(
            True,  # another answer stops the soak
            f"{len(reopened)} times the ledger was opened again: all answers were there; the last "
            f"time took {reopened[-1]:.2f} s for {records[-1]['answers']:,}",
        ),
    ]


def _sameness(same: bool | None) -> list[Finding]:
    told = "the same items" if same else "other items"
    return [] if same is None else [Finding(same, f"the new process asks for {told}")]


class _Medians:
    """The median of a figure over some rounds."""

    def __init__(self, records: Sequence[Record], window: range) -> None:
        self._records = [records[at] for at in window]
        self.budget = records[0]["answers"]  # the answers of the first round are those of each

    def __call__(self, name: str) -> float:
        return float(median(record[name] for record in self._records))
