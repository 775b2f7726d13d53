"""Random damage to files, reproducible by a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator

KINDS = ("bit", "byte", "zeros", "cut", "lost", "added", "moved")


def damaged(content: bytes, count: int, *, seed: int = 0) -> Iterator[bytes]:
    """Yield damaged copies of a content, each with one kind of damage."""
    chance = random.Random(seed)
    while count:
        changed = bytearray(content)
        place, length = chance.randrange(len(content)), chance.randrange(1, 64)
        kind = chance.choice(KINDS)
        if kind == "bit":
            changed[place] ^= 1 << chance.randrange(8)
        elif kind == "byte":
            changed[place] = chance.randrange(256)
        elif kind == "zeros":
            changed[place : place + length] = bytes(len(changed[place : place + length]))
        elif kind == "cut":
            del changed[place:]
        elif kind == "lost":
            del changed[place : place + length]
        elif kind == "added":
            changed[place:place] = chance.randbytes(length)
        else:
            other = chance.randrange(len(content))
            changed[place : place + length] = changed[other : other + length]
        if changed != content:
            count -= 1
            yield bytes(changed)
