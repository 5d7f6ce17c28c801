"""What embeds in a worker: an encoder that is loaded once, and asked for part after part."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, final

import numpy as np
import torch

from openal._image_reader import Reading
from openal.encoders import EncoderParts, encoder_named
from openal.errors import ArgumentError
from openal.integrations.ray._parts import Folder, embeddings_column
from openal.integrations.ray._rows_of_images import RowsOfImages
from openal.project.project import ENCODER
from openal.store import Embeddings, build_store
from openal.store.images import Images

__all__ = [
    "BlockEncoder",
    "FolderEncoder",
    "MakeEncoder",
    "Plan",
    "encoder_parts",
    "fingerprint_of",
]

MakeEncoder = Callable[[torch.device], EncoderParts]


@final
@dataclass(frozen=True)
class Plan:
    """How images become embeddings, and where these go."""

    encoder: str | MakeEncoder
    out: str
    dtype: str | None
    shard_rows: int
    batch_size: int | None
    reading: Reading
    key: str = "key"
    image: str = "image"

    def at(self, out: str) -> "Plan":
        """The same, to another place."""
        return replace(self, out=out)

    @property
    def cut(self) -> dict[str, Any]:
        """What a store is made with."""
        return {"dtype": self.dtype, "batch_size": self.batch_size, "progress": False}


def encoder_parts(encoder: str | MakeEncoder) -> EncoderParts:
    """What an encoder is made of, on the GPU of this process where it has one."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    parts = encoder_named(encoder, device) if isinstance(encoder, str) else encoder(device)
    if not isinstance(parts, tuple) or len(parts) != 3:
        raise ArgumentError(f"encoder must return (encode, transform, fingerprint), got {parts!r}.")
    return parts


def fingerprint_of(plan: Plan, parts: EncoderParts) -> dict[str, str]:
    """What the embeddings depend on, as `openal embed` writes it."""
    named = {ENCODER: plan.encoder} if isinstance(plan.encoder, str) else {}
    bits = {} if plan.reading.bits is None else {"bits": f"{plan.reading.bits}"}
    return {**parts[2], **named, **bits}


class FolderEncoder:
    """Fills some shards of a store with the images of a folder."""

    def __init__(self, plan: Plan, folder: Path, names: Sequence[str], parts: int) -> None:
        self.plan, self.parts = plan, parts
        self.encode, transform, _ = made = encoder_parts(plan.encoder)
        self.fingerprint = fingerprint_of(plan, made)
        self.images = Images(folder, names, transform, plan.reading)
        self.identities = self.images.identities()

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """The numbers of the parts that were filled."""
        for number in batch["id"]:
            build_store(
                self.plan.out,
                self.images,
                self.encode,
                fingerprint=self.fingerprint,
                identities=self.identities,
                part=(int(number), self.parts),
                shard_rows=self.plan.shard_rows,
                **self.plan.cut,
            )
        return {"id": batch["id"]}


class BlockEncoder:
    """Writes the embeddings of the images of a block as a part, unless it is there."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.folder = plan, Folder(plan.out)
        self.encode, self.transform, _ = parts = encoder_parts(plan.encoder)
        self.fingerprint = fingerprint_of(plan, parts)

    def __call__(self, table: Any) -> Any:
        """One row about the part: its name, its rows, and why some have no embedding."""
        for column in (self.plan.key, self.plan.image):
            if column not in table.column_names:
                raise ArgumentError(
                    f"the data set has no column {column!r}; it has {table.column_names}."
                )
        keys = [str(key) for key in table[self.plan.key].to_pylist()]
        name = self._name(keys)
        if not self.folder.has(name):
            self._write(name, keys, [*_values(table[self.plan.image])])
        return self._told(name)

    def _told(self, name: str) -> Any:
        """What a part holds, in a row."""
        pa, table = import_module("pyarrow"), self.folder.table(name)
        letters = table.filter(table["reason"].is_valid())
        texts = {
            column: pa.array([letters[of].to_pylist()], pa.list_(pa.string()))
            for column, of in (("keys", "key"), ("reasons", "reason"))
        }
        empty = len(letters) == len(table)
        columns = 0 if empty else table["embedding"].type.list_size
        return pa.table({"part": [name], "rows": [len(table)], "columns": [columns], **texts})

    def _name(self, keys: Sequence[str]) -> str:
        """The same for the same items, encoder and cut: what a killed run wrote is found again."""
        digest = import_module("xxhash").xxh3_128()
        settings = sorted(self.fingerprint.items()), self.plan.dtype, self.plan.batch_size
        for word in (repr(settings), *keys):
            content = word.encode(errors="surrogateescape")
            digest.update(len(content).to_bytes(8, "little") + content)
        return f"part-{digest.hexdigest()}.parquet"

    def _write(self, name: str, keys: Sequence[str], values: Sequence[Any]) -> None:
        items = RowsOfImages(values, self.transform, self.plan.reading)
        with tempfile.TemporaryDirectory() as folder:
            store = build_store(
                Path(folder) / "store",
                items,
                self.encode,
                fingerprint=self.fingerprint,
                identities=keys,
                part=(0, 2),  # so that one of which nothing could be read is no error
                shard_rows=len(items),
                **self.plan.cut,
            )
            self.folder.write_table(name, _columns(keys, store))


def _values(column: Any) -> Iterator[Any]:
    """What a column holds; pixels as arrays."""
    is_tensor = hasattr(column.type, "shape") or "Tensor" in type(column.type).__name__
    for chunk in column.chunks:
        yield from chunk.to_numpy(zero_copy_only=False) if is_tensor else chunk.to_pylist()


def _columns(keys: Sequence[str], store: Embeddings) -> dict[str, Any]:
    pa, reasons = import_module("pyarrow"), store.reasons
    values = store[:] if store.shape[1] else np.zeros((len(keys), 1), store.dtype)
    texts = [reasons.get(row) for row in range(len(keys))]
    return {
        "key": pa.array(keys, pa.string()),
        "embedding": embeddings_column(values, [*reasons]),
        "reason": pa.array(texts, pa.string()),
    }
