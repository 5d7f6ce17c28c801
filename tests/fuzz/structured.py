"""Damage that a format's own checks let through: other values in files that are well formed."""

import io
import json
import os
import pickle
import struct
import warnings
import zipfile
from random import Random
from typing import Any

from tests.fuzz.damage import BYTES, Damage

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 0.5, -0.0, 10**30, 2**53 + 1, 2**63, 10**400, 1e308, 5e-324),
    *(float("nan"), float("inf"), "", "cat", "0", "=1+1", "../../outside", "/etc/passwd", "a\0b"),
    *("\ud800", "\u202e<b>", "x" * 10_000, [], {}, [[]], [None], {"": None}, [0] * 2_000),
)
DEPTHS = (60, 200, 320, 450, 900, 5_000)


def nested(random: Random) -> str:
    """Deep enough to be read, and too deep for what comes after; or too deep to be read."""
    depth = random.choice(DEPTHS)
    return random.choice(("[" * depth + "]" * depth, '{"a":' * depth + "0" + "}" * depth))


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (holder, key) inside a value."""
    keys = value.keys() if isinstance(value, dict) else range(len(value))
    found = [(value, key) for key in keys]
    inner = [value[key] for key in keys if isinstance(value[key], dict | list)]
    return found + [place for each in inner for place in places(each)]


def json_value(value: Any, random: Random) -> str:
    """JSON with one place of the value replaced, removed, doubled, renamed or nested."""
    found = places(value)
    if not found:
        return json.dumps(random.choice(ODD))
    holder, key = random.choice(found)
    way = random.randrange(6)
    if way == 0:
        del holder[key]
    elif way == 1 and isinstance(holder, dict):
        holder[random.choice(("", "../x", "a\0", str(key).upper()))] = holder.pop(key)
    elif way == 1:
        holder.insert(key, holder[key])
    elif way == 2:
        holder[key] = "@nested@"
        return json.dumps(value).replace('"@nested@"', nested(random))
    elif way == 3 and isinstance(holder, dict):
        holder["@again@"] = random.choice((*ODD, holder[key]))
        return json.dumps(value).replace("@again@", json.dumps(key)[1:-1])
    elif way == 4 and isinstance(holder[key], int | float):
        holder[key] = random.choice((-1, 10)) * holder[key] + random.choice((0, 0.5, 1))
    else:
        holder[key] = random.choice(ODD)
    return json.dumps(value)


def in_json(content: bytes, random: Random) -> bytes:
    return json_value(json.loads(content), random).encode("utf-8", "surrogatepass")


def in_safetensors(content: bytes, random: Random) -> bytes:
    """The header with another value in it, and the length that it now has."""
    (length,) = struct.unpack("<Q", content[:8])
    header = json_value(json.loads(content[8 : 8 + length]), random).encode()
    return struct.pack("<Q", len(header)) + header + content[8 + length :]


SHAPES = ("()", "(-1,)", "(0,)", "(True,)", "(4, 10**9)", f"({10**16},)", f"({10**30},)", "(2.0,)")
TYPES = ("|O", "<f8", ">f4", "<U9", "|V0", "|V8", "<m8[ns]", ",,", "|S0", "f4,f4", "<c16", "<f2")


def in_npy(content: bytes, random: Random) -> bytes:
    """The header with another shape or type, or with no dictionary at all."""
    (length,) = struct.unpack("<H", content[8:10])
    header, rows = content[10 : 10 + length].decode(), content[10 + length :]
    shape = header[header.index("(") : header.index(")") + 1]
    kind = header.split("'")[3]
    header = random.choice(
        (
            header.replace(shape, random.choice(SHAPES)),
            header.replace(kind, random.choice(TYPES)),
            header.replace("False", random.choice(("True", "0", "None"))),
            random.choice(("(", "-", "[", "{'a':", "not ")) * random.choice((1, 3_000)),
        )
    )
    text = header.encode()
    return content[:6] + b"\x01\x00" + struct.pack("<H", len(text)) + text + rows


class Payload:
    """Runs when it is unpickled: it leaves a folder in the one above."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("../payload",)


def in_zip(inside: Damage) -> Damage:
    """An archive with one member damaged, renamed, doubled, packed or huge; its sums are right."""

    def damage(content: bytes, random: Random) -> bytes:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            members = [(info.filename, file.read(info)) for info in file.infolist()]
        at = random.randrange(len(members))
        name, inner = members[at]
        match random.randrange(7):
            case 0:
                new = random.choice(("../../outside", "/etc/passwd", "a\\b", "", "\ud7ff" * 9))
                members[at] = (name.rpartition("/")[0] + new, inner)
            case 1:
                members.insert(0, (name, inner[: len(inner) // 2]))
            case 2:
                members[at] = (name, inner[:100] + bytes(8 * 2**20))
            case 3:
                members[at] = (name, pickle.dumps(Payload()))
            case 4:
                del members[at]
            case _:
                members[at] = (name, inside(inner or b"\0", random))
        packing = zipfile.ZIP_DEFLATED if random.random() < 0.2 else zipfile.ZIP_STORED
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", packing) as made, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names that are there twice
            for each, data in members:
                info = zipfile.ZipInfo(each)
                info.compress_type = zipfile.ZIP_DEFLATED if len(data) > 2**20 else packing
                made.writestr(info, data)
        return file.getvalue()

    damage.__name__ = f"in_zip({inside.__name__})"
    return damage


def any_bytes(content: bytes, random: Random) -> bytes:
    return random.choice(BYTES)(content, random)


def weighted(*structured: Damage) -> tuple[Damage, ...]:
    """As much structured damage as plain."""
    return (*BYTES, *structured * (len(BYTES) // max(1, len(structured))))
