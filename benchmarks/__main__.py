"""Times the kernels of `openal` beside other packages, on the same arrays, in turns.

`python -m benchmarks --quick` takes some minutes on two cores, `--full` an hour. Writes a table,
JSON and a plot into `--out`. Install the peers with `pip install openal[bench]`; one that is
missing is skipped. `--quick --device cuda --minutes 5` puts the arrays on a GPU, larger ones than
those of `--full`, and begins no row after five minutes; what does not run there says so.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.kernels import all_rows
from benchmarks.limits import device_limits, limits
from benchmarks.machine import description, summary
from benchmarks.measure import Record, measured, on_real_vectors
from benchmarks.names import refuse_unmatched
from benchmarks.on_device import name_of, on_device, require
from benchmarks.report import beside_limits, beside_peers, plot
from benchmarks.row import Row, Size, Unavailable

RESULTS = Path(__file__).parent / "results"


def arguments(given: Sequence[str] | None, rows: Sequence[Row]) -> argparse.Namespace:
    """The command line; `--only` is compared with the names of the rows."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument("--quick", action="store_const", const="quick", dest="size")
    size.add_argument("--full", action="store_const", const="full", dest="size")
    parser.add_argument("--only", nargs="*", default=[], help="rows whose names hold one of these")
    parser.add_argument("--device", default="cpu", help="cuda: the arrays on a GPU (cpu)")
    parser.add_argument(
        "--minutes", type=float, default=float("inf"), help="begin no row after so many"
    )
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder (default: results)")
    options = parser.parse_args(given)
    refuse_unmatched(parser, "--only", options.only, [row.name for row in rows])
    return options


def planned(rows: Sequence[Row], which: str) -> list[tuple[Row, Size]]:
    """Each row with its size, and again on real embeddings where it has a size for these."""
    plan = [(row, getattr(row, which)) for row in rows]
    return plan + [(on_real_vectors(row), {**size, **row.real}) for row, size in plan if row.real]


def results(
    plan: Sequence[tuple[Row, Size]], ceilings: dict[str, float], minutes: float = float("inf")
) -> list[Record]:
    """The figures of all rows; says how far it is on the way. Begins none after so many minutes."""
    records, begun = [], perf_counter()
    for row, size in plan:
        started = perf_counter()
        if started - begun > 60 * minutes:
            print(f"{row.name} is left out: {minutes:g} minutes are over", file=sys.stderr)
            continue
        try:
            records.append(measured(row, size, ceilings))
        except (SystemExit, Unavailable) as error:  # such as real embeddings that are not there
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


def prepared(
    rows: Sequence[Row], device: str
) -> tuple[Sequence[Row], dict[str, float], dict[str, Any]]:
    """The rows with their arrays on the device, its limits, and the machine."""
    machine = description()
    if device == "cpu":
        return rows, limits(), machine
    require(device)
    moved = [on_device(row, device) for row in rows]
    return moved, device_limits(device), {**machine, "cpu": name_of(device)}


def main(given: Sequence[str] | None = None, rows: Sequence[Row] | None = None) -> int:
    """Measure, print and write; 1 where a peer's result is another."""
    rows = all_rows() if rows is None else rows
    options = arguments(given, rows)
    chosen = [
        row for row in rows if not options.only or any(part in row.name for part in options.only)
    ]
    chosen, ceilings, machine = prepared(chosen, options.device)
    records = results(planned(chosen, options.size), ceilings, options.minutes)
    where = [] if options.device == "cpu" else ["--device", options.device]
    command = " ".join([f"python -m benchmarks --{options.size}", *where, *_only(options.only)])
    shown = text(command, summary(machine), ceilings, records)
    print(shown)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"{'-'.join(['performance', options.size, *where[1:]])}.txt"
    path.write_text(shown, encoding="utf-8")
    everything = {"machine": machine, "limits": ceilings, "rows": records}
    path.with_suffix(".json").write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
    plot(records, path.with_suffix(".png"))
    return int(any(not peer["same"] for record in records for peer in record["peers"]))


if __name__ == "__main__":
    sys.exit(main())
