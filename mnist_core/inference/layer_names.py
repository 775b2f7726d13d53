"""Default names of Keras layers."""

from __future__ import annotations

import re


def snake_case(kind: str) -> str:
    """Return a class name in Keras's snake case: ``max_pooling2d`` for ``MaxPooling2D``."""
    kind = re.sub(r"\W+", "", kind)
    kind = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", kind)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", kind).lower()
