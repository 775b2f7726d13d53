"""Names of layers as Keras gives them."""

from __future__ import annotations

import re


def snake_case(kind: str) -> str:
    """A class's name as Keras writes it in a file: ``MaxPooling2D`` is ``max_pooling2d``."""
    kind = re.sub(r"\W+", "", kind)
    kind = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", kind)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", kind).lower()
