"""Finding the one digit in photos, scans and figures, whatever else there is."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, TiffImagePlugin

from mnist_core.drawing.digit import digit_of, read_picture
from mnist_core.errors import DrawingError

DIGITS = {
    2: [[(1, 3), (2, 1), (4, 0), (7, 1), (8, 3), (7, 6), (4, 10), (1, 14), (5, 13), (9, 14)]],
    3: [[(1, 1), (5, 0), (8, 2), (7, 5), (4, 6), (8, 8), (9, 11), (6, 14), (1, 13)]],
    5: [[(9, 0), (2, 0), (2, 6), (6, 5), (9, 8), (8, 12), (5, 14), (1, 13)]],
    7: [[(1, 0), (9, 0), (6, 7), (4, 14)]],
}
PAPER, PEN = (226, 224, 218), (35, 45, 130)
Draw = Callable[[ImageDraw.ImageDraw], None]


def put(pen: ImageDraw.ImageDraw, digit: int, x: float, y: float, unit: float, ink, width=None):
    """Draw a digit of 14 units' height."""
    width = width or 1.3 * unit
    for stroke in DIGITS[digit]:
        points = [(x + a * unit, y + b * unit) for a, b in stroke]
        pen.line(points, ink, round(width), joint="curve")
        for a, b in points:
            pen.ellipse((a - width / 2, b - width / 2, a + width / 2, b + width / 2), ink)


def sheet(*draw: Draw, size=(360, 300), paper=PAPER) -> Image.Image:
    """Paper with grain, and what is drawn on it."""
    image = Image.new("RGB", size, paper)
    for one in draw:
        one(ImageDraw.Draw(image))
    noise = np.random.default_rng(1).normal(0, 2.5, (size[1], size[0], 1))
    return Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))


def five(pen: ImageDraw.ImageDraw) -> None:
    put(pen, 5, 130, 80, 9, PEN)


def file(image: Image.Image, format: str = "PNG", **options) -> bytes:
    content = io.BytesIO()
    image.save(content, format, **options)
    return content.getvalue()


def ink(size=(360, 300)) -> np.ndarray:
    """The 5 alone, bright on black."""
    image = Image.new("L", size)
    put(ImageDraw.Draw(image), 5, 130, 80, 9, 255)
    return np.asarray(image)


FIVE = digit_of(ink()).image_u8


def likeness(one: np.ndarray, other: np.ndarray = FIVE) -> float:
    """Correlation of two pictures, 1 for the same."""
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def line(x: float, y: float, to_x: float, to_y: float, ink=PEN, width: int = 3) -> Draw:
    return lambda pen: pen.line((x, y, to_x, to_y), ink, width)


def box(*corners: float, ink=(60, 60, 65), width: int = 2) -> Draw:
    return lambda pen: pen.rectangle(corners, None, ink, width)


def blot(*corners: float, ink=(70, 62, 58)) -> Draw:
    return lambda pen: pen.ellipse(corners, ink)


def squares(pen: ImageDraw.ImageDraw) -> None:
    for at in range(13, 360, 30):
        pen.line((at, 0, at + 4, 300), (95, 105, 150), 2)
        pen.line((0, at, 360, at - 4), (95, 105, 150), 2)


BESIDE: dict[str, tuple[Draw, ...]] = {
    "a fingertip at the top": (blot(40, -30, 100, 24, ink=(150, 92, 78)),),
    "dark bits on the right": (blot(350, 70, 380, 90), blot(352, 130, 375, 142)),
    "a pen on the left": (lambda pen: pen.rectangle((0, 120, 10, 210), (60, 55, 50)),),
    "a table in the corner": (lambda pen: pen.polygon([(0, 0), (90, 0), (0, 120)], (70, 50, 40)),),
    "punched holes": (blot(18, 60, 38, 80), blot(18, 220, 38, 240)),
    "a box around": (box(105, 55, 240, 232),),
    "a row of boxes": tuple(box(10 + 113 * n, 55, 123 + 113 * n, 232) for n in range(3)),
    "a line below": (line(60, 222, 300, 226, (40, 40, 40)),),
    "a line that it stands on": (line(60, 208, 300, 206, (40, 40, 40)),),
    "a red margin": (line(45, 0, 48, 300, (200, 60, 70)),),
    "squared paper": (squares,),
}


@pytest.mark.parametrize("things", BESIDE)
def test_what_is_no_ink_of_the_digit_is_left_out(things):
    content = file(sheet(*BESIDE[things], five), "JPEG", quality=85)
    assert likeness(read_picture(content).image_u8) > 0.85


def test_a_sheet_on_a_table_is_found():
    image = Image.new("RGB", (520, 460), (80, 62, 48))
    ImageDraw.Draw(image).polygon([(80, 60), (430, 75), (440, 380), (70, 370)], PAPER)
    put(ImageDraw.Draw(image), 5, 190, 150, 9, PEN)
    assert likeness(read_picture(file(image, "JPEG")).image_u8) > 0.85


def test_a_hard_shadow_is_no_ink():
    image = sheet(five)
    x = np.arange(360) + np.arange(300)[:, None] / 3
    shade = np.where(x > 235, 0.62, 1)[..., None]
    image = Image.fromarray((np.asarray(image) * shade).astype(np.uint8))
    assert likeness(read_picture(file(image, "JPEG")).image_u8) > 0.85


# ---- several digits


def rows(*lines: tuple[int, ...], unit: float = 5) -> Image.Image:
    def draw(pen: ImageDraw.ImageDraw) -> None:
        for row, digits in enumerate(lines):
            for column, digit in enumerate(digits):
                put(pen, digit, 30 + 16 * unit * column, 25 + 19 * unit * row, unit, PEN)

    return sheet(draw, size=(420, 420))


def two(first: int, second: int, x: float, y: float, right: float, down: float) -> Draw:
    def draw(pen: ImageDraw.ImageDraw) -> None:
        put(pen, first, x, y, 9.6, PEN)
        put(pen, second, x + right, y + down, 9.6, PEN)

    return draw


@pytest.mark.parametrize(
    "image",
    [
        rows((2, 3, 5), (7, 2, 3)),
        rows((2, 3, 5), (7, 2, 3), (5, 7, 2)),
        rows((3,), (7,), unit=9),
        rows((3,), (5,), (2,)),
        rows((2, 3, 5, 7), unit=4),
        sheet(two(3, 5, 150, 12, 0, 132)),
        sheet(two(3, 2, 60, 30, 150, 110)),
        sheet(squares, two(5, 2, 30, 60, 170, 0)),
    ],
    ids=["rows", "grid", "column", "three", "number", "touching", "diagonal", "on squared paper"],
)  # fmt: skip
def test_several_digits_are_refused(image):
    with pytest.raises(DrawingError, match=r"\d digits|No single digit"):
        read_picture(file(image, "JPEG", quality=85))


def test_how_many_digits_there_are_is_said():
    with pytest.raises(DrawingError, match="6 digits"):
        read_picture(file(rows((2, 3, 5), (7, 2, 3))))


def test_a_digit_in_pieces_is_one():
    def draw(pen: ImageDraw.ImageDraw) -> None:
        pen.line([(150, 60), (230, 58)], PEN, 11)  # the roof of a 5, apart
        pen.line([(150, 80), (148, 130), (190, 122), (220, 150), (210, 190), (150, 205)], PEN, 11)

    assert read_picture(file(sheet(draw))).image_u8.any()


# ---- plotted figures


def plotted(low, high, middle=None, *, ground="white", axes=True, extras=True) -> Image.Image:
    """The 5 as imshow plots it: a square with ticks, in colours from low to high."""
    share = FIVE[..., None] / 255
    stops = [
        np.array(low),
        np.array(middle or (np.array(low) + high) / 2),
        np.array(high),
    ]
    colours = np.where(
        share < 0.5,
        stops[0] + 2 * share * (stops[1] - stops[0]),
        stops[1] + (2 * share - 1) * (stops[2] - stops[1]),
    )
    square = Image.fromarray(colours.astype(np.uint8)).resize((224, 224), Image.Resampling.NEAREST)
    image = Image.new("RGB", (400, 300), ground)
    image.paste(square, (90, 40))
    pen, ink = ImageDraw.Draw(image), "black" if ground == "white" else "white"
    if axes:
        pen.rectangle((89, 39, 314, 264), outline=ink)
        for k in range(6):
            pen.text((88 + k * 40, 272), str(5 * k), ink)
            pen.text((66, 40 + k * 40), str(5 * k), ink)
    if extras:
        pen.text((180, 18), "Label: 5", ink)
        for y in range(224):
            colour = tuple(int(a) for a in stops[2] + (stops[0] - stops[2]) * y / 224)
            pen.line((335, 40 + y, 350, 40 + y), colour)
        pen.rectangle((334, 39, 351, 264), outline=ink)
    return image


VIRIDIS = ((68, 1, 84), (253, 231, 37), (33, 145, 140))
FIGURES = {
    "gray": plotted((0, 0, 0), (255, 255, 255), extras=False),
    "gray without axes": plotted((0, 0, 0), (255, 255, 255), axes=False, extras=False),
    "gray, dark style": plotted((0, 0, 0), (255, 255, 255), ground="black"),
    "inverted": plotted((255, 255, 255), (0, 0, 0)),
    "viridis": plotted(*VIRIDIS),
    "viridis, dark style": plotted(*VIRIDIS, ground="black"),
    "coolwarm": plotted((59, 76, 192), (180, 4, 38), middle=(221, 221, 221)),
    "jet": plotted((0, 0, 128), (128, 0, 0), middle=(124, 255, 121)),
}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_a_plotted_digit_is_read(name):
    assert likeness(read_picture(file(FIGURES[name])).image_u8) > 0.8


def test_a_digit_plotted_in_jet_is_read_from_a_jpeg():
    content = file(FIGURES["jet"], "JPEG", quality=85)
    assert likeness(read_picture(content).image_u8) > 0.8


# ---- inks and files


@pytest.mark.parametrize(
    ("paper", "pen"),
    [
        ((228, 226, 220), (250, 245, 80)),  # a yellow marker
        ((190, 215, 240), (240, 200, 200)),  # pink on blue, as bright
        ((246, 246, 246), (232, 232, 232)),
        ((60, 57, 54), (34, 36, 40)),  # in the dark
    ],
)
def test_ink_that_differs_little_or_in_colour_alone_is_read(paper, pen):
    image = Image.new("RGB", (360, 300), paper)
    put(ImageDraw.Draw(image), 5, 130, 80, 9, pen)
    assert likeness(read_picture(file(image)).image_u8) > 0.9


SHARE = ink().astype(np.float32) / 255


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
@pytest.mark.parametrize("values", [(4095, 200), (100, 4000), (900, 20)])
def test_values_of_any_range_in_16_bits_are_read(format, values):
    paper, pen = values
    image = Image.fromarray((paper + (pen - paper) * SHARE).astype(np.uint16))
    assert likeness(read_picture(file(image, format)).image_u8) > 0.9


@pytest.mark.parametrize("levels", [SHARE, 1 - SHARE, 2 * SHARE - 1, 1e6 * (1 - SHARE)])
def test_floating_point_values_of_any_range_are_read(levels):
    levels = levels.astype(np.float32)
    levels[0, :3] = (np.nan, np.inf, -np.inf)
    assert likeness(read_picture(file(Image.fromarray(levels), "TIFF")).image_u8) > 0.9


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_frame_with_the_whole_digit_is_read(format):
    levels = [255 - part * SHARE * 255 for part in (0, 0, 1)]
    frames = [Image.fromarray(one.astype(np.uint8)).convert("RGB") for one in levels]
    if format != "TIFF":  # half of the digit is drawn
        frames.insert(2, frames[2].copy())
        frames[2].paste("white", (0, 130, 360, 300))
    content = file(frames[0], format, save_all=True, append_images=frames[1:])
    digit = read_picture(content)
    assert likeness(digit.image_u8) > 0.9
    assert digit.frame > 1


def test_thousands_of_frames_are_not_all_looked_at(monkeypatch):
    blank = Image.new("L", (8, 8), 255)
    content = file(blank, "TIFF", save_all=True, append_images=[blank] * 500)
    seeks, seek = [], TiffImagePlugin.TiffImageFile.seek

    def counted(self, frame):
        seeks.append(frame)
        seek(self, frame)

    monkeypatch.setattr(TiffImagePlugin.TiffImageFile, "seek", counted)
    with pytest.raises(DrawingError, match="same brightness"):
        read_picture(content)
    assert 10 < len(seeks) < 100


def test_a_lab_picture_is_read_by_its_lightness():
    image = Image.merge(
        "LAB", [Image.fromarray(255 - ink())] + [Image.new("L", (360, 300), 128)] * 2
    )
    assert likeness(read_picture(file(image, "TIFF")).image_u8) > 0.9


def test_what_is_no_digit_at_all_is_refused_and_the_reason_said():
    noise = np.random.default_rng(2).random((40, 40))
    image = Image.fromarray((noise * 255).astype(np.uint8)).resize((400, 400))
    with pytest.raises(DrawingError, match=r"No single digit|\d digits"):
        read_picture(file(image))
