"""embed_with_ray: images become embeddings on a cluster, one encoder per GPU or CPU worker."""

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, final

from openal._checks import as_count, as_number
from openal._image_folder import image_files
from openal._image_reader import Reading
from openal._progress import progress_bar
from openal.errors import ArgumentError, ModelError, OpenALError
from openal.integrations.ray._cluster import connected, cpus_of
from openal.integrations.ray._encoders import (
    BlockEncoder,
    FolderEncoder,
    MakeEncoder,
    Plan,
    encoder_parts,
    fingerprint_of,
)
from openal.integrations.ray._parts import Folder, Index, PartedRows
from openal.store import Embeddings, build_store

__all__ = ["Embedded", "embed_with_ray", "store_of_parts"]

PARTS_PER_WORKER = 8


@final
@dataclass(frozen=True)
class Embedded:
    """What `embed_with_ray` made.

    Attributes:
        out: the folder of the store, or the URL of the Parquet files.
        count: how many images there are.
        unreadable: why some have no embedding, by key.
    """

    out: str
    count: int
    unreadable: Mapping[str, str]

    def __str__(self) -> str:
        lines = [f"{self.out}: {self.count} images, {len(self.unreadable)} could not be read"]
        return "\n".join(lines + [f"  {key}: {why}" for key, why in self.unreadable.items()])


def embed_with_ray(
    source: Any,
    encoder: str | MakeEncoder,
    out: str | Path,
    *,
    to: Literal["store", "parquet"] = "store",
    key: str = "key",
    image: str = "image",
    workers: int | None = None,
    gpus: float = 0,
    dtype: str | None = None,
    shard_rows: int = 4096,
    batch_size: int | None = None,
    reading: Reading | None = None,
    progress: bool | None = None,
) -> Embedded:
    """Embed images on a Ray cluster, with one encoder per worker; what is there is not computed.

    A folder of images becomes the very store that `openal embed` makes of it, on storage that all
    workers share. Rows of a `ray.data.Dataset` become Parquet files, one per `shard_rows` rows, at
    a path or an fsspec URL (`s3://...`), with the columns `key`, `embedding` and `reason`; with
    `to="store"` these become a store. A data set must come in the same order each time, as files
    do.

    What was killed goes on where it stopped: shards and parts are written whole. A worker that dies
    is started again. Images that cannot be read are told with their reason, in
    `Embedded.unreadable`, and beside Parquet files in `unreadable.parquet`.

    Args:
        source: a folder of images, or a `ray.data.Dataset` with a row per image.
        encoder: a name (`encoder_named`), or a function of a device that returns (encode,
            transform, fingerprint), as for `openal embed`; it must pickle.
        out: the folder of the store, or where the Parquet files go.
        to: what is written.
        key: the column of a data set that names each image.
        image: the column that holds it: a file's bytes, a path or URL, or pixels.
        workers: how many encoders; by default one per CPU of the cluster, or per GPU.
        gpus: what each takes of a GPU; 0 encodes on CPUs.
        dtype: "float16" or "float32".
        shard_rows: images per file.
        batch_size: images encoded at a time.
        reading: how files are read where they leave a choice.
        progress: False for no bar and no words.
    """
    ray = connected()
    as_number(gpus, "gpus", minimum=0)
    plan = Plan(
        encoder,
        str(out),
        dtype,
        as_count(shard_rows, "shard_rows", minimum=1),
        batch_size,
        reading or Reading(),
        key,
        image,
    )
    if to not in ("store", "parquet"):
        raise ArgumentError(f"to must be 'store' or 'parquet', got {to!r}.")
    run = _Run(ray, workers or _workers(ray, gpus), gpus, progress)
    made = _embedded(run, plan, source, to)
    if progress is not False:
        sys.stdout.write(f"{made}\n")
    return made


def _embedded(run: "_Run", plan: Plan, source: Any, to: str) -> Embedded:
    if isinstance(source, str | Path):
        if to == "store":
            return _folder_embedded(run, plan, Path(source))
        source = _listed(run.ray, Path(source), plan)
    if not isinstance(source, run.ray.data.Dataset):
        raise ArgumentError(f"source must be a folder or a ray.data.Dataset, got {source!r:.80}.")
    if to == "parquet":
        return _dataset_embedded(run, plan, source)
    parts = f"{plan.out}-parts"
    made = _dataset_embedded(run, plan.at(parts), source)
    store_of_parts(parts, plan.out, progress=run.progress)
    return Embedded(plan.out, made.count, made.unreadable)


def _workers(ray: Any, gpus: float) -> int:
    if not gpus:
        return cpus_of(ray)
    there = ray.cluster_resources().get("GPU", 0)
    if there < gpus:
        raise ArgumentError(f"gpus={gpus}, and the cluster has {there}.")
    return int(there / gpus)


def _listed(ray: Any, folder: Path, plan: Plan) -> Any:
    """The images of a folder as a data set."""
    names = image_files(folder).names
    rows = [{plan.key: name, plan.image: str((folder / name).resolve())} for name in names]
    if not rows:
        raise ArgumentError(f"{folder} holds no images.")
    return ray.data.from_items(rows)


@final
@dataclass(frozen=True)
class _Run:
    """The workers that encode."""

    ray: Any
    workers: int
    gpus: float
    progress: bool | None

    def mapped(self, dataset: Any, kind: type, arguments: tuple[Any, ...], **options: Any) -> Any:
        """The rows that stateful actors make of a data set, in its order."""
        # Half a CPU each: actors hold theirs until the end, and what reads needs some.
        share = {"num_gpus": self.gpus} if self.gpus else {"num_cpus": 0.5}
        pool = self.ray.data.ActorPoolStrategy(
            min_size=1, max_size=self.workers, initial_size=self.workers
        )
        made = dataset.map_batches(
            kind, fn_constructor_args=arguments, compute=pool, **share, **options
        )
        made.context.execution_options.preserve_order = True
        made.context.enable_progress_bars = False
        return made

    def rows(self, made: Any, total: int | None, unit: str) -> Any:
        """The rows, as they come; an error of ours in an actor is raised as it is."""
        try:
            with progress_bar(self.progress, total=total, unit=unit) as bar:
                for row in made.iter_rows():
                    bar.update()
                    yield row
        except self.ray.exceptions.RayError as error:
            raise _ours(error) or error from None


def _ours(error: BaseException | None) -> OpenALError | None:
    """The error of openal that another was made of."""
    while error is not None and not isinstance(error, OpenALError):
        error = getattr(error, "cause", None) or error.__cause__
    return error


def _folder_embedded(run: _Run, plan: Plan, folder: Path) -> Embedded:
    names = image_files(folder, besides=[Path(plan.out)]).names
    if not names:
        raise ArgumentError(f"{folder} holds no images.")
    shards = math.ceil(len(names) / plan.shard_rows)
    parts = min(shards, PARTS_PER_WORKER * run.workers)
    numbers = run.ray.data.range(parts, override_num_blocks=parts)
    arguments = (plan, folder.resolve(), names, parts)
    made = run.mapped(numbers, FolderEncoder, arguments, batch_size=1)
    for _ in run.rows(made, parts, "part"):
        pass
    store = Embeddings(plan.out)
    named = getattr(store, "names", None) or names  # a store of images may know its rows by name
    return Embedded(plan.out, len(names), {named[row]: why for row, why in store.reasons.items()})


def _dataset_embedded(run: _Run, plan: Plan, dataset: Any) -> Embedded:
    blocks = dataset.repartition(target_num_rows_per_block=plan.shard_rows, strict=True)
    made = run.mapped(blocks, BlockEncoder, (plan,), batch_size=None, batch_format="pyarrow")
    parts, widths, unreadable = dict[str, int](), set[int](), dict[str, str]()
    for row in run.rows(made, None, "part"):
        if row["part"] in parts:
            raise ArgumentError(f"column {plan.key!r} must name each image once.")
        parts[row["part"]] = row["rows"]
        widths |= {row["columns"]} - {0}
        unreadable.update(zip(row["keys"], row["reasons"], strict=True))
    if len(widths) != 1:
        raise ModelError(f"embeddings must have one length, got {sorted(widths) or 'none'}.")
    fingerprint = fingerprint_of(plan, encoder_parts(plan.encoder))
    index = Index(fingerprint, plan.dtype or "float16", widths.pop(), [*parts.items()])
    Folder(plan.out).finish(index, unreadable)
    return Embedded(plan.out, index.rows, unreadable)


def store_of_parts(url: str | Path, folder: str | Path, *, progress: bool | None = None) -> Any:
    """The store, `openal.store.Embeddings`, of the Parquet files that `embed_with_ray` wrote.

    Whatever interrupts it, the next call goes on where it stopped.
    """
    parts = Folder(str(url))
    index = parts.index()
    rows = PartedRows(parts, index)
    return build_store(
        folder,
        rows,
        _as_they_are,
        fingerprint=index.fingerprint,
        identities=rows.keys(),
        dtype=index.dtype,
        progress=progress,
    )


def _as_they_are(embeddings: Any) -> Any:
    return embeddings
