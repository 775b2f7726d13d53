"""The session keys of the live chart; see :mod:`ui.common.session`."""

from __future__ import annotations

CHART_ELEMENT = "live-chart-element"
CHART_WARM_UP = "live-chart-warm-up"
