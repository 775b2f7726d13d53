"""Opens picture files of any usual kind: the colours of one upright picture of moderate size.

Cameras, scanners and programs keep a picture in 1 to 32 bits, in whole or floating-point numbers,
with or without transparency, in one frame or many. What comes out is the same for all.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from mnist_core.errors import DrawingError
from mnist_core.i18n import mark

Colours = NDArray[np.float32]
"""Red, green and blue: float32, shape (height, width, 3), 0 (black) to 255."""

MOST_PIXELS = 80_000_000
#: Photos are read at this longest side: a digit of a twentieth of that still has 40 pixels.
LONGEST_SIDE = 800
#: JPEGs may be decoded at a fraction of their size, but not below this.
DECODED_SIDE = 2048
#: Longest side of a photo as it is shown again, in pixels.
PREVIEW_SIDE = 320
#: Of an animation or a file of several pages so many are looked at.
MOST_FRAMES = 60
#: A frame whose grey levels, from 0 to 255, differ less than this is blank.
BLANK = 1.5
#: Kinds of files that are read. Pillow knows more, for one of which it runs another program.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")
#: Those whose frames show one thing; the second frame of a phone's JPEG is a map of depths.
WITH_FRAMES = ("PNG", "WEBP", "GIF", "TIFF", "AVIF")
#: Where a phone notes how it was held.
ORIENTATION = 0x0112
#: How files of HEIC name their kind.
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


@dataclass(frozen=True, eq=False)
class Photo:
    """What a file shows.

    Attributes:
        colours: float32 (height, width, 3), 0 to 255; the longer side at most 800.
        preview: uint8 (height, width, 3), as a person sees it, made small.
        frame: Which frame or page of the file it is, from 1.
    """

    colours: Colours
    preview: NDArray[np.uint8]
    frame: int


def open_photo(content: bytes) -> Photo:
    """Open a file.

    Args:
        content: A file that Pillow can open, such as PNG, JPEG, WebP, GIF, BMP or TIFF.

    Raises:
        DrawingError: If it is no such file, too large or damaged.
    """
    try:
        image: Image.Image = Image.open(io.BytesIO(content), formats=FORMATS)
        _refuse_too_large(image)
        image.draft("RGB", (DECODED_SIDE, DECODED_SIDE))
        image, frame = _fullest_frame(image)
        return Photo(_colours(image), _preview(image), frame)
    except DrawingError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DrawingError(
            mark("The picture has more than {most} million pixels."),
            mark("Reduce its size, or crop it to the digit."),
            most=MOST_PIXELS // 1_000_000,
        ) from error
    except UnidentifiedImageError as error:
        raise _unreadable(content) from error
    except Exception as error:  # Pillow has no one kind of error for a damaged file
        raise DrawingError(
            mark("The picture file is incomplete or damaged."),
            mark("Save or send the picture again."),
        ) from error


def _fullest_frame(image: Image.Image) -> tuple[Image.Image, int]:
    """The frame that shows most, and its number; of a document the first page that is not blank.

    An animation may begin with an empty sheet and draw the digit stroke by stroke.

    Returns:
        The frame at moderate size, and its number from 1.
    """
    best, number = _moderate(image), 1
    most = _variation(best)
    left = MOST_PIXELS - image.width * image.height
    while image.format in WITH_FRAMES and left > 0 and image.tell() + 1 < MOST_FRAMES:
        if image.format == "TIFF" and most > BLANK:
            break
        try:
            image.seek(image.tell() + 1)
        except (EOFError, ValueError):
            break
        _refuse_too_large(image)
        left -= image.width * image.height
        frame = _moderate(image)
        variation = _variation(frame)
        if variation > 1.02 * most + BLANK / 2:  # the first of several that are as full
            best, number, most = frame, image.tell() + 1, variation
    return best, number


def _variation(image: Image.Image) -> float:
    """How much the grey levels of a picture differ: their standard deviation, of 255."""
    return float(_colours(image).mean(-1).std())


def _moderate(image: Image.Image) -> Image.Image:
    """A copy of moderate size, upright, in a kind of pixel with 8 bits or in floating point.

    Values that may lie in any range (12 bits in a file of 16, 0 to 1, -1 to 1) are set so that
    the brightest is 255 and no light, or the lowest below it, is 0.
    """
    image.load()
    orientation = image.getexif().get(ORIENTATION, 1)
    small = _reduced(image, -(-max(image.size) // LONGEST_SIDE))
    small = image.copy() if small is image else small
    if small.mode == "F":
        levels = np.asarray(small, np.float32)
        known = levels[np.isfinite(levels)]
        low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
        low = min(low, 0.0)
        levels = np.nan_to_num(levels, nan=low, posinf=high, neginf=low)
        scale = 255 / (high - low) if high > low else 0
        small = Image.fromarray((levels - np.float32(low)) * np.float32(scale))
    small.getexif()[ORIENTATION] = orientation
    return ImageOps.exif_transpose(small)


def _reduced(image: Image.Image, factor: int) -> Image.Image:
    """The picture in a kind of pixel of which an average can be taken, and made smaller by it."""
    if image.mode in ("P", "PA"):
        see_through = image.mode == "PA" or "transparency" in image.info
        image = image.convert("RGBA" if see_through else "RGB")
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode.startswith("I"):
        image = Image.fromarray(np.asarray(image, np.float32))
    elif image.mode == "LAB":
        image = image.getchannel(0)
    return image.reduce(factor) if factor > 1 else image


def _colours(image: Image.Image) -> Colours:
    """The colours of each pixel.

    Where little is opaque, that is ink, and what is transparent takes its opposite; where most
    is, as in a picture with round corners, that is paper, and the rest takes its like.
    """
    if image.mode == "F":
        return np.repeat(np.asarray(image, np.float32)[..., None], 3, axis=2)
    if "A" not in image.getbands() and "transparency" not in image.info:
        return _exposed(np.asarray(image.convert("RGB"), np.float32))
    image = image.convert("RGBA")
    colours = np.asarray(image.convert("RGB"), np.float32)
    alpha = np.asarray(image.getchannel("A"), np.float32)[..., None] / 255
    levels = np.asarray(image.convert("L"), np.float32)[..., None]
    bright = float((levels * alpha).sum() / max(alpha.sum(), 1)) > 127
    ground = 255 if bright == (alpha.mean() > 0.5) else 0
    return _exposed((colours * alpha + ground * (1 - alpha)).astype(np.float32))


def _exposed(colours: Colours) -> Colours:
    """The same with its brightest parts near 255, as if a dark photo had had more light."""
    high = float(np.percentile(colours[::4, ::4].max(-1), 99))
    return colours * np.float32(min(8.0, 240 / max(high, 1))) if high < 240 else colours


def _preview(image: Image.Image) -> NDArray[np.uint8]:
    """The picture as a person sees it, made small; what is transparent is white."""
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB")
    image.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.BOX)
    return np.asarray(image)


def _refuse_too_large(image: Image.Image) -> None:
    if image.width * image.height > MOST_PIXELS:
        raise DrawingError(
            mark(
                "The picture has {width} × {height} pixels, which is more than the {most} million "
                "that are accepted."
            ),
            mark("Reduce its size, or crop it to the digit."),
            width=image.width,
            height=image.height,
            most=MOST_PIXELS // 1_000_000,
        )


def _unreadable(content: bytes) -> DrawingError:
    if content[4:8] == b"ftyp" and content[8:12] in HEIC_BRANDS:
        return DrawingError(
            mark("The file is a HEIC photo, a format that the lab cannot open."),
            mark("Save the photo as JPEG, for example from the phone's sharing menu."),
        )
    return DrawingError(
        mark("The file is not in a known image format such as PNG or JPEG."),
        mark("Choose a photo or another picture of one digit."),
    )
