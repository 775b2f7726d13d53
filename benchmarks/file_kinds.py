"""Image files of a digit in every encoding, and plots of a digit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from photo_tools import Colours, Random, Strokes, mask, over, paper, picture, saved, write
from PIL import Image, ImageDraw, ImageOps

from mnist_core.drawing.digit import digit_of


def drawn(rng: Random, strokes: Strokes, side: int = 300, width: float = 0.07) -> Colours:
    """Ink on a clean background, 0 to 1."""
    box = (rng.uniform(0.2, 0.35) * side, rng.uniform(0.15, 0.3) * side, 0.5 * side)
    return mask(strokes, (side, side), box, width * box[2])


def grey(ink: Colours, ground: float = 255, pen: float = 0) -> Image.Image:
    """The ink as grey levels."""
    return Image.fromarray((ground + (pen - ground) * ink).round().astype(np.uint8))


# ---- encodings


def twelve_bit(rng: Random, strokes: Strokes, format: str = "PNG") -> bytes:
    """Values of 0 to 4095 in a 16-bit file."""
    ground, pen = rng.choice([(4095, 200), (100, 4000)])
    levels = (ground + (float(pen) - ground) * drawn(rng, strokes)).astype(np.uint16)
    return saved(Image.fromarray(levels), format)


def twelve_bit_tiff(rng: Random, strokes: Strokes) -> bytes:
    return twelve_bit(rng, strokes, "TIFF")


def sixteen_bit(rng: Random, strokes: Strokes) -> bytes:
    return saved(Image.fromarray((65535 * (1 - drawn(rng, strokes))).astype(np.uint16)), "PNG")


def float_tiff(rng: Random, strokes: Strokes) -> bytes:
    """Floating-point values of 0 to 1, or -1 to 1."""
    ink = drawn(rng, strokes)
    return saved(Image.fromarray([ink, 1 - ink, 2 * ink - 1][rng.integers(3)]), "TIFF")


def one_bit(rng: Random, strokes: Strokes) -> bytes:
    return saved(grey(drawn(rng, strokes)).convert("1"), rng.choice(["PNG", "TIFF", "BMP"]))


def palette(rng: Random, strokes: Strokes) -> bytes:
    image = picture(write(rng, paper(rng), strokes)).quantize(16)
    return saved(image, rng.choice(["PNG", "GIF"]))


def cmyk(rng: Random, strokes: Strokes) -> bytes:
    return saved(picture(write(rng, paper(rng), strokes)).convert("CMYK"), "JPEG")


def transparent(rng: Random, strokes: Strokes) -> bytes:
    ink = drawn(rng, strokes)
    level = int(rng.choice([0, 255]))
    image = Image.new("RGBA", ink.shape[::-1], (level, level, level, 0))
    image.putalpha(Image.fromarray((255 * ink).astype(np.uint8)))
    return saved(image, rng.choice(["PNG", "WEBP"]))


def turned_phone(rng: Random, strokes: Strokes) -> bytes:
    orientation = int(rng.choice([3, 6, 8]))
    turns = {3: 180, 6: 90, 8: 270}
    image = picture(write(rng, paper(rng), strokes)).rotate(turns[orientation], expand=True)
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(image, "JPEG", exif=exif)


def late_animation(rng: Random, strokes: Strokes) -> bytes:
    """An animation in which the digit is drawn: its first frame is blank."""
    ink = drawn(rng, strokes)
    frames = [grey(ink * part).convert("RGB") for part in (0, 0, 0.5, 1)]
    format = str(rng.choice(["GIF", "WEBP", "PNG"]))
    return saved(frames[0], format, save_all=True, append_images=frames[1:], duration=100)


def pages(rng: Random, strokes: Strokes) -> bytes:
    """A TIFF of two pages: the digit, with a blank page before or after it."""
    both = [grey(drawn(rng, strokes)), Image.new("L", (300, 300), 255)]
    first = int(rng.integers(2))
    return saved(both[first], "TIFF", save_all=True, append_images=[both[1 - first]])


def mnist_file(rng: Random, strokes: Strokes, side: int = 28) -> bytes:
    image = Image.fromarray(digit_of((255 * drawn(rng, strokes)).astype(np.uint8)).image_u8)
    image = ImageOps.invert(image) if rng.random() < 0.5 else image
    return saved(image.resize((side, side), Image.Resampling.NEAREST), "PNG")


def mnist_enlarged(rng: Random, strokes: Strokes) -> bytes:
    return mnist_file(rng, strokes, 280)


def scan(rng: Random, strokes: Strokes) -> bytes:
    """A scanned page, binarised by a threshold, with specks and a black border."""
    ink = drawn(rng, strokes, 700, 0.05)
    levels = np.where(rng.random(ink.shape) < 0.0008, 0, 255 * (ink < 0.5))
    levels[:, : rng.integers(3, 12)] = 0
    levels[-int(rng.integers(3, 9)) :] = 0
    return saved(Image.fromarray(levels.astype(np.uint8)).convert("1"), "TIFF")


# ---- plotted figures

MAPS = {
    "gray": [(0, 0, 0), (255, 255, 255)],
    "inverted": [(255, 255, 255), (0, 0, 0)],
    "viridis": [(68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37)],
    "plasma": [(13, 8, 135), (126, 3, 168), (204, 71, 120), (248, 149, 64), (240, 249, 33)],
    "hot": [(10, 0, 0), (255, 0, 0), (255, 255, 0), (255, 255, 255)],
    "jet": [(0, 0, 128), (0, 0, 255), (0, 255, 255), (255, 255, 0), (255, 0, 0), (128, 0, 0)],
    "coolwarm": [(59, 76, 192), (221, 221, 221), (180, 4, 38)],
    "Blues": [(247, 251, 255), (107, 174, 214), (8, 48, 107)],
}


def panel(rng: Random, strokes: Strokes, name: str, side: int) -> Image.Image:
    """Matplotlib's imshow of an image of 28 × 28 pixels."""
    image = digit_of((255 * drawn(rng, strokes)).astype(np.uint8)).image_u8
    stops = np.array(MAPS[name], float)
    places = image / 255 * (len(stops) - 1)
    channels = [np.interp(places, range(len(stops)), stops[:, c]) for c in range(3)]
    small = Image.fromarray(np.stack(channels, -1).round().astype(np.uint8))
    return small.resize((side, side), Image.Resampling.NEAREST)


def figure(
    rng: Random, strokes: Strokes, name: str, *, dark: bool = False, extras: bool = True
) -> bytes:
    """The plot with ticks, and perhaps a title and a colour bar."""
    size, side = (640, 480), int(rng.integers(250, 370))
    ground, ink = ("black", "white") if dark else ("white", "black")
    image = Image.new("RGB", size, ground)
    pen = ImageDraw.Draw(image)
    x, y = (480 - side) // 2 + 60, (480 - side) // 2 + 5
    image.paste(panel(rng, strokes, name, side), (x, y))
    pen.rectangle((x - 1, y - 1, x + side, y + side), outline=ink)
    for number in range(6):
        at = round((5 * number + 0.5) / 28 * side)
        pen.text((x + at - 5, y + side + 8), str(5 * number), ink)
        pen.text((x - 22, y + at - 6), str(5 * number), ink)
        pen.line((x + at, y + side, x + at, y + side + 4), ink)
        pen.line((x - 5, y + at, x - 1, y + at), ink)
    if extras and rng.random() < 0.6:
        pen.text((x + side // 2 - 30, y - 20), f"Label: {rng.integers(10)}", ink)
    if extras and rng.random() < 0.5:
        bar = np.linspace(1, 0, side)
        stops = np.array(MAPS[name], float)
        colours = [
            np.interp(bar * (len(stops) - 1), range(len(stops)), stops[:, c]) for c in range(3)
        ]
        strip = np.stack(colours, -1)[:, None].repeat(18, 1).astype(np.uint8)
        image.paste(Image.fromarray(strip), (x + side + 20, y))
        pen.rectangle((x + side + 19, y - 1, x + side + 38, y + side), outline=ink)
        for number in range(5):
            pen.text((x + side + 44, y + side * number // 4 - 6), str(250 - 60 * number), ink)
    if extras and rng.random() < 0.4:
        return saved(image, "JPEG", quality=85)
    return saved(image, "PNG")


def imshow(name: str, dark: bool = False) -> Callable[[Random, Strokes], bytes]:
    return lambda rng, strokes: figure(rng, strokes, name, dark=dark)


def bare_panel(rng: Random, strokes: Strokes) -> bytes:
    """Imshow with axis("off") and a margin."""
    name = str(rng.choice(list(MAPS)))
    image = Image.new("RGB", (400, 320), "white")
    image.paste(panel(rng, strokes, name, 240), (90, 40))
    return saved(image, "PNG")


def plotted_line(rng: Random, strokes: Strokes) -> bytes:
    """The strokes as lines of a plot with axes."""
    side = rng.uniform(200, 260)
    image = Image.new("RGB", (480, 480), "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((60, 40, 440, 420), outline="black")
    for number in range(6):
        pen.text((60 + 70 * number, 428), f"{number / 5:.1f}", "black")
        pen.text((34, 410 - 70 * number), f"{number / 5:.1f}", "black")
    where = mask(strokes, (480, 480), (140, 100, side), 8)
    return saved(picture(over(np.asarray(image, np.float32), (31, 119, 180), where)), "PNG")


ENCODED: dict[str, Callable[[Random, Strokes], bytes]] = {
    one.__name__.replace("_", " "): one
    for one in (
        twelve_bit, twelve_bit_tiff, sixteen_bit, float_tiff, one_bit, palette, cmyk, transparent,
        turned_phone, late_animation, pages, mnist_file, mnist_enlarged, scan, bare_panel,
        plotted_line,
    )
} | {
    f"imshow {name}{', dark style' if dark else ''}": imshow(name, dark)
    for name in MAPS for dark in (False, True) if not dark or name in ("gray", "viridis", "Blues")
}  # fmt: skip
