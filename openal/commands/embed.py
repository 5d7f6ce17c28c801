"""`openal embed`: the embeddings of a folder of images, or of a project, computed once."""

import os
import re
import sys
import time
from argparse import Namespace
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from openal._image_folder import image_files
from openal._image_reader import reading_of
from openal.commands._changes import about_repaired, about_replaced, changes
from openal.commands._encoders import chosen_parts, encoder_parts
from openal.commands._say import plural, say
from openal.commands.arguments.embed import parser
from openal.encoders import EncoderParts, is_encoder_name
from openal.errors import ArgumentError
from openal.learners.clip import CLIP
from openal.project._replaced import note_before_changes, stale_answers
from openal.project._round import close_retired
from openal.project.project import ENCODER, Project
from openal.store._listing import Listing
from openal.store._manifest import read_manifest
from openal.store._matching import Match
from openal.store._spec import StoreSpec
from openal.store.build import Filling, fill_with_images
from openal.store.embeddings import Embeddings
from openal.store.images import Images

__all__ = ["EncoderParts", "main", "parser"]

PROJECT_SHARD = 512
"""Images per file of a project: what an interrupt may cost, ten seconds on a CPU."""


@dataclass(frozen=True)
class _Task:
    """What to embed, and where to: the images by name, and the project they are of, if any.

    `before` are the images that the embeddings or answers of the project are about so far.
    """

    folder: Path
    names: Sequence[str]
    out: Path
    project: Project | None = None
    before: Listing | None = None

    @property
    def paths(self) -> list[Path]:
        return [self.folder / name for name in self.names]


def main(argv: Sequence[str]) -> int:
    """Run the command."""
    given = parser().parse_args(argv)
    if given.check:
        return _checked(given.out or Project.find().store_folder)
    part, device = _part(given.part), _device(given.device)
    task = _task(given)
    encode, transform, fingerprint = _encoder(given, task, device)
    reading = reading_of(given.max_pixels, given.bits)
    images = Images(task.folder, task.names, transform, reading)
    begun, manifest = time.monotonic(), read_manifest(task.out)
    unread = () if manifest is None else tuple(manifest.reasons)
    workers = _free_cores() if given.workers is None else given.workers
    filling = Filling.of(task.out, encode, device, workers, part, None)
    made_by = fingerprint if given.bits is None else {**fingerprint, "bits": f"{given.bits}"}
    spec = StoreSpec(None, made_by, given.dtype, _shard_rows(given, task), given.batch_size)
    tell = partial(_tell, task, unread)
    count = fill_with_images(
        filling, images, spec, before=task.before, reread=given.reread, tell=tell
    )
    store = Embeddings(filling.folder, partial=part[1] > 1)
    say([*_repaired(store, unread), *_about(store), *images.notes.lines(task.names)])
    if task.project is not None:
        _finish(task.project, store, count, time.monotonic() - begun)
    return 0


def _task(given: Namespace) -> _Task:
    """The images of the project here, or of the folder that is named."""
    if given.out is None:
        project = _project(given.images)
        if project is not None:
            names, before = project.names_now(), project.kept()
            if before is not None and project.ledger_file.exists():
                project.labeled()  # whose file learns what its images are called, so it may grow
            say([f"{plural(len(names), 'image')} of {project.images}"])
            return _Task(project.image_folder, names, project.store_folder, project, before)
    if given.images is None:
        raise ArgumentError("IMAGES is missing: a folder of images.")
    out = given.out or Path(f"{given.images.resolve().name}-embeddings")
    files = image_files(given.images, besides=[out])
    if not files.names:
        raise ArgumentError(f"{given.images} holds no images. {files.omissions()}".strip())
    if files.left_out:
        say([files.summary()])  # before hours of work
    return _Task(given.images, files.names, out)


def _tell(task: _Task, unread: Collection[int], match: Match) -> None:
    """Say what became of the images, before hours of work, and keep their list.

    `unread` could not be read before.
    """
    if task.project is not None:
        note_before_changes(task.project, [match.row_of[name] for name in match.replaced])
        task.project.keep(match.listing)
    if len(match.new) < len(match.listing.names):
        say(changes(match, unread))


def _project(images: Path | None) -> Project | None:
    """The project of the current folder, if that is what is meant; its images may be named."""
    if images is None:
        return Project.find()
    try:
        project = Project.find()
    except ArgumentError:
        return None
    if images.resolve() != project.image_folder.resolve():
        raise ArgumentError(
            f"{project.folder / 'openal.toml'} is about {project.images}; leave IMAGES out, or say "
            f"with --out where the embeddings of {images} go."
        )
    return project


def _encoder(given: Namespace, task: _Task, device: torch.device) -> EncoderParts:
    if given.model is not None and given.encoder is not None:
        raise ArgumentError("one of --model and --encoder must name what embeds the images.")
    project = task.project
    if given.model is not None and project is None:
        return CLIP(given.model, given.pretrained, device=device).image_encoder()
    name: str | None = given.encoder
    if given.model is not None:
        name = f"clip:{given.model.replace('/', '-')}/{given.pretrained or ''}"
    elif name is None:
        name = _of_project(task)
    if name is None:
        name, parts = chosen_parts(device, task.paths)
    else:
        beside = None if project is None else project.folder
        name, parts = encoder_parts(name, device, task.paths, beside)
    encode, transform, fingerprint = parts
    own = project is None and not is_encoder_name(name)
    return encode, transform, dict(fingerprint) if own else {**fingerprint, ENCODER: name}


def _of_project(task: _Task) -> str | None:
    """The encoder that the project names, else the one that its embeddings were begun with."""
    project = task.project
    if project is not None and project.encoder != "auto":
        begun = _begun_with(task)
        same = begun is not None and begun.partition(":")[0] == project.encoder == "offline"
        return begun if same else project.encoder
    return _begun_with(task)


def _begun_with(task: _Task) -> str | None:
    manifest = read_manifest(task.out)
    return None if manifest is None else manifest.fingerprint.get(ENCODER)


def _shard_rows(given: Namespace, task: _Task) -> int | None:
    """Small files for a new store of a project; a store that was begun goes on with its own."""
    if given.shard_rows is None and task.project is not None and read_manifest(task.out) is None:
        return PROJECT_SHARD
    rows: int | None = given.shard_rows
    return rows


def _finish(project: Project, store: Embeddings, count: int, seconds: float) -> None:
    if store.missing:
        return
    if seconds > 1 and count:
        say([f"{seconds:.0f} s, {count / seconds:.0f} images per second."])
    if project.ledger_file.exists():
        close_retired(project.labeled(), project.retired)
        say(about_replaced(project, stale_answers(project)))
    if project.texts() is not None:
        say(["The names of the classes are known to the encoder, as texts."])
    say(["Next: openal label, or openal query --out q.csv"])


def _repaired(store: Embeddings, unread: Collection[int]) -> list[str]:
    """Which of the images that could not be read before are there now."""
    names, unreadable = store.names or (), {*store.unreadable.tolist(), *store.retired.tolist()}
    return about_repaired([names[row] for row in unread if row not in unreadable])


def _about(store: Embeddings) -> list[str]:
    """What a store holds, and which images it lacks."""
    missing = f"; {plural(store.missing, 'row')} missing" if store.missing else ""
    lines = [f"{store.folder}: {len(store)} x {store.shape[1]}, {store.dtype}{missing}"]
    names, gone = store.names or (), {*store.retired.tolist()}
    if gone:
        lines.append(f"{plural(len(gone), 'row')} of images that are gone; no query asks them.")
    reasons = {names[index]: why for index, why in store.reasons.items() if index not in gone}
    if reasons:
        unread = plural(len(reasons), "image")
        them = "it" if len(reasons) == 1 else "them"
        lines.append(f"{unread} could not be read; every query leaves {them} out:")
    return lines + [f"  {name}: {why}" for name, why in reasons.items()]


def _checked(folder: Any) -> int:
    store = Embeddings(folder)
    store.verify()
    sys.stdout.write(f"{store.folder}: intact, {store.shape[0]} x {store.shape[1]}\n")
    return 0


def _part(text: str) -> tuple[int, int]:
    match = re.fullmatch("([0-9]{1,6})/([0-9]{1,6})", text)
    if match is None:
        raise ArgumentError(f"--part must be I/N, such as 0/4, got {text!r}.")
    return int(match[1]), int(match[2])


def _device(name: str | None) -> torch.device:
    try:
        device = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ArgumentError(f"--device {name} cannot be used: {error!s:.200}") from error
    return device


def _free_cores() -> int:
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(8, cores - 1)
