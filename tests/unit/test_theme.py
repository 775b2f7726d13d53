"""The settings in .streamlit/config.toml: known to Streamlit, readable, told apart by everyone.

Sources: contrast is WCAG 2.2's (4.5:1 for text, 3:1 for lines and controls); colour blindness
is simulated as by Machado, Oliveira and Fernandes (2009), severity 1; the difference of two
colours is CIE 1976's (2.3 is just noticeable).
"""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import numpy as np
import pytest

CONFIG = tomllib.loads(
    (Path(__file__).resolve().parents[2] / ".streamlit/config.toml").read_text(encoding="utf-8")
)
VISION = {
    "full": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour: str) -> np.ndarray:
    """Red, green and blue of ``#rrggbb`` as amounts of light, 0 to 1."""
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    dark, light = sorted(float(TO_XYZ[1] @ linear(colour)) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def faded(colour: str, background: str) -> str:
    """A colour as Streamlit's captions have it: 60 % of it over the ground."""
    parts = [[int(one[i : i + 2], 16) for i in (1, 3, 5)] for one in (colour, background)]
    return "#" + "".join(f"{round(0.6 * a + 0.4 * b):02x}" for a, b in zip(*parts, strict=True))


def lab(light: np.ndarray) -> np.ndarray:
    ratio = TO_XYZ @ np.clip(light, 0, 1) / TO_XYZ.sum(axis=1)
    x, y, z = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def flat(section: dict[str, object], prefix: str = "") -> list[str]:
    keys = []
    for key, value in section.items():
        name = f"{prefix}{key}"
        keys += flat(value, f"{name}.") if isinstance(value, dict) else [name]
    return keys


def test_streamlit_knows_every_setting() -> None:
    from streamlit import config

    assert set(flat(CONFIG)) <= set(config.get_config_options())


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_controls_can_be_read(theme: str) -> None:
    colours = CONFIG["theme"][theme]
    for background in (colours["backgroundColor"], colours["secondaryBackgroundColor"]):
        assert contrast(colours["textColor"], background) >= 7
        assert contrast(faded(colours["textColor"], background), background) >= 4.5
        assert contrast(colours["linkColor"], background) >= 4.5
        assert contrast(colours["primaryColor"], background) >= 3
    assert contrast(colours["primaryColor"], "#ffffff") >= 4.5, "white words on a button"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_chart_lines_stand_out_from_the_page(theme: str) -> None:
    colours = CONFIG["theme"][theme]
    for line in colours["chartCategoricalColors"]:
        assert contrast(line, colours["backgroundColor"]) >= 3
        assert contrast(line, colours["secondaryBackgroundColor"]) >= 3


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_four_curves_are_told_apart_by_everyone(theme: str, vision: str) -> None:
    curves = CONFIG["theme"][theme]["chartCategoricalColors"][:4]
    seen = [lab(VISION[vision] @ linear(colour)) for colour in curves]
    apart = min(np.linalg.norm(one - other) for one, other in itertools.combinations(seen, 2))
    assert apart >= 25


def test_nothing_is_fetched_from_another_host() -> None:
    assert "http" not in str(CONFIG)


def test_the_style_sheet_has_the_page_s_own_colours() -> None:
    css = (Path(__file__).resolve().parents[2] / "ui/app/layout.css").read_text(encoding="utf-8")
    light, dark = (CONFIG["theme"][theme]["backgroundColor"] for theme in ("light", "dark"))
    assert f"light-dark({light}, {dark})" in css
