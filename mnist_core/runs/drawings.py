"""Labelled drawings of digits, for fine-tuning.

They are stored as images of 28 by 28 pixels, as networks take them.
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
#: A valid row; invalid rows of a damaged or foreign database are skipped.
WHOLE = sa.and_(
    sa.func.length(drawings.c.image) == SIDE * SIDE, drawings.c.label.between(0, CLASSES - 1)
)
#: Largest number of drawings: a class of thirty with a hundred each needs 3,000.
MOST_DRAWINGS = 10_000


@dataclass(frozen=True, eq=False)
class LabelledDrawing:
    """A drawing and its label.

    Attributes:
        id: Number in the store.
        label: The digit, as stated by the user.
        image_u8: uint8 (28, 28), bright strokes on black.
        read_as: The prediction of a network, or None.
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
        """Store a drawing with its label.

        Args:
            image_u8: uint8 (28, 28), from :mod:`mnist_core.drawing.digit`.
            label: 0 to 9.
            read_as: The prediction of a network.

        Returns:
            Its number.

        Raises:
            StoreError: The image or label is invalid, or the store is full or cannot be written.
        """
        if (
            image_u8.shape != (SIDE, SIDE)
            or image_u8.dtype != np.uint8
            or label not in range(CLASSES)
        ):
            raise StoreError(
                mark(
                    "The drawing has the shape {shape} and the label {label}, but has to be an "
                    "image of 28 by 28 pixels with a label from 0 to 9."
                ),
                mark("Draw a digit on the canvas, and select its label."),
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
                    mark("The store already has {most} drawings, the largest number."),
                    mark("Save the drawings to a file and remove them."),
                    most=MOST_DRAWINGS,
                )
            result = connection.execute(sa.insert(drawings).values(values).returning(drawings.c.id))
            return int(result.scalar_one())

    def all(self) -> list[LabelledDrawing]:
        """Return all drawings, oldest first."""
        return self._read(sa.select(drawings).order_by(drawings.c.id))

    def newest(self, count: int) -> list[LabelledDrawing]:
        """Return at most the given number of drawings, newest first."""
        return self._read(sa.select(drawings).order_by(drawings.c.id.desc()).limit(count))

    def _read(self, query: sa.Select[Any]) -> list[LabelledDrawing]:
        with self._database.reading() as connection:
            rows = connection.execute(query.where(WHOLE)).all()
            damaged = set(connection.scalars(sa.select(drawings.c.id).where(~WHOLE)))
        if new := damaged - self._damaged:
            self._damaged |= new
            log.warning("Skipping damaged rows of drawings: %s", sorted(new))
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
        """Return the number of drawings of each digit, from 0 to 9."""
        amount = sa.func.count().label("amount")
        query = sa.select(drawings.c.label, amount).where(WHOLE).group_by(drawings.c.label)
        with self._database.reading() as connection:
            found = {row.label: row.amount for row in connection.execute(query)}
        return [found.get(label, 0) for label in range(CLASSES)]

    def remove(self, number: int | None = None) -> None:
        """Delete a drawing, or all of them, if it exists."""
        query = sa.delete(drawings)
        if number is not None:
            query = query.where(drawings.c.id == number)
        with self._database.writing() as connection:
            connection.execute(query)

    def export(self) -> bytes:
        """Return all drawings as the content of an .npz file.

        Returns:
            Arrays ``x`` uint8 (n, 28, 28), ``y`` int64 (n,), the labels, and ``read_as`` int64
            (n,), the predictions, or -1.
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
    """Return images and labels as the content of an .npz file."""
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, x=x, y=y, **more)
    return file.getvalue()


def unpack(content: bytes) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the images uint8 (n, 28, 28) and labels int64 (n,) of an .npz file."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return arrays["x"], arrays["y"]
