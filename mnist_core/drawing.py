"""A drawing or a photo of a digit, made into the picture that MNIST would have made of it.

A network that reads 99 of 100 MNIST digits fails on a drawing that was merely shrunk to 28 by 28
pixels, because no digit that it learned from was small, off centre or cut by the edge. MNIST's
makers cropped every digit, scaled its longer side to 20 pixels with anti-aliasing and laid its
centre of mass in the middle of 28 by 28 pixels (Y. LeCun, C. Cortes, C. Burges, The MNIST
database; LeCun et al., Gradient-based learning applied to document recognition, 1998). The same
steps here, one function each, straight from the full size.

"Ink" below is always bright on black, 0 to 255, whatever the colours were.
"""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from scipy import ndimage

from mnist_core.errors import DrawingError
from mnist_core.words import mark

Ink = NDArray[np.uint8]
"""Ink on black: uint8, shape (height, width), 0 (none) to 255."""

#: Side of MNIST's pictures, and of the box within them that a digit fills.
SIDE = 28
BOX = 20
#: Less ink than this is anti-aliasing or dust, and decides no edge of the crop.
FAINTEST = 32
#: Photos are read at this longest side: ten times finer than any digit needs.
LONGEST_SIDE = 2048
MOST_PIXELS = 80_000_000
#: Longest side of a photo as it is shown again, in pixels.
PREVIEW_SIDE = 320
#: Kinds of files that are read. Pillow knows more, for one of which it runs another program.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")
#: How files of HEIC name their kind.
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
#: Strokes thinner than this in the scaled digit, in pixels, are thickened: MNIST has none.
THINNEST = 1.6
#: A filled blob, small against the drawing, is a dot and not a digit: a disc fills 0.785 of its
#: box, about as wide as high. People write a 0 as small as 0.17 of the canvas, and close its hole.
DOT_SIDE = 0.13
DOT_FILL = 0.7
DOT_WIDTH = 0.5
#: A small thing of fewer pixels than this, in its longer side, has no form: it is a dot, too.
FEWEST_PIXELS = 12
#: Something in a photo that is smaller than this share of the largest piece is dust.
DUST = 0.03
#: What covers more than this share of one side of the photo's frame is no digit's stroke.
ALONG_FRAME = 0.3
#: Nor is what reaches across so much of the photo, beside something smaller.
ACROSS = 0.9
#: A photo whose ink and paper lie closer than this, on a scale of 255, is blank.
LEAST_CONTRAST = 30
#: Paper in a photo is taken to be no darker than this, so that noise in black is no ink.
DARKEST_PAPER = 48


@dataclass(frozen=True, eq=False)
class Digit:
    """A digit on its way from the drawing to what a network sees; every step can be shown.

    Attributes:
        ink: All of the drawing.
        cropped: The part that holds ink.
        scaled: Its longer side brought to 20 pixels.
        image_u8: uint8 (28, 28), placed by its centre of mass; as MNIST's own pictures.
        touches_edge: Whether the drawing runs into the edge, so that a part may be missing.
        photo: uint8 (height, width, 3), the file that it was found in, made small; None for a
            drawing.
    """

    ink: Ink
    cropped: Ink
    scaled: Ink
    image_u8: Ink
    touches_edge: bool
    photo: NDArray[np.uint8] | None = None


def read_drawing(pixels: NDArray[np.uint8]) -> Digit:
    """Read a canvas, white on black.

    Args:
        pixels: uint8 RGBA, shape (height, width, 4); where it is transparent there is no ink.

    Raises:
        DrawingError: If it is empty, one dot, or more than one digit.
    """
    red, green, blue, alpha = (pixels[..., channel].astype(np.float32) for channel in range(4))
    brightness = 0.299 * red + 0.587 * green + 0.114 * blue
    return digit_of((brightness * alpha / 255).round().astype(np.uint8))


def read_picture(content: bytes) -> Digit:
    """Read a picture file or a photo: dark on light or light on dark, which it finds by itself.

    Args:
        content: A file that Pillow can open, such as PNG, JPEG, WebP, GIF, BMP or TIFF.

    Raises:
        DrawingError: If it is no such file, too large, blank, or holds no single digit.
    """
    image = _opened(content)
    found = digit_of(ink_on_paper(_grey_levels(image)))
    return replace(found, photo=_preview(image))


def digit_of(ink: Ink) -> Digit:
    """Make the picture that MNIST would have made of some ink.

    Args:
        ink: uint8 (height, width), any size.

    Raises:
        DrawingError: If there is no ink, one dot, or more than one digit.
    """
    cropped, touches_edge = crop(ink)
    _refuse_what_is_no_digit(cropped, max(ink.shape))
    scaled = scale(cropped)
    return Digit(ink, cropped, scaled, place(scaled), touches_edge)


def crop(ink: Ink) -> tuple[Ink, bool]:
    """Cut out the part that holds ink.

    Returns:
        The part, and whether it reaches the drawing's edge.

    Raises:
        DrawingError: If there is none.
    """
    rows = np.flatnonzero((ink >= FAINTEST).any(axis=1))
    columns = np.flatnonzero((ink >= FAINTEST).any(axis=0))
    if not len(rows):
        raise DrawingError(
            mark("The drawing is empty."),
            mark("There is nothing to read."),
            mark("Draw one digit, large, in the middle."),
        )
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    touches = top == 0 or left == 0 or bottom == ink.shape[0] or right == ink.shape[1]
    return ink[top:bottom, left:right], bool(touches)


def scale(cropped: Ink) -> Ink:
    """Bring the longer side to 20 pixels, each the average of those that it covers.

    Returns:
        uint8, its longer side 20; its brightest pixel is 255.
    """
    factor = BOX / max(cropped.shape)
    height, width = (max(1, round(side * factor)) for side in cropped.shape)
    image = Image.fromarray(_thickened(cropped, THINNEST / factor))
    scaled = np.asarray(image.resize((width, height), Image.Resampling.BOX), np.float32)
    result: Ink = (scaled * (255 / max(scaled.max(), 1))).round().astype(np.uint8)
    return result


def place(scaled: Ink) -> Ink:
    """Lay a scaled digit into 28 by 28 pixels, its centre of mass in the middle."""
    image = np.zeros((SIDE, SIDE), np.uint8)
    corner = []
    for centre, length in zip(ndimage.center_of_mass(scaled), scaled.shape, strict=True):
        start = round(SIDE / 2 - centre)  # where it lies in MNIST, by pixel number
        corner.append(min(max(start, 0), SIDE - length))
    (top, left), (height, width) = corner, scaled.shape
    image[top : top + height, left : left + width] = scaled
    return image


def shrink(ink: Ink) -> Ink:
    """Shrink a whole drawing to 28 by 28 pixels, as simple demonstrations do; to compare with."""
    return np.asarray(Image.fromarray(ink).resize((SIDE, SIDE), Image.Resampling.BOX))


def ink_on_paper(grey: NDArray[np.float32]) -> Ink:
    """Tell ink from paper in grey levels, under uneven light and on paper of any brightness.

    Ink is what there is less of: the median of the surroundings is paper, and what differs from
    it in one direction, dark or bright, is ink. How much of the paper's brightness is missing
    does not depend on the light; Otsu's threshold (1979) divides that into ink and paper.

    Args:
        grey: float32 (height, width), 0 (black) to 255.

    Raises:
        DrawingError: If nothing stands out.
    """
    difference = _small(grey) - _surroundings(_small(grey))
    if ((difference - np.median(difference)) ** 3).sum() > 0:
        grey = 255 - grey
    over = np.clip(255 * (1 - grey / _paper(grey)), 0, 255)
    threshold = _otsu(over)
    dark = over[over > threshold]
    blank = over[over <= threshold]
    if not len(dark) or not len(blank) or dark.mean() - blank.mean() < LEAST_CONTRAST:
        raise DrawingError(
            mark("Nothing stands out in the picture."),
            mark("Ink and paper have nearly the same brightness."),
            mark("Use a dark pen on light paper and even light, and let the digit fill the photo."),
        )
    low = 0.7 * threshold
    kept = _without_dust(over > low)
    high = np.percentile(over[kept & (over > threshold)], 90)
    ink = np.clip((over - low) / max(high - low, 1) * 255, 0, 255)
    return np.where(kept, ink, 0).round().astype(np.uint8)


def _opened(content: bytes) -> Image.Image:
    """The first picture of a file, upright and of moderate size."""
    try:
        image: Image.Image = Image.open(io.BytesIO(content), formats=FORMATS)
        if image.width * image.height > MOST_PIXELS:
            raise _too_large(image.width, image.height)
        image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # JPEGs are decoded at a fraction
        image.load()
        image = ImageOps.exif_transpose(image)
    except DrawingError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DrawingError(
            mark("The picture is said to have more pixels than any camera's."),
            mark("More than {most} million are not read."),
            mark("Make it smaller, or cut out the digit."),
            most=MOST_PIXELS // 1_000_000,
        ) from error
    except UnidentifiedImageError as error:
        raise _unreadable(content) from error
    except Exception as error:  # Pillow has no one kind of error for a damaged file
        raise DrawingError(
            mark("The picture cannot be read to its end."),
            mark("The file is cut short or damaged."),
            mark("Send or save it again."),
        ) from error
    factor = -(-max(image.size) // LONGEST_SIDE)
    if factor > 1:
        image = _averageable(image).reduce(factor)
    return image


def _preview(image: Image.Image) -> NDArray[np.uint8]:
    """The picture as a person sees it, made small; what is transparent is white."""
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    elif image.mode.startswith(("I", "F")):  # 16 bits and more
        image = Image.fromarray(_grey_levels(image).clip(0, 255).astype(np.uint8))
    image = image.convert("RGB")
    image.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.BOX)
    return np.asarray(image)


def _averageable(image: Image.Image) -> Image.Image:
    """The picture in a kind of pixel of which Pillow can take an average."""
    if image.mode == "P":
        return image.convert("RGBA" if "transparency" in image.info else "RGB")
    if image.mode == "1":
        return image.convert("L")
    if image.mode.startswith("I;16"):
        return image.convert("I")
    return image


def _unreadable(content: bytes) -> DrawingError:
    if content[4:8] == b"ftyp" and content[8:12] in HEIC_BRANDS:
        return DrawingError(
            mark("The picture is a HEIC photo."),
            mark("That format of some phones cannot be read here."),
            mark("Save or send it as JPEG (a phone's sharing menu does it), and try again."),
        )
    return DrawingError(
        mark("The file is no picture that can be read."),
        mark("It is neither PNG nor JPEG, nor another usual format."),
        mark("Choose a photo or a picture of one digit."),
    )


def _too_large(width: int, height: int) -> DrawingError:
    return DrawingError(
        mark("The picture has {width} by {height} pixels."),
        mark("More than {most} million are not read."),
        mark("Make it smaller, or cut out the digit."),
        width=width,
        height=height,
        most=MOST_PIXELS // 1_000_000,
    )


def _grey_levels(image: Image.Image) -> NDArray[np.float32]:
    """The brightness of each pixel, 0 to 255.

    Where little is opaque, that is ink, and what is transparent takes its opposite; where most
    is, as in a picture with round corners, that is paper, and the rest takes its like.
    """
    if image.mode.startswith(("I", "F")):  # 16 bits and more
        levels = np.asarray(image, np.float32)
        return levels * (255 / (65535 if levels.max() > 255 else 255))
    if "A" not in image.getbands() and "transparency" not in image.info:
        return np.asarray(image.convert("L"), np.float32)
    image = image.convert("RGBA")
    levels = np.asarray(image.convert("L"), np.float32)
    alpha = np.asarray(image.getchannel("A"), np.float32) / 255
    visible = float((levels * alpha).sum() / max(alpha.sum(), 1))
    bright = visible > 127
    ground = 255 if bright == (alpha.mean() > 0.5) else 0
    return (levels * alpha + ground * (1 - alpha)).astype(np.float32)


def _small(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """The picture at a size at which light and shadow, but no details, are left."""
    small = Image.fromarray(grey)
    small.thumbnail((96, 96), Image.Resampling.BOX)
    return np.asarray(small)


def _surroundings(small: NDArray[np.float32]) -> NDArray[np.float32]:
    """The median around each pixel, in a window of half the picture's longer side."""
    window = max(small.shape) // 2 | 1
    median = ndimage.median_filter(small[::2, ::2], window // 2 | 1, mode="nearest")
    even = Image.fromarray(median).resize(small.shape[::-1], Image.Resampling.BILINEAR)
    return np.asarray(even)


def _paper(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """The brightness that the picture would have without its ink, which is darker here."""
    small = _small(grey)
    paper = np.maximum(_surroundings(small), DARKEST_PAPER)
    for _ in range(2):  # where there is ink, the paper beside it tells; and so once more
        missing = np.clip(255 * (1 - small / paper), 0, 255).astype(np.float32)
        blank = (missing <= _otsu(missing)).astype(np.float32)
        weights = ndimage.gaussian_filter(blank, max(small.shape) / 24) + 1e-3
        beside = ndimage.gaussian_filter(blank * small, max(small.shape) / 24) + 1e-3 * paper
        paper = np.maximum(beside / weights, DARKEST_PAPER)
    smooth = Image.fromarray(paper.astype(np.float32))
    return np.asarray(smooth.resize(grey.shape[::-1], Image.Resampling.BILINEAR))


def _otsu(values: NDArray[np.float32]) -> float:
    """The level that divides values from 0 to 255 into the two groups that lie farthest apart."""
    counts, edges = np.histogram(values, bins=256, range=(0, 256))
    levels = edges[:-1]
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * levels)
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = sums / below - (sums[-1] - sums) / above
        spread = np.nan_to_num(below * above * gap**2)
    return float(edges[int(np.argmax(spread)) + 1])


def _without_dust(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The ink without specks, and without what lies along the photo's frame, such as a table."""
    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    if count < 2:
        return mask
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    inner = areas.copy()
    inner[labels[[0, 0, -1, -1], [0, -1, 0, -1]]] = 0  # no digit reaches into a corner
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        inner[np.bincount(edge, minlength=len(areas)) > ALONG_FRAME * len(edge)] = 0
    for piece, box in enumerate(ndimage.find_objects(labels), start=1):
        lengths = (part.stop - part.start for part in box)
        if any(length > ACROSS * side for length, side in zip(lengths, mask.shape, strict=True)):
            inner[piece] = 0
    if inner.max() > DUST * DUST * mask.size:
        areas = inner
    kept: NDArray[np.bool_] = (areas >= max(1, DUST * areas.max()))[labels]
    return kept


def _thickened(ink: Ink, width: float) -> Ink:
    """Ink whose strokes are at least so wide, in pixels."""
    mask = np.pad(ink >= 128, 1)
    if not mask.any():
        return ink
    depth = ndimage.distance_transform_edt(mask)
    ridge = depth[(depth == ndimage.maximum_filter(depth, 3)) & mask]
    missing = round((width - (2 * float(np.median(ridge)) - 1)) / 2)
    if missing < 1:
        return ink
    room = np.pad(ink, missing)
    # By distance, not by a dilation, which takes minutes where a thin pen fills a photo.
    near = ndimage.distance_transform_edt(room < 128) <= missing
    return np.where(near, 255, room).astype(np.uint8)


def _refuse_what_is_no_digit(cropped: Ink, side: int) -> None:
    mask = cropped >= FAINTEST
    height, width = mask.shape
    longest = max(height, width)
    round_one = mask.mean() > DOT_FILL and min(height, width) > DOT_WIDTH * longest
    formless = longest < FEWEST_PIXELS or round_one
    if formless and longest < DOT_SIDE * side:
        raise DrawingError(
            mark("The drawing is one dot."),
            mark("No digit looks like that."),
            mark("Draw one digit, large, with a line."),
        )
    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    boxes = [piece[0:2] for piece in ndimage.find_objects(labels)]
    high = [columns for rows, columns in boxes if rows.stop - rows.start > 0.6 * height]
    high.sort(key=lambda columns: columns.start)
    apart = (left.stop < right.start for left, right in itertools.pairwise(high))
    if count > 1 and width > 0.9 * height and any(apart):
        raise DrawingError(
            mark("There seem to be two digits."),
            mark("A network here reads one at a time."),
            mark("Draw one digit; if it was one, let its lines meet."),
        )
