"""Times the kernels of `openal` beside other packages, on the same arrays, in turns.

`python -m benchmarks --quick` takes some minutes on two cores, `--full` an hour. Writes a table,
JSON and a plot into `--out`. Install the peers with `pip install openal[bench]`; one that is
missing is skipped.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from benchmarks.kernels import all_rows
from benchmarks.limits import limits
from benchmarks.machine import description, summary
from benchmarks.measure import Record, measured, on_real_vectors
from benchmarks.names import refuse_unmatched
from benchmarks.report import beside_limits, beside_peers, plot
from benchmarks.row import Row, Size

RESULTS = Path(__file__).parent / "results"


def arguments(given: Sequence[str] | None, rows: Sequence[Row]) -> argparse.Namespace:
    """The command line; `--only` is compared with the names of the rows."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument("--quick", action="store_const", const="quick", dest="size")
    size.add_argument("--full", action="store_const", const="full", dest="size")
    parser.add_argument("--only", nargs="*", default=[], help="rows whose names hold one of these")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder (default: results)")
    options = parser.parse_args(given)
    refuse_unmatched(parser, "--only", options.only, [row.name for row in rows])
    return options


def planned(rows: Sequence[Row], which: str) -> list[tuple[Row, Size]]:
    """Each row with its size, and again on real embeddings where it has a size for these."""
    plan = [(row, getattr(row, which)) for row in rows]
    return plan + [(on_real_vectors(row), {**size, **row.real}) for row, size in plan if row.real]


def results(plan: Sequence[tuple[Row, Size]], ceilings: dict[str, float]) -> list[Record]:
    """The figures of all rows; says how far it is on the way."""
    records = []
    for row, size in plan:
        started = perf_counter()
        try:
            records.append(measured(row, size, ceilings))
        except SystemExit as error:  # the real embeddings are not there
            print(f"{row.name} is skipped: {error}", file=sys.stderr)
        print(f"{row.name}: {perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    return records


def text(command: str, machine: str, ceilings: dict[str, float], records: list[Record]) -> str:
    """What is printed and kept."""
    rates = ", ".join(f"{name} {value / 1e9:.0f}" for name, value in ceilings.items())
    return (
        f"$ {command}\n# {machine}\n# limits, in GFLOP/s of float32 and GB/s: {rates}\n\n"
        f"{beside_peers(records)}\n\n{beside_limits(records)}\n"
    )


def _only(parts: Sequence[str]) -> list[str]:
    return ["--only", *parts] if parts else []


def main(given: Sequence[str] | None = None, rows: Sequence[Row] | None = None) -> int:
    """Measure, print and write; 1 where a peer's result is another."""
    rows = all_rows() if rows is None else rows
    options = arguments(given, rows)
    chosen = [
        row for row in rows if not options.only or any(part in row.name for part in options.only)
    ]
    machine, ceilings = description(), limits()
    records = results(planned(chosen, options.size), ceilings)
    command = " ".join([f"python -m benchmarks --{options.size}", *_only(options.only)])
    shown = text(command, summary(machine), ceilings, records)
    print(shown)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"performance-{options.size}.txt"
    path.write_text(shown, encoding="utf-8")
    everything = {"machine": machine, "limits": ceilings, "rows": records}
    path.with_suffix(".json").write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
    plot(records, path.with_suffix(".png"))
    return int(any(not peer["same"] for record in records for peer in record["peers"]))


if __name__ == "__main__":
    sys.exit(main())
