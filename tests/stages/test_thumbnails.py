"""Thumbnails: their sizes, and that each picture has its own however many are compressed at once."""

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from synthprof.stages.thumbnails import AT_ONCE, Thumbnails


def _grey(size: tuple[int, int], value: int) -> Image.Image:
    return Image.fromarray(np.full((size[1], size[0], 3), value, np.uint8))


@pytest.mark.parametrize(
    ("size", "expected"),
    [((256, 100), (256, 100)), ((257, 100), (129, 50)), ((400, 300), (200, 150)), ((5_000, 3), (250, 1))],
)
def test_a_thumbnail_has_between_128_and_256_pixels_where_the_picture_has_them(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    thumbnails = Thumbnails()
    thumbnails.add(b"one", _grey(size, 7))
    (made,) = thumbnails.batch([b"one"]).column(0).to_pylist()
    assert Image.open(io.BytesIO(made)).size == expected


def test_each_picture_has_its_own_thumbnail_from_any_number_of_threads() -> None:
    count = 3 * AT_ONCE + 5
    thumbnails = Thumbnails()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda at: thumbnails.add(bytes([at]), _grey((32, 32), 3 * at)), range(count)))
    assert all(bytes([at]) in thumbnails for at in range(count)) and b"other" not in thumbnails
    made = thumbnails.batch([*(bytes([at]) for at in range(count)), None, b"other"]).column(0).to_pylist()
    assert made[count:] == [None, None]
    for at, each in enumerate(made[:count]):
        assert abs(int(np.asarray(Image.open(io.BytesIO(each)))[5, 5, 0]) - 3 * at) <= 2
