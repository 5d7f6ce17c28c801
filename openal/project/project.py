"""Project: a folder of photos on its way to a classifier; everything a command needs to go on."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from openal._keys import Keys
from openal.errors import AnswerError, ArgumentError, StoreError
from openal.labeled import LabeledSet
from openal.learners import EmbeddingClassifier
from openal.learners._on_embeddings import FittedOnEmbeddings
from openal.pool import Pool
from openal.project._asked import note_asked
from openal.project._class_texts import class_texts
from openal.project._image_list import base_folder, image_list, keep_names, kept_names
from openal.project._round import begun_round, close_retired, open_round, strategy_for
from openal.project._settings_file import (
    NAME,
    checked,
    find_settings,
    read_settings,
    write_settings,
)
from openal.query import Query
from openal.simulate._strategy_words import strategy_of
from openal.store import Embeddings
from openal.store._listing import Listing, read_listing, rows_by_name
from openal.store._manifest import read_manifest

__all__ = ["Project"]


@dataclass(frozen=True)
class Project:
    """A folder of photos, class names, and what was answered so far, in one folder.

    `folder` holds `openal.toml`, the embeddings, the answers and the classifier. Whatever
    interrupts a command, the next one goes on from there.

    Args:
        folder: of the project.
        images: a folder, a glob, or a CSV or Parquet file of paths; from `folder` on.
        classes: the names of what is looked for.
        encoder: what embeds the images; "auto" is CLIP where it can be had, else the offline one.
        strategy: how images are chosen, such as "KnownKMeans" or "NEAT(k=20)".
        budget: questions in a round.
        copies: what happens to copies of answered images: "skip", "ask", or the least cosine of
            near copies, which are skipped too.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = Project.create(folder, "photos", ["cat", "dog"])
    ...     Project.find(folder).classes
    ('cat', 'dog')
    """

    folder: Path
    images: str
    classes: tuple[str, ...]
    encoder: str = "auto"
    strategy: str = "KnownKMeans"
    budget: int = 20
    copies: str | float = "skip"

    @classmethod
    def create(
        cls,
        folder: str | os.PathLike[str],
        images: str | os.PathLike[str],
        classes: Iterable[str],
        **settings: Any,
    ) -> "Project":
        """A new project, written to `folder`; a folder that has one already is refused.

        `settings` are `encoder`, `strategy`, `budget` and `copies`. The same call again changes
        nothing.
        """
        path = Path(folder).resolve()
        names = classes if isinstance(classes, str) else tuple(classes)
        values = checked({"images": os.fspath(images), "classes": names, **settings})
        made = cls(path, **values)
        strategy_of(made.strategy)  # an ArgumentError where there is none
        if (path / NAME).exists():
            there = cls.find(path)
            if there != made:
                raise ArgumentError(
                    f"{path / NAME} says something else; edit it, or choose another folder."
                )
            return there
        if path.exists() and not path.is_dir():
            raise ArgumentError(f"{path} is a file; a folder for the project was expected.")
        write_settings(path / NAME, made._settings())
        return made

    @classmethod
    def find(cls, start: str | os.PathLike[str] = ".") -> "Project":
        """The project of a folder, or of the nearest one above it."""
        path = find_settings(Path(start))
        return cls(path.parent, **read_settings(path))

    def using(self, **settings: Any) -> "Project":
        """The project with other settings than its file says; what is None stays."""
        given = {name: value for name, value in settings.items() if value is not None}
        return replace(self, **checked({**self._settings(), **given}))

    @property
    def store_folder(self) -> Path:
        """Where the embeddings are."""
        return self.folder / "embeddings"

    @property
    def ledger_file(self) -> Path:
        """Where the answers are."""
        return self.folder / "answers.db"

    @property
    def classifier_file(self) -> Path:
        """Where the trained classifier is."""
        return self.folder / "classifier.safetensors"

    @property
    def image_folder(self) -> Path:
        """What the names of images are relative to."""
        return base_folder(self.images, self.folder)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The images by name, in the order of the embeddings and the answers.

        Once there are embeddings or answers the list is kept, in the embeddings and in
        `images.json`; `openal embed` adds images that come later at its end. One that is gone
        keeps its name and its place.
        """
        return self._listing.names

    @cached_property
    def index_of(self) -> Mapping[str, int]:
        """The position of each image by its name: of one that is there before one that is gone."""
        return rows_by_name(self.names, self.retired)

    @property
    def retired(self) -> frozenset[int]:
        """The positions of images that are gone: their answers count, and nobody is asked."""
        return self._listing.retired

    def path_of(self, index: int) -> Path:
        """The file of an image."""
        return self.image_folder / self.names[index]

    def fixed_names(self) -> tuple[str, ...]:
        """The names, from now on in this order; listed anew while nothing depends on them."""
        kept = self.kept()
        if kept is not None:
            return kept.names
        listed = Listing.of(self._listed())
        self.keep(listed)
        return listed.names

    def kept(self) -> Listing | None:
        """The images that embeddings or answers depend on; None where nothing does so far."""
        manifest = read_manifest(self.store_folder)
        if manifest is None and not self.ledger_file.exists():
            return None
        if manifest is not None and manifest.listed is not None:
            return read_listing(self.store_folder, manifest.listed, manifest.items.count)
        return kept_names(self._names_file)

    def keep(self, listing: Listing) -> None:
        """Let the images be these, in this order, from now on."""
        if kept_names(self._names_file) != listing:
            keep_names(self._names_file, listing)
        for made in ("names", "index_of", "keys"):
            self.__dict__.pop(made, None)
        self.__dict__["_listing"] = listing

    def later_names(self) -> tuple[str, ...]:
        """The images that came after the list was kept: `openal embed` takes them in."""
        known = {*self.names}
        return tuple(name for name in self.names_now() if name not in known)

    def names_now(self) -> tuple[str, ...]:
        """The images that are there now, in the order of their listing."""
        return image_list(self.images, self.folder, besides=[self.store_folder]).names

    def embeddings(self) -> Embeddings:
        """The embeddings of all images; a StoreError says to type `openal embed` first."""
        if not (self.store_folder / "manifest.json").exists():
            raise StoreError(f"{self.folder} has no embeddings yet: type openal embed first.")
        store = Embeddings(self.store_folder, partial=True)
        if store.missing:
            raise StoreError(
                f"the embeddings of {store.missing} of {len(store)} images are missing: type "
                f"openal embed, and it goes on where it stopped."
            )
        return Embeddings(self.store_folder)

    def labeled(self) -> LabeledSet:
        """The answers so far, in the project's ledger."""
        if not self.ledger_file.exists():
            self.fixed_names()
        return LabeledSet(len(self.keys), self.classes, self.ledger_file, keys=self.keys)

    def pool(self) -> Pool:
        """The images, as what can be queried."""
        embeddings = self.embeddings()
        if len(embeddings) != len(self.names):
            raise StoreError(
                f"{self.store_folder} has {len(embeddings)} images and {self._names_file} "
                f"{len(self.names)}; remove the embeddings and type openal embed."
            )
        return Pool(embeddings=embeddings, keys=self.keys)

    def query(
        self, budget: int | None = None, strategy: str | None = None, seed: int | None = None
    ) -> Query:
        """What to ask next: what the open round still waits for, else a new round, now begun.

        A linear classifier on the embeddings, fitted to the answers, is what the strategy looks at.
        """
        labeled = self.labeled()
        close_retired(labeled, self.retired)
        begins = not len(labeled.pending_indices)
        asking = self.using(budget=budget, strategy=strategy) if begins else self
        query = self._begun(asking, labeled, seed) if begins else open_round(labeled)
        note_asked(self, query.indices, begins=begins)
        return query

    def _begun(self, asking: "Project", labeled: LabeledSet, seed: int | None) -> Query:
        chosen = strategy_for(asking.strategy, self.copies, self.texts())
        try:
            return begun_round(chosen, self.pool(), labeled, asking.budget, seed)
        except AnswerError:  # another process may have begun a round meanwhile
            labeled.refresh()
            if not len(labeled.pending_indices):
                raise
        return open_round(labeled)

    def classifier(self) -> FittedOnEmbeddings:
        """A linear classifier on the embeddings, fitted to the answers of now."""
        return EmbeddingClassifier().fit(self.pool(), self.labeled(), progress=False)

    def texts(self) -> tuple[Tensor, Tensor] | None:
        """The class names and the names of other things as texts, where the encoder knows texts."""
        return class_texts(self.encoder_used, self.classes, self.folder)

    @property
    def encoder_used(self) -> str | None:
        """The encoder that made the embeddings, by its name; None before there are any."""
        if not (self.store_folder / "manifest.json").exists():
            return None
        return Embeddings(self.store_folder, partial=True).fingerprint.get(ENCODER)

    @property
    def unreadable(self) -> np.ndarray:
        """The positions of images without an embedding, which nobody is asked about."""
        return self.embeddings().unreadable

    def with_class(self, name: str) -> "Project":
        """The project with one more class, at the end, in its file too; nothing, if it has it."""
        written = Project.find(self.folder)
        if name not in written.classes:
            written = written.using(classes=(*written.classes, name))
            write_settings(self.folder / NAME, written._settings())
        return replace(self, classes=written.classes)

    @cached_property
    def _listing(self) -> Listing:
        kept = self.kept() or kept_names(self._names_file)
        return Listing.of(self._listed()) if kept is None else kept

    @cached_property
    def keys(self) -> Keys:
        """A name for each image that stays: what it was called first."""
        return Keys.of(self._listing.keys, len(self.names))

    @property
    def _names_file(self) -> Path:
        return self.folder / "images.json"

    def _listed(self) -> tuple[str, ...]:
        if (self.store_folder / "manifest.json").exists() and not self._names_file.exists():
            raise StoreError(
                f"{self._names_file} is missing, and the embeddings are in its order; bring it "
                f"back from a copy, or remove the embeddings and type openal embed."
            )
        return self.names_now()

    def _settings(self) -> dict[str, Any]:
        names = ("images", "classes", "encoder", "strategy", "budget", "copies")
        return {name: getattr(self, name) for name in names}


ENCODER = "openal encoder"
"""The entry of a store's fingerprint that names the encoder."""
