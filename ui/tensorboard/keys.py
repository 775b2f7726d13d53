"""The session keys of the TensorBoard page; see :mod:`ui.common.session`.

``START`` and ``FRAME`` are public: keep them.
"""

from __future__ import annotations

from ui.common.session import Entry

START = "tensorboard-start"
FRAME = "tensorboard-frame"
RUNS: Entry[list[str]] = Entry("tensorboard-runs", [])
BAR = "tensorboard-bar"
