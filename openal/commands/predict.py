"""`openal predict`: what every image of a project is, by its classifier."""

from collections import Counter
from collections.abc import Sequence

from openal._files import write_whole
from openal.commands._say import counted, plural, say
from openal.commands.arguments.predict import parser
from openal.errors import ArgumentError
from openal.project import Head, Project
from openal.project._outputs import require_not_ours, require_output
from openal.project._tables import csv_table

__all__ = ["main", "parser"]

COLUMNS = ("file", "class", "probability", "known")
THRESHOLD = 0.5
Row = tuple[str, str, float | str, float | str]


def main(argv: Sequence[str]) -> int:
    """Run the command; a CheckpointError where there is no classifier that fits."""
    given = parser().parse_args(argv)
    require_output(given.out, (".csv",))
    project = Project.find()
    require_not_ours(given.out, project)
    head = _head(project)
    rows, stale = _rows(project, head), _stale(project, head)
    write_whole(given.out, csv_table([COLUMNS, *rows]))
    counts = Counter(row[1] for row in rows if row[1])
    say([f"{given.out}: {plural(len(rows), 'image')}: {counted(counts.most_common())}."])
    unread = len(rows) - counts.total()
    say([f"{plural(unread, 'image')} that cannot be read: no class."] if unread else [])
    gone = len(project.retired)
    say([f"{plural(gone, 'image')} gone since: left out."] if gone else [])
    say([*stale, "Next: openal export --out answers.csv"])
    return 0


def _head(project: Project) -> Head:
    if not project.classifier_file.exists():
        raise ArgumentError(f"{project.folder} has no classifier yet: type openal train first.")
    head, width = Head.load(project.classifier_file), project.embeddings().shape[1]
    if head.tensors["class.weight"].shape[1] != width:
        raise ArgumentError(f"{project.classifier_file} is of another encoder: type openal train.")
    if head.card.get("encoder") != project.encoder_used:
        raise ArgumentError(f"{project.classifier_file} is of another encoder: type openal train.")
    return head


def _rows(project: Project, head: Head) -> list[Row]:
    store = project.embeddings()
    probs, known = head.predict(store)
    best, order = probs.max(dim=1)
    unread = {*store.unreadable.tolist()}
    rows: list[Row] = []
    for index, name in enumerate(project.names):
        if index in project.retired:
            continue
        share = float(known[index])
        if index in unread:
            rows.append((name, "", "", ""))
        elif share < THRESHOLD:
            rows.append((name, "UNKNOWN", round(1 - share, 4), round(share, 4)))
        else:
            found = head.classes[int(order[index])]
            rows.append((name, found, round(float(best[index]), 4), round(share, 4)))
    return rows


def _stale(project: Project, head: Head) -> list[str]:
    learned = sum(head.card.get("answers", {}).values())
    more = len(project.labeled()) - learned
    return [f"{plural(more, 'answer')} came since openal train."] if more > 0 else []
