"""Reading of arrays from HDF5 files: only plain arrays that are stored in the file itself.

HDF5 can also link to other files, refer to raw bytes anywhere on the disk, combine arrays, and
decompress chunks by plug-ins. Here an array is read only if the file stores it contiguously and
without filters.
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

#: Exceptions that h5py raises for damaged or inconsistent files.
H5_ERRORS = (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError, OverflowError)
#: Maximum number of members of a group, and of names in an attribute.
MOST_NAMES = 2000
IN_ONE_PIECE = (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT)


@contextmanager
def opened(content: bytes) -> Iterator[h5py.File]:
    """Open an HDF5 file in memory.

    Raises:
        RefusedError: The file is damaged or incomplete.
    """
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            yield file
    except H5_ERRORS as error:
        raise damaged(mark("The file is damaged: its weights cannot be read.")) from error


def group(parent: h5py.Group, *names: str) -> h5py.Group:
    """Return a group below another group, without following links.

    Raises:
        RefusedError: A member is missing, is a link, or is not a group.
    """
    for name in names:
        parent = _member(parent, name)
        if not isinstance(parent, h5py.Group):
            raise _misplaced()
    return parent


def array(parent: h5py.Group, name: str) -> NDArray[np.float32]:
    """Return an array.

    Args:
        parent: The group that contains the array.
        name: The array's name in the group, without slashes.

    Returns:
        The array as float32; all values are finite.

    Raises:
        RefusedError: The array is missing, is not stored in this file, or is not numeric or finite.
    """
    dataset = dataset_in(parent, name)
    values: NDArray[np.float32] = np.asarray(dataset[()]).astype(np.float32)
    if not np.isfinite(values).all():
        raise RefusedError(
            mark("The weights {name} contain values that are infinite or not a number."),
            mark("Training has diverged: train the model again with a smaller learning rate."),
            name=brief(dataset.name),
        )
    return values


def dataset_in(parent: h5py.Group, name: str) -> h5py.Dataset:
    """Return an array that the file stores contiguously, without reading its values.

    Raises:
        RefusedError: The group contains no such array.
    """
    dataset = _member(parent, name)
    if not isinstance(dataset, h5py.Dataset):
        raise _misplaced()
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
            mark("The weights {name} are not stored in this file as plain contiguous numbers."),
            mark("Save the model with Keras's own `model.save`."),
            name=brief(dataset.name),
        )
    if dataset.id.get_storage_size() != math.prod(dataset.shape) * dataset.dtype.itemsize:
        raise RefusedError(
            mark("The weights {name} have the shape {shape}, but the file is too small for them."),
            mark("Save the model again, and upload the complete file."),
            name=brief(dataset.name),
            shape=brief(dataset.shape),
        )
    return dataset


def text(holder: h5py.Group, name: str) -> bytes:
    """Return a text from an attribute, as UTF-8 bytes.

    Raises:
        RefusedError: The attribute does not exist or is not a text.
    """
    if name not in holder.attrs:
        raise RefusedError(
            mark("The file contains weights, but not the network that they belong to."),
            mark("Save the whole model with model.save, not model.save_weights."),
        )
    if holder.attrs.get_id(name).shape != ():
        raise damaged(mark("The file is damaged: its description is not as Keras writes it."))
    found = holder.attrs[name]
    return found.encode() if isinstance(found, str) else bytes(found)


def note(holder: h5py.Group, name: str) -> str | None:
    """Return a short text from an optional attribute."""
    if name not in holder.attrs or holder.attrs.get_id(name).shape != ():
        return None
    found = holder.attrs[name]
    return found.decode(errors="replace") if isinstance(found, bytes) else str(found)


def names(holder: h5py.Group, attribute: str) -> list[str]:
    """Return a list of names from an attribute, or from numbered ones if the list was too long.

    Raises:
        RefusedError: The attribute is malformed or far too long.
    """
    parts = [attribute]
    if attribute not in holder.attrs:
        parts = [f"{attribute}{place}" for place in range(MOST_NAMES)]
        parts = [part for part in parts if part in holder.attrs]
    found: list[str] = []
    for part in parts:
        shape = holder.attrs.get_id(part).shape
        if len(shape) != 1 or shape[0] + len(found) > MOST_NAMES:
            raise _misplaced()
        if shape[0]:
            found += [_decoded(one) for one in holder.attrs[part]]
    return found


def _decoded(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _misplaced() -> RefusedError:
    return damaged(mark("The file is damaged: its weights are not where Keras stores them."))


def _member(parent: h5py.Group, name: str) -> Any:
    link = parent.get(name, getlink=True) if name and "/" not in name else None
    if link is None:
        raise damaged(mark("The file is damaged: some of its weights are missing."))
    if type(link) is not h5py.HardLink:
        raise RefusedError(
            mark("The weights {name} are a link to another place, and links are not followed."),
            mark("Save the model with Keras's own model.save."),
            name=brief(f"{parent.name.rstrip('/')}/{name}"),
        )
    return parent[name]
