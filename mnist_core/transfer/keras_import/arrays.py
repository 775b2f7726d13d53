"""Weights out of an HDF5 file: plain arrays that lie in it, and nothing else.

HDF5 can do far more than keep arrays: link to other files, point to raw bytes anywhere on the
disk, put arrays together from others, unpack chunks by plug-ins. Here an array is read only where
it lies in this very file, in one piece, as it is.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from mnist_core.i18n import mark
from mnist_core.transfer.keras_import.refusal import RefusedError, brief, damaged

#: What h5py raises for a file that is not whole or makes no sense.
H5_ERRORS = (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError, OverflowError)
#: Members of a group and names in an attribute, at most.
MOST_NAMES = 2000
IN_ONE_PIECE = (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT)


@contextmanager
def opened(content: bytes) -> Iterator[h5py.File]:
    """An HDF5 file in memory.

    Raises:
        RefusedError: It is not whole.
    """
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            yield file
    except H5_ERRORS as error:
        raise damaged(mark("It is damaged: its weights cannot be read.")) from error


def group(parent: h5py.Group, *names: str) -> h5py.Group:
    """A group below another one, by real members and no links.

    Raises:
        RefusedError: A member is missing, is a link, or is no group.
    """
    for name in names:
        parent = _member(parent, name)
        if not isinstance(parent, h5py.Group):
            raise damaged(mark("It is damaged: its weights are not where Keras puts them."))
    return parent


def array(parent: h5py.Group, name: str) -> NDArray[np.float32]:
    """An array of numbers.

    Args:
        parent: Where it lies.
        name: Its name there, without slashes.

    Returns:
        float32, all of it finite.

    Raises:
        RefusedError: It is missing, is not an array in this file, or holds what is no number.
    """
    dataset = dataset_in(parent, name)
    values: NDArray[np.float32] = np.asarray(dataset[()]).astype(np.float32)
    if not np.isfinite(values).all():
        raise RefusedError(
            mark("The weights {name} hold values that are no finite numbers."),
            mark("Its training has failed: train the model again, with a smaller learning rate."),
            name=brief(dataset.name),
        )
    return values


def dataset_in(parent: h5py.Group, name: str) -> h5py.Dataset:
    """An array that lies in this file in one piece, not yet read.

    Raises:
        RefusedError: There is none.
    """
    dataset = _member(parent, name)
    if not isinstance(dataset, h5py.Dataset):
        raise damaged(mark("It is damaged: its weights are not where Keras puts them."))
    layout = dataset.id.get_create_plist()
    plain = (
        layout.get_layout() in IN_ONE_PIECE
        and layout.get_external_count() == 0
        and layout.get_nfilters() == 0
        and dataset.dtype.kind in "fiu"
        and dataset.dtype.itemsize <= 8
    )
    if not plain:
        raise RefusedError(
            mark("The weights {name} do not lie in this file as plain numbers in one piece."),
            mark("Save the model with Keras's own model.save."),
            name=brief(dataset.name),
        )
    if dataset.id.get_storage_size() != math.prod(dataset.shape) * dataset.dtype.itemsize:
        raise RefusedError(
            mark("The weights {name} claim the shape {shape}, for which the file is too small."),
            mark("Save the model once more, and upload it whole."),
            name=brief(dataset.name),
            shape=brief(dataset.shape),
        )
    return dataset


def text(holder: h5py.Group, name: str) -> bytes:
    """A text in an attribute, as bytes of UTF-8.

    Raises:
        RefusedError: There is none.
    """
    if name not in holder.attrs:
        raise RefusedError(
            mark("It holds weights, but not the network that they belong to."),
            mark("Save the whole model: model.save, not model.save_weights."),
        )
    if holder.attrs.get_id(name).shape != ():
        raise damaged(mark("It is damaged: its description is not as Keras writes one."))
    found = holder.attrs[name]
    return found.encode() if isinstance(found, str) else bytes(found)


def note(holder: h5py.Group, name: str) -> str | None:
    """A short text in an attribute that need not be there."""
    if name not in holder.attrs or holder.attrs.get_id(name).shape != ():
        return None
    found = holder.attrs[name]
    return found.decode(errors="replace") if isinstance(found, bytes) else str(found)


def names(holder: h5py.Group, attribute: str) -> list[str]:
    """A list of names in an attribute, or in several numbered ones where it was too long for one.

    Raises:
        RefusedError: There is none, or it is far too long.
    """
    parts = [attribute]
    if attribute not in holder.attrs:
        parts = [f"{attribute}{place}" for place in range(MOST_NAMES)]
        parts = [part for part in parts if part in holder.attrs]
    found: list[str] = []
    for part in parts:
        shape = holder.attrs.get_id(part).shape
        if len(shape) != 1 or shape[0] + len(found) > MOST_NAMES:
            raise damaged(mark("It is damaged: its weights are not where Keras puts them."))
        if shape[0]:
            found += [_decoded(one) for one in holder.attrs[part]]
    return found


def _decoded(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _member(parent: h5py.Group, name: str) -> Any:
    link = parent.get(name, getlink=True) if name and "/" not in name else None
    if link is None:
        raise damaged(mark("It is damaged: some of its weights are missing."))
    if type(link) is not h5py.HardLink:
        raise RefusedError(
            mark("The weights {name} are a link to another place, which is never followed."),
            mark("Save the model with Keras's own model.save."),
            name=brief(f"{parent.name.rstrip('/')}/{name}"),
        )
    return parent[name]
