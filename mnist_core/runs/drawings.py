"""Digits that a class wrote, with the right answers: what a network can be taught from.

They are kept as the 28 by 28 pictures that networks see, in the order in which they came.
"""

from __future__ import annotations

import io
import logging
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mnist_core.errors import StoreError
from mnist_core.i18n import mark
from mnist_core.runs.database import Database
from mnist_core.runs.schema import drawings
from mnist_core.tasks.base import SIDE

log = logging.getLogger(__name__)

CLASSES = 10
#: What a row has to be like: others, of a damaged or foreign database, are passed over.
WHOLE = sa.and_(
    sa.func.length(drawings.c.image) == SIDE * SIDE, drawings.c.label.between(0, CLASSES - 1)
)
#: Most drawings that are kept: thirty people with a hundred digits each, and room.
MOST_DRAWINGS = 10_000


@dataclass(frozen=True, eq=False)
class LabelledDrawing:
    """A drawing and what it shows.

    Attributes:
        id: Its number in the store.
        label: The digit that its writer says it is.
        image_u8: uint8 (28, 28), ink bright on black.
        read_as: What a network had read in it, or None.
        created_at: Seconds since 1970.
    """

    id: int
    label: int
    image_u8: NDArray[np.uint8]
    read_as: int | None
    created_at: float


class Drawings:
    """The labelled drawings of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._damaged: set[int] = set()  # that the log names already

    def add(self, image_u8: NDArray[np.uint8], label: int, *, read_as: int | None = None) -> int:
        """Keep a drawing with its right answer.

        Args:
            image_u8: uint8 (28, 28), from :mod:`mnist_core.drawing.digit`.
            label: 0 to 9.
            read_as: What a network had read in it.

        Returns:
            Its number.

        Raises:
            StoreError: It is no such picture or label, or the store is full or cannot be written.
        """
        if (
            image_u8.shape != (SIDE, SIDE)
            or image_u8.dtype != np.uint8
            or label not in range(CLASSES)
        ):
            raise StoreError(
                mark("A drawing of shape {shape} with the label {label}."),
                mark("Kept are pictures of 28 by 28 grey levels that show a digit from 0 to 9."),
                mark("Draw it on the canvas, and say which digit it is."),
                shape=image_u8.shape,
                label=label,
            )
        values = {
            "label": label,
            "image": image_u8.tobytes(),
            "read_as": read_as,
            "created_at": time.time(),
        }
        with self._database.writing() as connection:
            if (
                connection.scalar(sa.select(sa.func.count()).select_from(drawings)) or 0
            ) >= MOST_DRAWINGS:
                raise StoreError(
                    mark("One more drawing was to be kept."),
                    mark("There are {most} already, the most that are kept."),
                    mark("Save them to a file, remove them, and begin anew."),
                    most=MOST_DRAWINGS,
                )
            result = connection.execute(sa.insert(drawings).values(values).returning(drawings.c.id))
            return int(result.scalar_one())

    def all(self) -> list[LabelledDrawing]:
        """Every drawing, the oldest first."""
        return self._read(sa.select(drawings).order_by(drawings.c.id))

    def newest(self, count: int) -> list[LabelledDrawing]:
        """So many drawings at most, the newest first."""
        return self._read(sa.select(drawings).order_by(drawings.c.id.desc()).limit(count))

    def _read(self, query: sa.Select[Any]) -> list[LabelledDrawing]:
        with self._database.reading() as connection:
            rows = connection.execute(query.where(WHOLE)).all()
            damaged = set(connection.scalars(sa.select(drawings.c.id).where(~WHOLE)))
        if new := damaged - self._damaged:
            self._damaged |= new
            log.warning("These rows of drawings are damaged and passed over: %s", sorted(new))
        return [
            LabelledDrawing(
                row.id,
                row.label,
                np.frombuffer(row.image, np.uint8).reshape(SIDE, SIDE),
                row.read_as,
                row.created_at,
            )
            for row in rows
        ]

    def counts(self) -> list[int]:
        """How many there are of each digit, from 0 to 9."""
        amount = sa.func.count().label("amount")
        query = sa.select(drawings.c.label, amount).where(WHOLE).group_by(drawings.c.label)
        with self._database.reading() as connection:
            found = {row.label: row.amount for row in connection.execute(query)}
        return [found.get(label, 0) for label in range(CLASSES)]

    def remove(self, number: int | None = None) -> None:
        """Remove one drawing, or all of them; one that is not there is no error."""
        query = sa.delete(drawings)
        if number is not None:
            query = query.where(drawings.c.id == number)
        with self._database.writing() as connection:
            connection.execute(query)

    def export(self) -> bytes:
        """All drawings as the content of an .npz file.

        Returns:
            Arrays ``x`` uint8 (n, 28, 28), ``y`` int64 (n,) the labels, and ``read_as`` int64 (n,),
            -1 where no network had read it.
        """
        every = self.all()
        return pack(
            np.array([one.image_u8 for one in every], np.uint8).reshape(-1, SIDE, SIDE),
            np.array([one.label for one in every], np.int64),
            read_as=np.array(
                [-1 if one.read_as is None else one.read_as for one in every], np.int64
            ),
        )


def pack(x: NDArray[np.uint8], y: NDArray[np.int64], **more: NDArray[np.int64]) -> bytes:
    """Pictures and labels as the content of an .npz file."""
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, x=x, y=y, **more)
    return file.getvalue()


def unpack(content: bytes) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Pictures uint8 (n, 28, 28) and labels int64 (n,) of such a file."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return arrays["x"], arrays["y"]
