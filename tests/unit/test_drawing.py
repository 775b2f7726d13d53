"""From a drawing or a photo to the picture that MNIST would have made of it."""

from __future__ import annotations

import io
import time
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from mnist_core.drawing.digit import digit_of, read_drawing, read_picture
from mnist_core.drawing.image_files import MOST_PIXELS
from mnist_core.drawing.mnist_format import BOX, SIDE, crop, place, scale
from mnist_core.drawing.photos import ink_on_paper
from mnist_core.errors import DrawingError
from mnist_core.tasks import task

SEVEN = [(70, 60), (200, 60), (120, 230)]


def seven(side: int = 280, *, brush: float = 18, points=SEVEN, factor: float = 1.0) -> Image.Image:
    """A 7, white on black, in the canvas's proportions."""
    image = Image.new("L", (side, side))
    places = [(x * factor, y * factor) for x, y in points]
    ImageDraw.Draw(image).line(places, fill=255, width=round(brush), joint="curve")
    return image


def ink(**options) -> np.ndarray:
    return np.asarray(seven(**options))


def file(image: Image.Image, format: str = "PNG", **options) -> bytes:
    content = io.BytesIO()
    image.save(content, format, **options)
    return content.getvalue()


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation of two pictures, 1 for the same."""
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


REFERENCE = digit_of(ink()).image_u8


def test_the_longer_side_is_20_pixels_and_the_centre_of_mass_in_the_middle():
    digit = digit_of(ink())
    assert digit.image_u8.shape == (SIDE, SIDE) and digit.image_u8.dtype == np.uint8
    assert max(digit.scaled.shape) == BOX and digit.image_u8.max() == 255
    rows, columns = np.nonzero(digit.image_u8 > 0)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == BOX
    weights = digit.image_u8.astype(float)
    for axis in (0, 1):
        centre = (weights.sum(1 - axis) * np.arange(SIDE)).sum() / weights.sum()
        assert abs(centre - 14) <= 0.5


def test_mnist_s_own_digits_come_out_as_they_went_in():
    images = task("mnist").load().x_test[:200]
    likenesses = [likeness(digit_of(image).image_u8, image) for image in images]
    assert np.median(likenesses) > 0.99
    assert np.quantile(likenesses, 0.05) > 0.9


@pytest.mark.parametrize(("side", "factor"), [(280, 1.0), (280, 0.4), (1400, 5.0), (1400, 1.0)])
def test_place_and_size_on_the_canvas_make_no_difference(side, factor):
    drawn = digit_of(ink(side=side, factor=factor, brush=18 * factor)).image_u8
    assert likeness(drawn, REFERENCE) > 0.97
    moved = np.roll(ink(factor=0.5, brush=9), (90, 70), axis=(0, 1))
    assert likeness(digit_of(moved).image_u8, REFERENCE) > 0.95


def test_the_naive_way_depends_on_the_place():
    corner = ink(factor=0.4, brush=18)
    assert likeness(np.asarray(Image.fromarray(corner).resize((SIDE, SIDE))), REFERENCE) < 0.5


def test_a_canvas_is_read_by_brightness_and_opacity():
    pixels = np.zeros((280, 280, 4), np.uint8)
    pixels[..., 3] = 255
    pixels[..., :3] = ink()[..., None]
    opaque = read_drawing(pixels).image_u8
    np.testing.assert_array_equal(opaque, REFERENCE)
    pixels[..., :3], pixels[..., 3] = 255, ink()
    np.testing.assert_array_equal(read_drawing(pixels).image_u8, REFERENCE)


def test_an_empty_canvas_is_refused():
    with pytest.raises(DrawingError, match=r"^The drawing is empty\..*Draw one digit"):
        digit_of(np.zeros((280, 280), np.uint8))


@pytest.mark.parametrize("radius", [0.5, 1, 3, 5, 9, 15])
def test_one_dot_is_no_digit(radius):
    image = Image.new("L", (280, 280))
    ImageDraw.Draw(image).ellipse((140 - radius, 90 - radius, 140 + radius, 90 + radius), fill=255)
    with pytest.raises(DrawingError, match="one dot"):
        digit_of(np.asarray(image))


def test_a_small_nought_whose_hole_has_closed_is_no_dot():
    image = Image.new("L", (280, 280))
    ImageDraw.Draw(image).ellipse((100, 100, 148, 148), outline=255, width=18)
    assert digit_of(np.asarray(image)).image_u8.max() == 255


def test_a_plain_stroke_is_a_digit():
    digit = digit_of(ink(points=[(140, 40), (140, 240)]))
    assert digit.scaled.shape[0] == BOX and digit.scaled.shape[1] <= 3


def test_a_short_stroke_is_no_dot():
    digit = digit_of(ink(points=[(140, 120), (140, 155)], brush=12))
    assert digit.scaled.shape[0] == BOX and digit.scaled.shape[1] < BOX / 2


@pytest.mark.parametrize("edges", [("top",), ("left", "bottom"), ("top", "right")])
def test_a_digit_at_the_edge_is_read_and_said_to_touch_it(edges):
    whole = ink()
    rows, columns = np.flatnonzero(whole.any(axis=1)), np.flatnonzero(whole.any(axis=0))
    sides = {"top": (0, -rows[0]), "bottom": (0, len(whole) - 1 - rows[-1])}
    sides |= {"left": (1, -columns[0]), "right": (1, len(whole) - 1 - columns[-1])}
    moved = whole
    for edge in edges:
        axis, steps = sides[edge]
        moved = np.roll(moved, steps, axis)
    digit = digit_of(moved)
    assert digit.touches_edge and not digit_of(whole).touches_edge
    np.testing.assert_array_equal(digit.image_u8, REFERENCE)


def test_a_digit_that_the_edge_cuts_is_read_and_said_to_touch_it():
    digit = digit_of(ink()[:215])  # the foot is gone
    assert digit.touches_edge
    assert likeness(digit.image_u8, REFERENCE) > 0.8


def test_two_digits_side_by_side_are_refused():
    two = ink(factor=0.5, brush=12) + np.roll(ink(factor=0.5, brush=12), 120, axis=1)
    with pytest.raises(DrawingError, match=r"two digits.*let its lines meet"):
        digit_of(two)


def test_two_ones_are_two_digits():
    image = Image.new("L", (280, 280))
    for x in (60, 220):
        ImageDraw.Draw(image).line([(x, 60), (x, 220)], fill=255, width=18)
    with pytest.raises(DrawingError, match="two digits"):
        digit_of(np.asarray(image))


def test_a_four_in_two_strokes_that_do_not_meet_is_one_digit():
    image = Image.new("L", (280, 280))
    pen = ImageDraw.Draw(image)
    pen.line([(100, 50), (80, 150), (150, 150)], fill=255, width=14, joint="curve")
    pen.line([(180, 50), (180, 230)], fill=255, width=14)
    digit = digit_of(np.asarray(image))
    assert digit.image_u8[:, :14].any() and digit.image_u8[:, 18:].any()


def test_a_five_with_its_roof_apart_is_one_digit():
    image = Image.new("L", (280, 280))
    pen = ImageDraw.Draw(image)
    pen.line([(90, 50), (200, 50)], fill=255, width=18)
    pen.line([(90, 80), (90, 130), (180, 140), (190, 200), (90, 220)], fill=255, width=18)
    assert digit_of(np.asarray(image)).image_u8.max() == 255


def test_thin_lines_are_thickened_and_thick_ones_left():
    thin, thick = digit_of(ink(brush=3)).image_u8, digit_of(ink(brush=30)).image_u8
    assert (thin > 100).sum() > 25
    assert (thick > 100).sum() > 2 * (REFERENCE > 100).sum() * 0.6
    assert likeness(thin, REFERENCE) > 0.75


# ---- picture files


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
@pytest.mark.parametrize("inverted", [False, True])
def test_files_of_every_usual_kind_are_read_light_on_dark_and_dark_on_light(format, inverted):
    image = ImageOps.invert(seven()) if inverted else seven()
    digit = read_picture(file(image.convert("RGB"), format))
    assert likeness(digit.image_u8, REFERENCE) > 0.95


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "LA", "CMYK", "I;16"])
def test_every_kind_of_pixel_is_read(mode):
    if mode == "I;16":
        image = Image.fromarray(np.asarray(seven(), np.uint16) * 257)
    else:
        image = seven().convert("RGB").convert(mode)
    content = file(image, "TIFF" if mode == "CMYK" else "PNG")
    assert likeness(read_picture(content).image_u8, REFERENCE) > 0.95


@pytest.mark.parametrize("colour", [0, 255])
def test_ink_on_a_transparent_ground_is_read_whatever_its_colour(colour):
    image = Image.new("RGBA", (280, 280), (colour, colour, colour, 0))
    image.putalpha(seven())
    assert likeness(read_picture(file(image)).image_u8, REFERENCE) > 0.95


def photo(side: int = 1200) -> np.ndarray:
    """A 7 with a blue pen on grey paper, lit from one side, with noise and a few specks."""
    generator = np.random.default_rng(7)
    stroke = np.asarray(seven(side, factor=side / 280 * 0.6, brush=side / 40), np.float32) / 255
    y, x = np.mgrid[0:side, 0:side] / side
    paper = 210 - 90 * x - 30 * y
    grey = paper * (1 - 0.6 * np.roll(stroke, side // 6, axis=(0, 1)))
    grey += generator.normal(0, 4, grey.shape)
    for row, column in generator.integers(side // 10, side - side // 10, (6, 2)):
        grey[row : row + 4, column : column + 4] -= 60
    return np.clip(grey, 0, 255)


def test_a_photo_under_uneven_light_is_read():
    content = file(Image.fromarray(photo().astype(np.uint8)).convert("RGB"), "JPEG", quality=80)
    assert likeness(read_picture(content).image_u8, REFERENCE) > 0.9


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_phone_s_photo_is_turned_upright(orientation):
    turned = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}
    turned[8] = Image.Transpose.ROTATE_270
    image = Image.fromarray(photo(600).astype(np.uint8)).transpose(turned[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = file(image, "JPEG", exif=exif, quality=90)
    assert likeness(read_picture(content).image_u8, REFERENCE) > 0.9


LIGHTS = {
    "a strong slope": lambda x, y: 1 - 0.75 * x,
    "a lamp in a corner": lambda x, y: 0.3 + 0.7 * np.exp(-4 * ((x - 0.3) ** 2 + (y - 0.3) ** 2)),
    "dark corners": lambda x, y: 1 - 1.2 * ((x - 0.5) ** 2 + (y - 0.5) ** 2),
    "the shadow of a phone": lambda x, y: np.where(x + 0.3 * y > 0.7, 0.7, 1),
    "a dark table on the left": lambda x, y: np.where(x < 0.08, 0.3, 1),
    "a finely lined page": lambda x, y: np.where(y * 800 % 80 < 4, 0.88, 1),
}


@pytest.mark.parametrize("light", LIGHTS)
def test_ink_is_told_from_paper_in_every_light(light):
    side = 800
    y, x = np.mgrid[0:side, 0:side] / side
    stroke = np.asarray(seven(side, factor=side / 280, brush=18 * side / 280)) / 255
    grey = 225 * LIGHTS[light](x, y) * (1 - 0.6 * stroke)
    grey += np.random.default_rng(3).normal(0, 3, grey.shape)
    digit = digit_of(ink_on_paper(np.clip(grey, 0, 255).astype(np.float32)))
    assert likeness(digit.image_u8, REFERENCE) > 0.9


def test_chalk_on_a_board_is_read():
    grey = 50 + 120 * (np.asarray(seven(800, factor=800 / 280, brush=51)) / 255)
    grey += np.random.default_rng(3).normal(0, 4, grey.shape)
    digit = digit_of(ink_on_paper(grey.astype(np.float32)))
    assert likeness(digit.image_u8, REFERENCE) > 0.95


def test_a_thin_pen_that_fills_a_large_photo_is_read_in_seconds():
    side = 2000
    thin = ink(side=side, factor=side / 280, brush=6)
    began = time.perf_counter()
    digit = digit_of(ink_on_paper((220 - 0.6 * thin).astype(np.float32)))
    assert time.perf_counter() - began < 60  # a dilation took minutes
    assert likeness(digit.image_u8, digit_of(ink(brush=3)).image_u8) > 0.8


@pytest.mark.parametrize("mode", ["P", "1", "I;16", "LA"])
def test_large_pictures_of_every_kind_of_pixel_are_read(mode):
    large = seven(2100, factor=7.5, brush=135)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(large, np.uint16) * 257)
    else:
        image = large.convert("RGB").convert(mode)
    digit = read_picture(file(image))
    assert max(digit.ink.shape) <= 2048
    assert likeness(digit.image_u8, REFERENCE) > 0.95


def test_transparent_corners_of_a_page_are_paper():
    image = ImageOps.invert(seven()).convert("RGBA")
    opaque = Image.new("L", image.size)
    ImageDraw.Draw(opaque).rounded_rectangle((0, 0, 279, 279), 60, fill=255)
    image.putalpha(opaque)
    assert likeness(read_picture(file(image)).image_u8, REFERENCE) > 0.95


def test_a_photo_of_40_megapixels_is_read():
    image = Image.fromarray(photo(700).astype(np.uint8)).resize((7300, 5500))
    content = file(image, "JPEG")
    digit = read_picture(content)
    assert max(digit.ink.shape) <= 2048
    stretched = digit_of(np.asarray(seven().resize((365, 275)))).image_u8
    assert likeness(digit.image_u8, stretched) > 0.85


def test_a_picture_with_more_pixels_than_are_read_is_refused():
    content = file(Image.new("1", (10_000, MOST_PIXELS // 10_000 + 1)))
    with pytest.raises(DrawingError, match=r"80 million"):
        read_picture(content)


def test_a_bomb_is_refused():
    content = bytearray(file(Image.new("1", (10, 10))))
    content[16:24] = (60_000).to_bytes(4, "big") * 2  # PNG's width and height
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(DrawingError, match=r"80 million"):
            read_picture(bytes(content))


def test_a_tiny_picture_is_read():
    image = task("mnist").load().x_test[0]
    assert likeness(read_picture(file(Image.fromarray(image))).image_u8, image) > 0.9


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_picture_is_refused(level):
    with pytest.raises(DrawingError, match="same brightness"):
        read_picture(file(Image.new("L", (300, 200), level)))


def test_blank_paper_with_shadow_and_noise_is_refused():
    noise = np.random.default_rng(1).normal(0, 3, (400, 400))
    paper = 200 - 60 * np.linspace(0, 1, 400)[None] + noise
    with pytest.raises(DrawingError, match="same brightness"):
        ink_on_paper(paper.astype(np.float32))


def test_heic_is_named_and_a_way_out_given():
    content = b"\x00\x00\x00\x18ftypheic" + bytes(40)
    with pytest.raises(DrawingError, match=r"HEIC.*JPEG"):
        read_picture(content)


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n", b"%PDF-1.7"])
def test_what_is_no_picture_is_refused(content):
    with pytest.raises(DrawingError):
        read_picture(content)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "TIFF"])
def test_a_file_that_is_cut_short_is_refused(format):
    content = file(Image.fromarray(photo(300).astype(np.uint8)), format)
    with pytest.raises(DrawingError, match="damaged"):
        read_picture(content[: len(content) // 2])


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"])
def test_a_damaged_file_has_a_picture_or_an_error(format):
    whole = file(seven(60, factor=60 / 280, brush=5).convert("RGB"), format)
    generator = np.random.default_rng(5)
    for _ in range(60):
        content = bytearray(whole)
        for byte in generator.integers(0, len(content), 3):
            content[byte] = generator.integers(256)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, of odd metadata
            try:
                image = read_picture(bytes(content)).image_u8
            except DrawingError:
                continue
        assert image.shape == (SIDE, SIDE)


def test_a_program_in_place_of_a_picture_is_not_run():
    with pytest.raises(DrawingError, match="image format"):
        read_picture(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n")


# ---- the steps, for any ink


inks = st.builds(
    lambda seed, height, width, share: (
        (np.random.default_rng(seed).random((height, width)) < share).astype(np.uint8)
        * np.uint8(255)
    ),
    st.integers(0, 10_000),
    st.integers(1, 90),
    st.integers(1, 90),
    st.floats(0.001, 1),
)


@settings(deadline=None)
@given(inks)
def test_any_ink_has_a_picture_or_an_error(drawn):
    try:
        digit = digit_of(drawn)
    except DrawingError:
        return
    assert digit.image_u8.shape == (SIDE, SIDE) and digit.image_u8.max() == 255
    assert max(digit.scaled.shape) == BOX


@settings(deadline=None)
@given(inks.filter(lambda drawn: drawn.any()))
def test_every_step_keeps_its_promise(drawn):
    cropped, _ = crop(drawn)
    assert cropped[0].any() and cropped[-1].any()
    assert cropped[:, 0].any() and cropped[:, -1].any()
    scaled = scale(cropped)
    assert max(scaled.shape) == BOX and min(scaled.shape) >= 1
    assert place(scaled).sum() == scaled.sum()
