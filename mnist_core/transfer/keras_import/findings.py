"""What is to be said of a model that came in: the same on the page and on the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mnist_core.i18n import mark
from mnist_core.runs import Run

#: "auto" finds out by measuring which range of pixels a network wants.
AUTO = "auto"
RANGES = {"unit": "0–1", "raw": "0–255"}
#: Test images that there are.
ALL = 10_000
#: So much more accuracy with the other pixels, and they are probably the right ones.
CLEARLY_BETTER = 0.05
#: Below this accuracy something is wrong, whatever it is.
LOW = 0.5
WAYS = {
    "centred": mark("With pixels from −1 to 1 it classifies {other} of the images correctly."),
    "inverted": mark("With dark digits on a light ground it classifies {other} correctly."),
    "inverted_raw": mark("With dark digits on a light ground it classifies {other} correctly."),
    "standardised": mark("With standardised pixels it classifies {other} correctly."),
}
LAYERS = {
    "centred": "Rescaling(1 / 127.5, -1)",
    "inverted": "Rescaling(-1 / 255, 1)",
    "inverted_raw": "Rescaling(-1, 255)",
    "standardised": "Rescaling(1 / (255 * 0.3081), -0.1307 / 0.3081)",
}


@dataclass(frozen=True)
class Finding:
    """Something that was found out about a model from a file.

    Attributes:
        words: Templates of sentences that follow each other.
        shares: Shares (0 to 1) that stand in them, by name.
        values: What else does.
        is_warning: Whether something is probably wrong.
    """

    words: tuple[str, ...]
    shares: dict[str, float]
    values: dict[str, Any]
    is_warning: bool = False

    def sentences(self, translate: Callable[[str], str] = lambda text: text) -> list[str]:
        """What was found, sentence by sentence.

        Args:
            translate: Turns a template into the reader's language; English by default.
        """
        values = self.values | {name: f"{share:.1%}" for name, share in self.shares.items()}
        return [translate(part).format(**values) for part in self.words]


def findings(run: Run) -> list[Finding]:
    """What was found out about a run's model when it came in; nothing for any other run."""
    known = run.imported or {}
    glances = known.get("glances")
    if not glances or None in glances.values():
        return []
    ours = run.config.pixel_scaling
    found = [_of_pixels(glances, ours, known.get("chosen", "given")), _of_other(glances, known)]
    if known.get("turned"):
        said = mark(
            "The kernels of its convolutions were turned round, as Theano has them: with that it "
            "classifies clearly more images correctly."
        )
        found.append(Finding((said,), {}, {}))
    read = known.get("read", ALL)
    if run.test_metric is None and read < ALL:
        found.append(
            Finding(
                (
                    mark(
                        "Its accuracy is not known: it is slow, and had read {read} of the "
                        "10,000 test images when the time was up."
                    ),
                    mark("The page Evaluate measures it, however long that takes."),
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
        "Of some training images it classifies {ours} correctly with pixels of {our_range}, and "
        "{other} with pixels of {other_range}."
    )
    if chosen == "accuracy":
        said = mark("It is given pixels of {our_range}, as was found by measuring.")
        return Finding((said, both), shares, ranges)
    if chosen == "loss":
        said = mark(
            "It is given pixels of {our_range}, with which its loss is clearly lower than with "
            "pixels of {other_range}."
        )
        return Finding((said,), {}, ranges)
    if chosen == "unclear":
        said = mark(
            "It is given pixels of {our_range}; which range it was trained with is not clear."
        )
        return Finding((said, both), shares, ranges)
    if glances[other] > glances[ours] + CLEARLY_BETTER:
        said = mark("Probably it was trained with the latter: import it again with that range.")
        return Finding((both, said), shares, ranges, is_warning=True)
    return None


def _of_other(glances: dict[str, float], known: dict[str, Any]) -> Finding | None:
    best = max(glances.values())
    way, share = known.get("other_way"), known.get("other_share")
    if way in WAYS and share is not None:
        said = mark("Put the layer {layer} first, save it, and import it again.")
        return Finding((WAYS[way], said), {"other": share}, {"layer": LAYERS[way]}, is_warning=True)
    if best < LOW:
        said = mark(
            "Of some training images it classifies {best} correctly at the most. Perhaps it was "
            "trained with pixels that were prepared in another way, or with other classes."
        )
        return Finding((said,), {"best": best}, {}, is_warning=True)
    return None
