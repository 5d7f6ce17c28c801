"""What happens to the bytes of a file, and to the file itself: each is drawn from `random`."""

import os
import struct
from collections.abc import Callable
from pathlib import Path
from random import Random

Damage = Callable[[bytes, Random], bytes]

TOKENS = (
    b"\0",
    b"\xff\xfe",
    b"../../outside",
    b"/etc/passwd",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"-1",
    b"9" * 5_000,
    b"[" * 5_000,
    b'{"a":' * 2_000,
    b"(" * 3_000,
    b"\\ud800",
    b"\xed\xa0\x80",
    "\u202e\ufeff\U0001d7d9".encode(),
    b"'); DROP TABLE event; --",
    b"<script>",
    b"\r\n,\t\n",
)
NUMBERS = (0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1)
WHOLE = (
    b"",
    b"\0" * 4096,
    b"<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title></head></html>",
    b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n",
    b"\x93NUMPY\x01\x00\xff\xff",
    b"PK\x03\x04" + b"\0" * 100,
    b"PK\x05\x06" + b"\0" * 18,
    b"SQLite format 3\0" + b"\0" * 4080,
    struct.pack("<Q", 2**63) + b"{}",
    b"null",
    b"[]",
    b"{}",
)


def cut(content: bytes, random: Random) -> bytes:
    return content[: random.randrange(len(content))]


def behead(content: bytes, random: Random) -> bytes:
    return content[random.randrange(len(content)) :]


def flip(content: bytes, random: Random) -> bytes:
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 8))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def begin(content: bytes, random: Random) -> bytes:
    """A byte among the first, where formats keep what they are."""
    changed = bytearray(content)
    changed[random.randrange(min(128, len(changed)))] = random.randrange(256)
    return bytes(changed)


def insert(content: bytes, random: Random) -> bytes:
    at, token = random.randrange(len(content)), random.choice(TOKENS)
    return content[:at] + token + content[at:]


def overwrite(content: bytes, random: Random) -> bytes:
    at, token = random.randrange(len(content)), random.choice(TOKENS)
    return content[:at] + token + content[at + len(token) :]


def number(content: bytes, random: Random) -> bytes:
    """A length or an offset, perhaps."""
    form = random.choice(("<H", "<I", "<Q", ">I"))
    words = struct.pack(form, random.choice(NUMBERS) % 2 ** (8 * struct.calcsize(form)))
    at = random.randrange(random.choice((16, len(content))))
    return content[:at] + words + content[at + len(words) :]


def swap(content: bytes, random: Random) -> bytes:
    a, b, c = sorted(random.randrange(len(content)) for _ in range(3))
    return content[:a] + content[b:c] + content[a:b] + content[c:]


def repeat(content: bytes, random: Random) -> bytes:
    a, b = sorted(random.randrange(len(content)) for _ in range(2))
    return content[:b] + content[a:b] + content[b:]


def leave_out(content: bytes, random: Random) -> bytes:
    a, b = sorted(random.randrange(len(content)) for _ in range(2))
    return content[:a] + content[b:]


def another(content: bytes, random: Random) -> bytes:
    return random.choice(WHOLE)


BYTES: tuple[Damage, ...] = (
    *(cut, behead, flip, begin, insert, overwrite, number, swap, repeat, leave_out, another),
)


def gone(path: Path, outside: Path) -> None:
    path.unlink()


def a_folder(path: Path, outside: Path) -> None:
    path.unlink()
    path.mkdir()


def a_pipe(path: Path, outside: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def link_to(target: str) -> Callable[[Path, Path], None]:
    def link(path: Path, outside: Path) -> None:
        path.unlink()
        path.symlink_to(outside / target)  # an absolute target stands alone

    link.__name__ = f"link to {target}"
    return link


FILES: tuple[Callable[[Path, Path], None], ...] = (
    *(gone, a_folder, a_pipe),
    *map(link_to, ("secret", "nowhere", ".", "/dev/zero", "/dev/null", "/proc/self/mem")),
)
