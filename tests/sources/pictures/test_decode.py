"""Each kind of odd picture has one documented outcome."""

import datetime
import io

import numpy as np
import pytest
from colour_profiles import display_p3
from hostile_pictures import encoded
from PIL import Image, ImageCms

from synthprof.sources.pictures import decode as module
from synthprof.sources.pictures.decode import decode, decoded, facts_of
from synthprof.sources.pictures.picture import BadPicture, Picture


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def pixels(content: bytes, least: int = 0) -> np.ndarray:
    return decode(Picture("a", "a", lambda: content), least)


@pytest.mark.parametrize("ending", ["jpg", "png", "gif", "webp", "bmp", "tif", "avif"])
def test_every_format_becomes_rgb_of_eight_bits(ending: str) -> None:
    content = encoded(ending)
    found = pixels(content)
    assert (found.shape, found.dtype) == ((32, 48, 3), np.uint8)
    assert np.abs(found[16, 16].astype(int) - (255, 0, 0)).max() < 40
    names = {"jpg": "jpeg", "tif": "tiff"}
    told = facts_of(content)
    assert (told.format, told.width, told.height) == (names.get(ending, ending), 48, 32)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_colour_profile_changes_no_pixel_as_models_were_trained_without(kind: str) -> None:
    image = Image.fromarray(np.random.default_rng(2).integers(0, 256, (48, 64, 3), dtype=np.uint8))
    plain, profiled = saved(image, kind), saved(image, kind, icc_profile=display_p3())
    found = decoded(profiled)
    assert np.array_equal(np.asarray(found), pixels(plain))
    known = ImageCms.ImageCmsProfile(io.BytesIO(Image.open(io.BytesIO(profiled)).info["icc_profile"]))
    converted = ImageCms.profileToProfile(found, known, ImageCms.createProfile("sRGB"))
    assert not np.array_equal(np.asarray(converted), pixels(plain)), "the profile would change them"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_pictures_stand_upright_whatever_their_exif_orientation(orientation: int, kind: str) -> None:
    """The upper left corner is black; the file holds the picture turned, as a camera leaves it."""
    upright = Image.new("RGB", (64, 32), "white")
    upright.paste("black", (0, 0, 16, 16))
    turned = {
        1: [], 2: [Image.Transpose.FLIP_LEFT_RIGHT], 3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM], 5: [Image.Transpose.TRANSPOSE], 6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE], 8: [Image.Transpose.ROTATE_270],
    }[orientation]  # fmt: skip
    stored = upright
    for turn in turned:
        stored = stored.transpose(turn)
    exif = Image.Exif()
    exif[module.ORIENTATION] = orientation
    content = saved(stored, kind, exif=exif)
    assert (facts_of(content).width, facts_of(content).height) == (64, 32)
    found = pixels(content)
    assert found.shape == (32, 64, 3)
    assert found[4, 4].max() < 40
    assert min(found[4, 60].min(), found[28, 4].min(), found[28, 60].min()) > 215


def test_transparent_parts_are_white() -> None:
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    half = Image.new("RGBA", (8, 8), (0, 0, 0, 128))
    palette = Image.new("P", (8, 8), 0)
    assert pixels(saved(clear, "PNG"))[0, 0].tolist() == [255, 255, 255]
    assert pixels(saved(half, "PNG"))[0, 0].tolist() == [127, 127, 127]
    assert pixels(saved(Image.new("LA", (8, 8), (0, 0)), "PNG"))[0, 0].tolist() == [255, 255, 255]
    assert pixels(saved(palette, "GIF", transparency=0))[0, 0].tolist() == [255, 255, 255]
    assert pixels(saved(clear, "WEBP", lossless=True, exact=True))[0, 0].tolist() == [255, 255, 255]


def test_of_animations_the_first_frame_is_taken() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    for kind in ("GIF", "PNG", "WEBP", "TIFF", "AVIF"):
        content = saved(frames[0], kind, save_all=True, append_images=frames[1:])
        red, green, blue = pixels(content)[4, 4].tolist()
        assert red > 240 and green < 15 and blue < 15, kind


def test_cmyk_and_sixteen_bits_become_eight_bits_of_rgb() -> None:
    assert pixels(encoded("jpg", mode="CMYK"))[16, 16].tolist()[0] > 200
    levels = np.array([[0, 0x0100, 0x7FFF, 0xFFFF]], np.uint16)
    for kind in ("PNG", "TIFF"):
        assert pixels(saved(Image.fromarray(levels), kind))[0, :, 0].tolist() == [0, 1, 127, 255]


def test_large_jpegs_are_decoded_at_a_part_of_their_size_that_is_large_enough() -> None:
    content = encoded("jpg", (4_000, 3_000))
    assert pixels(content, least=224).shape == (375, 500, 3)
    assert pixels(content, least=400).shape == (750, 1_000, 3)
    assert pixels(content).shape == (3_000, 4_000, 3)
    assert pixels(encoded("jpg"), least=224).shape == (32, 48, 3)


def test_the_date_is_that_of_the_picture_before_that_of_the_file() -> None:
    exif = Image.Exif()
    exif[module.TAKEN] = "2021:02:03 04:05:06"
    assert facts_of(saved(Image.new("L", (8, 8)), "JPEG", exif=exif)).taken == datetime.datetime(
        2021, 2, 3, 4, 5, 6
    )
    exif.get_ifd(module.DETAILS)[module.TAKEN_ORIGINAL] = "2019:12:31 23:59:58"
    taken = facts_of(saved(Image.new("L", (8, 8)), "JPEG", exif=exif)).taken
    assert taken == datetime.datetime(2019, 12, 31, 23, 59, 58)
    exif.get_ifd(module.DETAILS)[module.TAKEN_ORIGINAL] = "0000:00:00 00:00:00"
    exif[module.TAKEN] = "soon"
    assert facts_of(saved(Image.new("L", (8, 8)), "JPEG", exif=exif)).taken is None


def test_odd_exif_leaves_the_pixels_as_they_are() -> None:
    content = saved(Image.new("RGB", (8, 8), "red"), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert pixels(content).shape == (8, 8, 3)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    content = saved(Image.new("1", (9_460, 9_460)), "PNG")
    with pytest.raises(BadPicture, match=r"9,460 x 9,460 pixels, 89,478,485 are the most"):
        facts_of(content)
    with pytest.raises(BadPicture, match="make it smaller"):
        decoded(content)


def test_large_pictures_are_decoded_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGE_PIXELS", 100)
    with module._LARGE:
        assert pixels(encoded("png", (10, 10))).shape == (10, 10, 3)
        free = module._LARGE.acquire(blocking=False)
    assert not free
    assert pixels(encoded("png", (11, 10))).shape == (10, 11, 3)
    assert module._LARGE.acquire(blocking=False)
    module._LARGE.release()
