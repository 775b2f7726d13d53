"""Model files as Keras writes them, and as an attacker would change them."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py

CONFIG, ABOUT, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"


def saved(model: Any, kind: str = "keras") -> bytes:
    """Return a model as ``model.save`` writes it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model.{kind}"
        model.save(path)
        return path.read_bytes()


def parts(content: bytes) -> dict[str, bytes]:
    """Return the members of a .keras file."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return {name: file.read(name) for name in file.namelist()}


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """Return a zip file of members."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return packed.getvalue()


def with_description(content: bytes, change: Callable[[dict[str, Any]], Any]) -> bytes:
    """Return a .keras file with a changed description."""
    members = parts(content)
    description = json.loads(members[CONFIG])
    changed = change(description)
    members[CONFIG] = json.dumps(description if changed is None else changed).encode()
    return zipped(members)


def with_layer(content: bytes, layer: dict[str, Any]) -> bytes:
    """Return a .keras file of a sequential model with another layer before the last one."""

    def insert(description: dict[str, Any]) -> None:
        description["config"]["layers"].insert(-1, layer)

    return with_description(content, insert)


def with_setting(content: bytes, name: str, value: Any, place: int = -1) -> bytes:
    """Return a .keras file with a changed setting of a layer."""

    def change(description: dict[str, Any]) -> None:
        description["config"]["layers"][place]["config"][name] = value

    return with_description(content, change)


def with_weights(content: bytes, change: Callable[[h5py.File], None]) -> bytes:
    """Return a .keras or .h5 file with changed weights."""
    if not content.startswith(b"PK"):
        return _changed(content, change)
    members = parts(content)
    members[WEIGHTS] = _changed(members[WEIGHTS], change)
    return zipped(members)


def _changed(content: bytes, change: Callable[[h5py.File], None]) -> bytes:
    kept = io.BytesIO(content)
    with h5py.File(kept, "r+") as file:
        change(file)
    return kept.getvalue()
