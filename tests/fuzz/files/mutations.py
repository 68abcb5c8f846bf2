"""Damages files: each function returns a changed copy, and uses only the random numbers given."""

import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

# Numbers at which programs err: limits of the sizes of integers, and their neighbours.
_ODD = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
# Where the headers of all formats are.
_HEAD = 80
_NUMBER = re.compile(rb"-?\d+(\.\d+)?")
_PNG = b"\x89PNG\r\n\x1a\n"

Mutation = Callable[[bytes, Sequence[bytes], Random], bytes]


@dataclass(frozen=True)
class Mutant:
    """A damaged file, with a name that says from what and by which mutation it was made."""

    name: str
    content: bytes


def mutants(seeds: Mapping[str, bytes], count: int, seed: int) -> Iterator[Mutant]:
    """Yield `count` mutants, taking the seeds in turn. The same seed makes the same mutants."""
    random = Random(seed)
    names = list(seeds)
    for number in range(count):
        name = names[number % len(names)]
        content, done = seeds[name], []
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            mutation = random.choice(_MUTATIONS)
            content = mutation(content, list(seeds.values()), random) or content
            done.append(mutation.__name__.strip("_"))
        if content.startswith(_PNG) and random.random() < 0.8:
            content = _with_checksums(content)
        yield Mutant(f"{number:06}-{'-'.join(done)}-{name}", content)


def _flip(content: bytes, _: Sequence[bytes], random: Random) -> bytes:
    changed = bytearray(content)
    for _bit in range(random.choice((1, 2, 8, 64))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _edit_header(content: bytes, _: Sequence[bytes], random: Random) -> bytes:
    at = random.randrange(min(_HEAD, len(content)))
    return content[:at] + _odd_number(random) + content[at + 4 :]


def _edit_number(content: bytes, _: Sequence[bytes], random: Random) -> bytes:
    """Replace four bytes anywhere, which may be the length of a chunk or a size."""
    at = random.randrange(len(content))
    return content[:at] + _odd_number(random) + content[at + 4 :]


def _edit_digits(content: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """Replace a number that is written in digits, as in a PDF or JSON."""
    found = list(_NUMBER.finditer(content))
    if not found:
        return _flip(content, others, random)
    number = random.choice(found)
    odd = random.choice((str(random.choice(_ODD)), "-1", "0.00001", "1e9", "99999999999", "5"))
    return content[: number.start()] + odd.encode() + content[number.end() :]


def _truncate(content: bytes, _: Sequence[bytes], random: Random) -> bytes:
    return content[: random.randrange(1, len(content) + 1)]


def _delete(content: bytes, _: Sequence[bytes], random: Random) -> bytes:
    start = random.randrange(len(content))
    return content[:start] + content[start + random.choice((1, 4, 16, 200)) :]


def _repeat(content: bytes, _: Sequence[bytes], random: Random) -> bytes:
    start = random.randrange(len(content))
    part = content[start : start + random.choice((4, 12, 64, 400))]
    return content[:start] + part * random.choice((2, 10, 200)) + content[start:]


def _insert(content: bytes, _: Sequence[bytes], random: Random) -> bytes:
    at = random.randrange(len(content) + 1)
    return content[:at] + random.randbytes(random.choice((1, 4, 32))) + content[at:]


def _splice(content: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """Put a part of another file in place of a part."""
    other = random.choice(others)
    at, start = random.randrange(len(content)), random.randrange(len(other))
    length = random.choice((16, 100, 1000))
    return content[:at] + other[start : start + length] + content[at + length :]


_MUTATIONS: Sequence[Mutation] = (
    _flip,
    _edit_header,
    _edit_number,
    _edit_digits,
    _truncate,
    _delete,
    _repeat,
    _insert,
    _splice,
)


def _odd_number(random: Random) -> bytes:
    return struct.pack(random.choice("<>") + "I", random.choice(_ODD))


def _with_checksums(content: bytes) -> bytes:
    """Correct the checksums of a PNG, without which decoders stop at the first change."""
    fixed, at = content[:8], 8
    while at + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        body = content[at + 4 : at + 8 + length]
        if len(body) < length + 4:
            break
        fixed += content[at : at + 4] + body + struct.pack(">I", zlib.crc32(body))
        at += 12 + length
    return fixed + content[at:]
