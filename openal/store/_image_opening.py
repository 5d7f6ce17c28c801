"""A store of images opened: what it has, held against the files that are there now."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from openal.errors import StoreError
from openal.store._earlier import rows_of_earlier
from openal.store._encode import SETTLED
from openal.store._files import locked, require_ours, stamps_name, sweep
from openal.store._identity import Identity, identity_of
from openal.store._listing import Listing, read_listing, write_listing
from openal.store._manifest import Manifest, read_manifest, write_manifest
from openal.store._matching import Match, Rows, matched
from openal.store._spec import StoreSpec
from openal.store._stamps import (
    NO_SUM,
    UNSEEN,
    Hint,
    Stamp,
    read_together,
    stamp_row,
    write_stamps,
)
from openal.store.images import Images, StampedRows

__all__ = ["ImageOpening", "Opened"]


@dataclass(frozen=True, eq=False)
class Opened:
    """A store that names its items, and `rows` to be computed where it has not got them yet."""

    manifest: Manifest
    items: StampedRows
    rows: frozenset[int]

    def work(self, part: tuple[int, int]) -> dict[int, Sequence[int]]:
        """What is to be computed, by shard."""
        by_shard: dict[int, list[int]] = {}
        for row in sorted(self.rows):
            by_shard.setdefault(row // self.manifest.shard_rows, []).append(row)
        missing = self.manifest.missing(part)
        for at in missing:
            held = self.manifest.indices(at)[: self.manifest.held(at)]
            rest = self.manifest.indices(at)[len(held) :]
            by_shard[at] = [row for row in by_shard.get(at, ()) if row in held] + [*rest]
        return {at: by_shard[at] for at in sorted(by_shard) if at % part[1] == part[0]}


@dataclass(frozen=True, eq=False)
class _Plan:
    """A store as it is (`there`), as it will be, and the items of both."""

    there: Manifest | None
    base: Manifest
    before: Rows
    match: Match

    @property
    def is_written(self) -> bool:
        """Whether the manifest will be another one."""
        return self.match.is_change or self.base != self.there or self.base.listed is None


@dataclass(frozen=True, eq=False)
class ImageOpening:
    """What `opened` does: the items of the store in `folder` are brought up to date with `images`.

    `before` are the items that a store must begin with, whose answers are there; `reread` takes no
    hint for a proof that a file is the same.
    """

    folder: Path
    images: Images
    spec: StoreSpec
    batch_size: int
    before: Listing | None = None
    reread: bool = False
    _read: dict[str, Stamp | None] = field(default_factory=dict)

    def opened(self, tell: Callable[[Match], None]) -> Opened:
        """The store with the names of now, on disk; a StoreError if it is of something else."""
        require_ours(self.folder)
        plan = self._plan(read_manifest(self.folder))  # reads, which may take long, without a lock
        if plan.is_written:
            manifest, plan = self._written(tell)
        else:
            tell(plan.match)
            manifest = plan.base
        opened = Opened(manifest, self._items(plan.match), self._rows(manifest, plan))
        self._note_hints(manifest, plan, opened.rows)
        if opened.rows and not plan.is_written:
            self._sweep()
        return opened

    @cached_property
    def _looked(self) -> Mapping[str, Hint | None]:
        return self.images.look()

    def _plan(self, there: Manifest | None) -> _Plan:
        base, before = self._begun(there)
        row_of, sums = before.listing.row_of, before.sums
        files = {
            name: hint or UNSEEN
            for name, hint in self._looked.items()
            if hint is not None or name not in row_of or sums[row_of[name]] == NO_SUM
        }
        match = matched(before, files, self._stamps, trust=not self.reread)
        self._require_related(before.listing, match)
        return _Plan(there, base, before, match)

    def _begun(self, there: Manifest | None) -> tuple[Manifest, Rows]:
        """The store before anything is changed, and its items; those of an earlier release too."""
        if there is None:
            listing = self.before or Listing.of(())
            new = self.spec.new(self.batch_size)
            return new.grown(Identity(len(listing.names), None, ())), Rows.unread(listing)
        self.spec.is_finished(self.folder, there)
        base = there.without_lost(self.folder)
        if there.listed is None:
            return base, rows_of_earlier(self.folder, base, self.images, self.before, self._stamps)
        listing = read_listing(self.folder, there.listed, there.items.count)
        return base, Rows(listing, base.stamps(self.folder))

    def _stamps(self, names: Iterable[str]) -> dict[str, Stamp]:
        """The stamps of files, each read once; without those that cannot be read."""
        wanted = list(names)
        unread = [name for name in wanted if name not in self._read]
        paths = [self.images.path(name) for name in unread]
        self._read.update(zip(unread, read_together(paths), strict=True))
        found = {name: self._read[name] for name in wanted}
        return {name: stamp for name, stamp in found.items() if stamp is not None}

    def _require_related(self, before: Listing, match: Match) -> None:
        """Refuse a folder of which the store has no image: it is another one, most likely."""
        count = len(before.names) - len(before.retired)
        if self.before is None and count and count == len(match.retired) and not match.returned:
            raise StoreError(
                f"{self.folder} holds other embeddings: none of its {count} images is in "
                f"{self.images.folder}, such as {match.retired[0]!r}; choose another folder, or "
                f"delete this one."
            )

    def _written(self, tell: Callable[[Match], None]) -> tuple[Manifest, _Plan]:
        """The store on disk as it will be; the files that a manifest names come before it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with locked(self.folder):
            plan = self._plan(there := read_manifest(self.folder))
            sweep(self.folder, None if there is None else there.files())
            tell(plan.match)
            manifest = plan.base
            if plan.match.is_change or manifest.listed is None:
                manifest = self._listed(plan)
            if manifest != there:
                write_manifest(self.folder, manifest)
            return manifest, plan

    def _listed(self, plan: _Plan) -> Manifest:
        """The manifest of a store whose items have the names of now, which are written first."""
        # Sixteen inputs at most, by which a data set of the same images is told from others.
        probe = identity_of(self._items(plan.match)).probe
        items, before = Identity(len(plan.match.listing.names), None, probe), plan.base.listed
        number = 0 if before is None else before.generation + 1
        listed = write_listing(self.folder, number, plan.match.listing)
        manifest = replace(plan.base.grown(items), listed=listed)
        if before is None:
            self._write_stamps(manifest, plan.before.stamps, range(len(manifest.shards)))
        return manifest

    def _sweep(self) -> None:
        """Remove the files that an update before this one replaced."""
        with locked(self.folder):
            there = read_manifest(self.folder)
            sweep(self.folder, None if there is None else there.files())

    def _items(self, match: Match) -> StampedRows:
        positions = np.full(len(match.listing.names), -1)
        at = {name: position for position, name in enumerate(self.images.names)}
        for name, row in match.row_of.items():
            positions[row] = at[name]
        return StampedRows(self.images, positions)

    def _rows(self, manifest: Manifest, plan: _Plan) -> frozenset[int]:
        """The rows that are replaced, could not be read before, or have no checksum."""
        there = {*plan.match.row_of.values()}
        again = {plan.match.row_of[name] for name in plan.match.replaced}
        again |= {row for row, digest in enumerate(plan.before.sums) if digest == NO_SUM}
        reasons = manifest.reasons.items()
        again |= {row for row, why in reasons if not why.startswith(SETTLED)}
        return frozenset(there & again)

    def _note_hints(self, manifest: Manifest, plan: _Plan, rows: frozenset[int]) -> None:
        """Keep the hints of files that were read for nothing, so that they need not be again."""
        stamps, shards = plan.before.stamps.copy(), set[int]()
        for name, stamp in plan.match.stamps.items():
            row = plan.match.row_of[name]
            known = row < len(stamps) and row not in rows and plan.before.sums[row] == stamp.sum
            if known and plan.before.hints[row] != stamp.hint:
                stamps[row] = stamp_row(stamp, stamps[row]["replaced"])
                shards.add(row // manifest.shard_rows)
        if shards:
            try:
                with locked(self.folder):
                    if read_manifest(self.folder) == manifest:
                        self._write_stamps(manifest, stamps, shards)
            except OSError:  # a store that may only be read
                return

    def _write_stamps(self, manifest: Manifest, stamps: np.ndarray, shards: Iterable[int]) -> None:
        for at in shards:
            shard, first = manifest.shards[at], manifest.indices(at).start
            if shard is not None:
                path = self.folder / stamps_name(at, shard.generation)
                write_stamps(path, stamps[first : first + manifest.held(at)])
