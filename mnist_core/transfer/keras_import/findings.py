"""Findings about an imported model, such as its pixel range, for the page and the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mnist_core.i18n import mark
from mnist_core.runs import Run

#: Setting that determines a network's pixel range by measuring its accuracy.
AUTO = "auto"
RANGES = {"unit": "0–1", "raw": "0–255"}
#: Number of test images.
ALL = 10_000
#: Difference of accuracy above which the other pixel range is probably the right one.
CLEARLY_BETTER = 0.05
#: Accuracy below which something is probably wrong.
LOW = 0.5
WAYS = {
    "centred": mark("With pixels from −1 to 1, it classifies {other} of the images correctly."),
    "inverted": mark("With dark digits on a light background, it classifies {other} correctly."),
    "inverted_raw": mark(
        "With dark digits on a light background, it classifies {other} correctly."
    ),
    "standardised": mark("With standardised pixels, it classifies {other} correctly."),
}
LAYERS = {
    "centred": "Rescaling(1 / 127.5, -1)",
    "inverted": "Rescaling(-1 / 255, 1)",
    "inverted_raw": "Rescaling(-1, 255)",
    "standardised": "Rescaling(1 / (255 * 0.3081), -0.1307 / 0.3081)",
}


@dataclass(frozen=True)
class Finding:
    """A finding about an imported model.

    Attributes:
        words: Templates of consecutive sentences.
        shares: Fractions (0 to 1) for the templates' fields, by name.
        values: Values of the templates' other fields.
        is_warning: Whether something is probably wrong.
    """

    words: tuple[str, ...]
    shares: dict[str, float]
    values: dict[str, Any]
    is_warning: bool = False

    def sentences(self, translate: Callable[[str], str] = lambda text: text) -> list[str]:
        """Return the sentences.

        Args:
            translate: Translates a template; English by default.
        """
        values = self.values | {name: f"{share:.1%}" for name, share in self.shares.items()}
        return [translate(part).format(**values) for part in self.words]


def findings(run: Run) -> list[Finding]:
    """Return the findings about an imported run; an empty list for any other run."""
    known = run.imported or {}
    glances = known.get("glances")
    if not glances or None in glances.values():
        return []
    ours = run.config.pixel_scaling
    found = [_of_pixels(glances, ours, known.get("chosen", "given")), _of_other(glances, known)]
    if known.get("turned"):
        sentence = mark(
            "The kernels of its convolutions were rotated by 180°, as Theano stores them: with "
            "that, the model classifies clearly more images correctly."
        )
        found.append(Finding((sentence,), {}, {}))
    read = known.get("read", ALL)
    if run.test_metric is None and read < ALL:
        found.append(
            Finding(
                (
                    mark(
                        "The accuracy is unknown: the model is slow, and had classified {read} of "
                        "the 10,000 test images when the time limit was reached."
                    ),
                    mark("The page Evaluate measures it without a time limit."),
                ),
                {},
                {"read": f"{read:,}"},
                is_warning=True,
            )
        )
    return [one for one in found if one is not None]


def _of_pixels(glances: dict[str, float], ours: str, chosen: str) -> Finding | None:
    other = "raw" if ours == "unit" else "unit"
    shares = {"ours": glances[ours], "other": glances[other]}
    ranges = {"our_range": RANGES[ours], "other_range": RANGES[other]}
    both = mark(
        "Of a sample of training images, the model classifies {ours} correctly with pixels of "
        "{our_range}, and {other} with pixels of {other_range}."
    )
    if chosen == "accuracy":
        sentence = mark("The model's pixel range is {our_range}, as measured by its accuracy.")
        return Finding((sentence, both), shares, ranges)
    if chosen == "loss":
        sentence = mark(
            "The model's pixel range is {our_range}, with which its loss is clearly lower than "
            "with {other_range}."
        )
        return Finding((sentence,), {}, ranges)
    if chosen == "unclear":
        sentence = mark(
            "The model's pixel range is set to {our_range}; its accuracy does not show which range "
            "it was trained with."
        )
        return Finding((sentence, both), shares, ranges)
    if glances[other] > glances[ours] + CLEARLY_BETTER:
        sentence = mark("It was probably trained with the latter: import it again with that range.")
        return Finding((both, sentence), shares, ranges, is_warning=True)
    return None


def _of_other(glances: dict[str, float], known: dict[str, Any]) -> Finding | None:
    best = max(glances.values())
    way, share = known.get("other_way"), known.get("other_share")
    if way in WAYS and share is not None:
        sentence = mark(
            "Add the layer {layer} as the first layer, save the model, and import it again."
        )
        return Finding(
            (WAYS[way], sentence), {"other": share}, {"layer": LAYERS[way]}, is_warning=True
        )
    if best < LOW:
        sentence = mark(
            "Of a sample of training images, the model classifies at most {best} correctly. It may "
            "have been trained with pixels that were prepared differently, or on other classes."
        )
        return Finding((sentence,), {"best": best}, {}, is_warning=True)
    return None
