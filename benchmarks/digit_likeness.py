"""Detection of drawings that are not digits: rates for other drawings and for real digits.

    python benchmarks/digit_likeness.py [--count N] [--pens STROKES.json.gz] [--seed S] [--json]
    python benchmarks/digit_likeness.py --build

Without --build it measures the lab's detector on each family of drawings in ``not_digits.py``, on
MNIST's test set and, if given, on digits written with a pen. A drawing that is rejected before
prediction (empty, one dot, two digits) counts as detected. With --build the detector is trained
again; the families in ``UNSEEN``, letters that are shaped like digits and the test set are not used
for that.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from not_digits import ALIKE, LETTERS, ORDINARY, UNSEEN, Family, drawn, letter
from not_one_digit import cluttered, several
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from mnist_core.drawing import likeness
from mnist_core.drawing.digit import digit_of
from mnist_core.errors import DrawingError
from mnist_core.tasks import task

Images = NDArray[np.uint8]

#: The fraction of held-out MNIST digits that lies below the threshold.
FALSE_ALARMS = 0.006
#: Training images from this index on are held out to determine the threshold.
HELD_OUT_FROM = 55000
PLAIN_DIGITS = 24000
VARIED_DIGITS = 7000
NOT_DIGITS = 26000
#: Number of images of one digit with a line, a box or a blot; twice as many of several digits.
NOT_ONE = 6000
EPOCHS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100, help="number of drawings of each family")
    parser.add_argument("--pens", type=Path, help="digits written by people, as strokes")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    parser.add_argument("--build", action="store_true", help="train the detector again")
    options = parser.parse_args()
    if options.build:
        build()
    shares = measured(options.count, options.seed, options.pens)
    if options.json:
        print(json.dumps(shares, indent=1))
        return
    for name, share in shares.items():
        print(f"{name:28} {share:7.1%}")


def measured(count: int, seed: int, pens: Path | None) -> dict[str, float]:
    """Return the fraction of each kind of drawing that is detected as no digit, 0 to 1."""
    rng = np.random.default_rng(seed)
    found = {
        name: float(np.mean([_is_said(family, rng) for _number in range(count)]))
        for name, family in {**ORDINARY, **UNSEEN, "letter shaped like a digit": _alike}.items()
    }
    found["all that are unseen kinds"] = float(np.mean([found[name] for name in UNSEEN]))
    capitals = [name for name in LETTERS if name.isascii() and name.isupper()]
    found["letters A to Z"] = float(
        np.mean(
            [_is_said(_of(name), rng) for name in capitals for _n in range(max(1, count // 10))]
        )
    )
    data = task("mnist").load()
    found["MNIST test digits"] = _share(data.x_test)
    if pens is not None:
        from pen_strokes import read
        from real_pens import Pictures

        pictures = Pictures.of(read(pens))
        found["digits written with a pen"] = _share(pictures.prepared[~pictures.refused])
    return found


def _share(images_u8: Images) -> float:
    return float(np.mean([not likeness.looks_like_a_digit(image) for image in images_u8]))


def _is_said(family: Family, rng: np.random.Generator) -> bool:
    try:
        return not likeness.looks_like_a_digit(digit_of(drawn(rng, family(rng))).image_u8)
    except DrawingError:
        return True


def _of(name: str) -> Family:
    return lambda rng: letter(rng, name)


def _alike(rng: np.random.Generator) -> list[list[tuple[float, float]]]:
    return letter(rng, str(rng.choice([name for name in ALIKE if name in LETTERS])))


def build() -> None:
    """Train the detector, determine its threshold and write both."""
    import keras

    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(5)
    data = task("mnist").load()
    digits = data.x_train[:HELD_OUT_FROM]
    plain = digits[rng.permutation(len(digits))[:PLAIN_DIGITS]]
    varied = [_varied(image, rng) for image in digits[rng.permutation(len(digits))[:VARIED_DIGITS]]]
    good = np.concatenate([plain, np.stack([image for image in varied if image is not None])])
    labels = data.y_train[: len(digits)]
    several_of = [several(digits, labels, rng) for _n in range(2 * NOT_ONE)]
    with_more = [cluttered(image, rng) for image in digits[rng.permutation(len(digits))[:NOT_ONE]]]
    bad = np.concatenate([_not_digits(NOT_DIGITS, rng), np.stack(several_of + with_more)])
    x = np.concatenate([good, bad])[..., None].astype(np.float32) / 255
    y = np.repeat([1.0, 0.0], [len(good), len(bad)])
    order = rng.permutation(len(x))
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(16, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    rate = keras.optimizers.schedules.CosineDecay(2e-3, EPOCHS * (len(x) // 128))
    loss = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.02)
    model.compile(keras.optimizers.Adam(rate), loss)
    model.fit(x[order], y[order], batch_size=128, epochs=EPOCHS, verbose=2)
    write(model.get_weights(), data.x_train[HELD_OUT_FROM:])


def write(arrays: list[NDArray[np.float32]], held_out: Images) -> None:
    """Write the weights in half precision, and the matching threshold."""
    layers = ("first", "second", "third", "last")
    names = [f"{layer}_{part}" for layer in layers for part in ("kernel", "bias")]
    weights = {n: a.astype(np.float16) for n, a in zip(names, arrays, strict=True)}
    np.savez_compressed(likeness.FILE, **weights, threshold=np.float32(0))
    likeness._weights.cache_clear()
    threshold = np.quantile([likeness.score(image) for image in held_out], FALSE_ALARMS)
    np.savez_compressed(likeness.FILE, **weights, threshold=np.float32(threshold))
    likeness._weights.cache_clear()


def _not_digits(count: int, rng: np.random.Generator) -> Images:
    """Return drawings of the ordinary kinds, a third of them letters."""
    images: list[Images] = []
    while len(images) < count:
        name = "letter" if rng.random() < 0.35 else str(rng.choice(list(ORDINARY)))
        try:
            images.append(digit_of(drawn(rng, ORDINARY[name](rng), side=140)).image_u8)
        except DrawingError:  # rejected in any case
            continue
    return np.stack(images)


def _varied(image: Images, rng: np.random.Generator) -> Images | None:
    """Return a digit with another slant and pen, for variety beyond MNIST's writers."""
    drawn_anew = rng.random() < 0.6
    if not drawn_anew or rng.random() < 0.5:
        image = _leaning(image, rng)
    if drawn_anew:
        image = _with_another_pen(image, rng)
    elif rng.random() < 0.5:
        larger = Image.fromarray(image).resize((3 * image.shape[1],) * 2, Image.Resampling.BILINEAR)
        change = ndimage.grey_dilation if rng.random() < 0.5 else ndimage.grey_erosion
        width = int(rng.integers(2, 4))
        image = change(np.asarray(larger), (width, width))
    try:
        return digit_of(image).image_u8
    except DrawingError:
        return None


def _leaning(image: Images, rng: np.random.Generator) -> Images:
    turn, lean = rng.normal(0, 0.14), rng.normal(0, 0.15)
    wide, high = rng.uniform(0.8, 1.2, 2)
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    change = turned @ np.array([[wide, lean], [0, high]])
    padded, centre = np.pad(image, 8).astype(np.float32), np.full(2, 21.5)
    moved = ndimage.affine_transform(padded, change, offset=centre - change @ centre, order=1)
    return moved.clip(0, 255).astype(np.uint8)


def _with_another_pen(image: Images, rng: np.random.Generator) -> Images:
    """Return the centre lines of the strokes, drawn again with a round brush of one width."""
    finer = 4
    size = (image.shape[1] * finer, image.shape[0] * finer)
    mask = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)) > 110
    depth = ndimage.distance_transform_edt(mask)
    ridge = (depth == ndimage.maximum_filter(depth, 3)) & (depth > 1.5)
    if ridge.sum() < 5:
        return image
    radius = rng.uniform(0.8, 1.5) * finer
    return np.where(ndimage.distance_transform_edt(~ridge) <= radius, 255, 0).astype(np.uint8)


if __name__ == "__main__":
    main()
