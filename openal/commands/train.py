"""`openal train`: the classifier of a project, from its answers, in seconds."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from openal._files import write_whole
from openal._version import __version__
from openal.commands._say import plural, say
from openal.commands.arguments.train import parser
from openal.labeled import LabeledSet
from openal.pool import Pool
from openal.project import Project
from openal.project._curve import LEAST, learning_curve
from openal.project.head import trained_head

__all__ = ["main", "parser"]

RULE = "UNKNOWN where the probability of a known class is below 0.5, else the likeliest class"


def main(argv: Sequence[str]) -> int:
    """Run the command."""
    parser().parse_args(argv)
    project = Project.find()
    pool, labeled = project.pool(), project.labeled()
    card = _card(project, pool, labeled)
    head = trained_head(pool, labeled, card)
    head.save(project.classifier_file)
    text = json.dumps(card, indent=1, ensure_ascii=False)
    path = project.classifier_file.with_suffix(".json")
    write_whole(path, text.encode("utf-8", "backslashreplace") + b"\n")
    say([f"{project.classifier_file}: trained on {plural(len(labeled), 'answer')}."])
    say([*_accuracy(card), f"Card: {path}", "Next: openal predict --out predictions.csv"])
    return 0


def _card(project: Project, pool: Pool, labeled: LabeledSet) -> dict[str, Any]:
    """What a reader of the file must know."""
    curve = learning_curve(pool, labeled, last_only=True)
    last = curve[-1] if curve else None
    return {
        "classes": list(project.classes),
        "encoder": project.encoder_used,
        "fingerprint": project.embeddings().fingerprint,
        "dimensions": project.embeddings().shape[1],
        "answers": labeled.counts,
        "accuracy": None if last is None else round(last.accuracy, 4),
        "standard_error": None if last is None else round(last.error, 4),
        "tested": 0 if last is None else last.tested,
        "rule": RULE,
        "openal": __version__,
    }


def _accuracy(card: Mapping[str, Any]) -> list[str]:
    if card["accuracy"] is None:
        return [f"Accuracy: not known with fewer than {LEAST} answers that name a class."]
    return [
        f"Accuracy: {card['accuracy']:.2f} ± {card['standard_error']:.2f} among your classes, on "
        f"{plural(card['tested'], 'answer')} that were not learned from."
    ]
