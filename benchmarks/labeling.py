"""A whole run of labeling in a real browser, by two scripted people who know the truth.

`python -m benchmarks.labeling`: 2,000 small photos of ten kinds, three of which are looked for. The
commands are the real ones: `openal init`, `embed` (the encoder of `openal[offline]`), `label`. Two
windows answer three rounds of 30 in turns, one by keys and one by the mouse. Meanwhile an answer is
undone, a photo skipped, a fourth class added, and the server killed. Prints what share of the
answers was wasted, beside that of photos drawn at random, and what was waited for; 1 where `openal
export` tells anything else than what was answered. Needs Chromium, playwright and
`openal[label,offline]`.
"""

import argparse
import csv
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.labeling_people import Label, Person, Truth, done
from benchmarks.labeling_photos import KINDS, photos_of
from benchmarks.machine import description, summary

DRAWS = 1000


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.labeling", description=__doc__)
    add = parser.add_argument
    add("--photos", type=int, default=2000)
    add("--rounds", type=int, default=3)
    add("--budget", type=int, default=30, help="questions in a round")
    add("--drawn", action="store_true", help="shapes that are drawn, no JPEGs of CIFAR-10")
    add("--shots", type=Path, metavar="DIR", help="where screenshots go")
    add("--keep", type=Path, metavar="DIR", help="keeps photos and embeddings for the next run")
    options = parser.parse_args(given)
    if options.rounds < 2 or options.budget < 6:
        parser.error("--rounds must be 2 or more, and --budget 6 or more.")
    return options


@dataclass
class Round:
    """What a round was like: its classes, and the seconds until questions were there."""

    classes: list[str]
    first: float
    others: list[float] = field(default_factory=list)
    after_kill: float = 0.0


def begun(folder: Path, options: argparse.Namespace, classes: Sequence[str]) -> float:
    """Begin the project anew, with the embeddings that are there; the seconds of `embed`."""
    for name in ("openal.toml", *(path.name for path in folder.glob("*answers.db*"))):
        (folder / name).unlink(missing_ok=True)
    settings = ["--encoder", "offline", "--budget", f"{options.budget}", "--classes", *classes]
    done(folder, "init", ".", "--images", "../photos", *settings)
    return done(folder, "embed")


def labeled(
    browser: Any, folder: Path, truth: Truth, later: str, options: argparse.Namespace
) -> list[Round]:
    """All rounds; the class `later` is added when the second one begins."""
    since, rounds, label = perf_counter(), list[Round](), Label(folder)
    try:
        one = Person(browser, label.url, truth, "wide", "light")
        two = Person(browser, label.url, truth, "phone", "dark")
        for number in range(options.rounds):
            one.shown()
            first = perf_counter() - since
            two.shown()
            if number == 1:
                one.add_class(later)
            rounds.append(Round([*truth.classes], first))
            answer_all(one, two, label, rounds, options)
            since = perf_counter()
    finally:
        label.kill()
    return rounds


def answer_all(
    one: Person, two: Person, label: Label, rounds: list[Round], options: argparse.Namespace
) -> None:
    """Answer one round in turns."""
    number, middle = len(rounds) - 1, options.budget // 2
    if number == 0:
        one.err()
    for turn in range(options.budget):
        person, left = (one, two)[turn % 2], options.budget - turn - 1
        if turn == middle and number == options.rounds - 1 and options.shots:
            one.shots(options.shots)
            two.shots(options.shots)
        since, killed = perf_counter(), turn == middle and number == 1
        person.answer(label if killed else None)
        if left > 1:  # the last one is in the other window
            person.shown()
        if killed:
            rounds[-1].after_kill = perf_counter() - since
        elif left > 1:
            rounds[-1].others.append(perf_counter() - since)


def wasted_at_random(truth: Truth, rounds: Sequence[Round], budget: int) -> list[float]:
    """The wasted share of each round of as many photos that are drawn, a mean of many draws."""
    kinds, rng = np.array([*truth.kinds.values()]), np.random.default_rng(0)
    draws = [rng.permutation(kinds)[: len(rounds) * budget] for _ in range(DRAWS)]
    drawn = np.stack(draws).reshape(DRAWS, len(rounds), budget)
    each = zip(drawn.swapaxes(0, 1), rounds, strict=True)
    return [float(1 - np.isin(kinds, row.classes).mean()) for kinds, row in each]


def table(truth: Truth, rounds: Sequence[Round], budget: int) -> str:
    """A line for each round."""
    said = [*truth.said.values()]
    at_random = wasted_at_random(truth, rounds, budget)
    lines = ["round  classes  wasted  at random  first question  next question (slowest)"]
    for at, row in enumerate(rounds):
        wasted = said[at * budget : (at + 1) * budget].count("UNKNOWN") / budget
        killed = f"  {row.after_kill:.1f} s after the kill" if row.after_kill else ""
        lines.append(
            f"{at + 1:5}{len(row.classes):9}{wasted:8.0%}{at_random[at]:11.0%}{row.first:14.1f} s"
            f"{median(row.others):13.2f} s ({max(row.others):.2f} s){killed}"
        )
    return "\n".join(lines)


def is_exact(folder: Path, truth: Truth, budget: int) -> bool:
    """Whether the export has what was said, in the order in which it was, and nothing else."""
    done(folder, "export", "--out", "exported.csv")
    with (folder / "exported.csv").open(newline="") as file:
        exported = [(row["file"], row["class"], int(row["round"])) for row in csv.DictReader(file)]
    said = enumerate(truth.said.items())
    return exported == [(*pair, 1 + at // budget) for at, pair in said]


def ran(folder: Path, options: argparse.Namespace) -> tuple[str, bool]:
    """What is printed of a run in a folder, and whether the answers are exact."""
    from playwright.sync_api import sync_playwright

    kinds = photos_of(folder / "photos", options.photos, options.drawn)
    *classes, later = [*KINDS[options.drawn]][:4]
    truth, project = Truth(kinds, classes), folder / ("shapes" if options.drawn else "cifar")
    project.mkdir(exist_ok=True)
    seconds = begun(project, options, classes)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as api:
        browser = api.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        rounds = labeled(browser, project, truth, later, options)
        browser.close()
    exact = is_exact(project, truth, options.budget)
    words = "exactly what was said" if exact else "NOT what was said"
    return (
        f"openal embed: {seconds:.0f} s\n\n{table(truth, rounds, options.budget)}\n\n"
        f"{len(truth.said)} answers in the ledger: {words}"
    ), exact


def main(given: Sequence[str] | None = None) -> int:
    """Label, print, and say whether the ledger is right."""
    options = arguments(given)
    with tempfile.TemporaryDirectory() as temporary:
        shown, exact = ran(options.keep or Path(temporary), options)
    words = ["python -m benchmarks.labeling", *(sys.argv[1:] if given is None else given)]
    print(f"$ {' '.join(words)}\n# {summary(description())}\n{shown}")
    return int(not exact)


if __name__ == "__main__":
    sys.exit(main())
