"""Colour, dash and marker of a run in charts: the same on every page.

All three follow from the run's number. Eight runs that were started one after the other differ in
colour, and 280 in a row in the combination of the three, so that runs can also be distinguished in
greyscale. The colours are those of M. Okabe and K. Ito, "Color Universal Design" (2008), which
remain distinct with every common colour vision deficiency; black and yellow are adapted to the
page's background.
"""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass
from typing import Any

from mnist_core.runs import Run
from ui.common.charts import Theme, theme_colours

COLOURS: dict[Theme, tuple[str, ...]] = {
    "light": (
        "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#404040", "#8a7500",
    ),
    "dark": (
        "#4ea8de", "#f4813f", "#2bc79a", "#e39cc5", "#a5dcfa", "#f5b942", "#dcdcdc", "#f0e442",
    ),
}  # fmt: skip
#: Names of Plotly.
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
#: Names of Plotly → the same marker in text.
SYMBOLS = {
    "circle": "●",
    "square": "■",
    "diamond": "◆",
    "triangle-up": "▲",
    "x": "✖",
    "star": "★",
    "pentagon": "⬟",
}
#: The same dashes in SVG: lengths of dashes and gaps.
SVG_DASHES = {"solid": "", "dash": "6 4", "dot": "2 3", "dashdot": "6 3 2 3", "longdash": "11 4"}
_SWATCH = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20">'
    '<path d="M0 10H60" stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dash}"/>'
    '<text x="30" y="16" font-size="17" text-anchor="middle" fill="{colour}" '
    'stroke="{ground}" stroke-width="3" paint-order="stroke">{sign}</text></svg>'
)


@dataclass(frozen=True)
class RunStyle:
    """How a run is drawn.

    Attributes:
        light: Colour on a light page.
        dark: Colour on a dark page.
        dash: Dash of the line, as in Plotly.
        symbol: Marker of the best epoch, as in Plotly.
        sign: The marker in text.
    """

    light: str
    dark: str
    dash: str
    symbol: str
    sign: str

    def colour(self, theme: Theme) -> str:
        """The colour on a page of this theme."""
        return self.light if theme == "light" else self.dark

    def swatch(self, theme: Theme) -> str:
        """The line with its marker as the address of an image (a data URL)."""
        ground = theme_colours(theme)["backgroundColor"]
        svg = _SWATCH.format(
            colour=self.colour(theme), dash=SVG_DASHES[self.dash], sign=self.sign, ground=ground
        )
        return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"

    def to_dict(self) -> dict[str, Any]:
        """The style by name, for the browser."""
        return asdict(self) | {"svg_dash": SVG_DASHES[self.dash]}


def run_style(run: Run) -> RunStyle:
    """Return the style of a run."""
    place = run.number - 1
    symbol = list(SYMBOLS)[place % len(SYMBOLS)]
    return RunStyle(
        light=COLOURS["light"][place % len(COLOURS["light"])],
        dark=COLOURS["dark"][place % len(COLOURS["dark"])],
        dash=DASHES[place % len(DASHES)],
        symbol=symbol,
        sign=SYMBOLS[symbol],
    )
