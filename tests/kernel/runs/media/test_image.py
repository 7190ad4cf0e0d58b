"""Pictures come back as they were given."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from labdeck.errors import NotFound, UsageError
from labdeck.runs.media import image as module
from labdeck.runs.media.image import encode_png, to_image


def decoded(content):
    data = content.data if isinstance(content.data, bytes) else content.data.read_bytes()
    return np.asarray(Image.open(io.BytesIO(data)))


@given(
    arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3, 4]))),
)
def test_png_holds_every_pixel(pixels):
    found = np.asarray(Image.open(io.BytesIO(encode_png(pixels))))
    assert np.array_equal(found.reshape(pixels.shape), pixels)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (np.array([[0.0, 0.5], [1.0, 0.25]]), [[0, 128], [255, 64]]),
        (np.array([[0, 255]], np.int64), [[0, 255]]),
        (np.array([[True, False]]), [[255, 0]]),
        (np.array([[1.0004, -0.0004]]), [[255, 0]]),
    ],
)
def test_arrays_of_many_kinds(image, expected):
    assert decoded(to_image(image)).tolist() == expected


def test_channels():
    colours = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    assert np.array_equal(decoded(to_image(colours)), colours)
    assert np.array_equal(decoded(to_image(colours[:, :, :3])), colours[:, :, :3])
    assert np.array_equal(decoded(to_image(colours[:, :, :1])), colours[:, :, 0])


@pytest.mark.slow
def test_tensors_have_their_channels_first_or_last():
    import torch

    first = torch.rand(3, 5, 7)
    expected = np.rint(np.moveaxis(first.numpy(), 0, 2) * np.float32(255)).astype(np.uint8)
    assert np.array_equal(decoded(to_image(first)), expected)
    assert np.array_equal(decoded(to_image(first.permute(1, 2, 0))), expected)
    grey = torch.zeros(1, 4, 4, dtype=torch.bfloat16, requires_grad=True)
    assert decoded(to_image(grey)).tolist() == np.zeros((4, 4)).tolist()


@pytest.mark.slow
def test_figures_of_matplotlib_are_drawn():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 1), dpi=50)
    figure.subplots().plot([1, 2])
    assert decoded(to_image(figure)).shape[:2] == (50, 100)


@pytest.mark.parametrize(("mode", "form"), [("RGB", "RGB"), ("L", "L"), ("CMYK", "RGB"), ("F", "RGB"), ("P", "P")])
def test_pictures_of_pil(mode, form):
    content = to_image(Image.new(mode, (4, 3)))
    found = Image.open(io.BytesIO(content.data))
    assert (found.size, found.mode, content.media_type) == ((4, 3), form, "image/png")


@pytest.mark.parametrize("form", ["png", "jpeg", "gif", "webp", "bmp"])
def test_files_are_told_by_what_they_hold(tmp_path, form):
    path = tmp_path / "picture.dat"
    Image.new("RGB", (4, 3)).save(path, format=form)
    content = to_image(path)
    assert (content.media_type, content.data) == (f"image/{form}", path)


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.zeros((2, 3, 5)), "no image has the shape 2×3×5"),
        (np.zeros(4), "no image has the shape 4"),
        (np.zeros((0, 4)), "is empty"),
        (np.full((2, 2), 200.0), "run from 200 to 200, not from 0 to 1"),
        (np.array([[np.nan]]), "replace NaN"),
        (np.array([[-1, 3]]), "not from 0 to 255"),
        (np.array([["a"]]), "made of"),
        (7, "given as int"),
        (None, "given as NoneType"),
    ],
)
def test_mistakes_are_one_line(image, said):
    with pytest.raises(UsageError, match=said) as raised:
        to_image(image)
    assert "\n" not in str(raised.value)


def test_files_that_are_none(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(UsageError, match="no picture"):
        to_image(tmp_path / "text.png")
    with pytest.raises(NotFound, match="there is no file"):
        to_image(tmp_path / "missing.png")
    with pytest.raises(UsageError, match="is a folder"):
        to_image(tmp_path)


def test_a_picture_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(module, "MAX_PIXELS", 10)
    with pytest.raises(UsageError, match="the limit is 10"):
        to_image(np.zeros((4, 4)))
    with pytest.raises(UsageError, match="the limit is 10"):
        to_image(Image.new("L", (4, 4)))
