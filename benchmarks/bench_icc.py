"""Colour profiles of pictures: the cost of applying them, and what it would change of pixels and of vectors.

`bench_icc.py [pictures]` draws pictures, says of each that it is in Display P3, and converts it to sRGB.
Cosine similarities are the tiny model's, between a picture as it is and as it is converted.
"""

import io
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
from colour_profiles import display_p3
from drawn_pictures import many
from picture_sets import DIM, TINY

from synthprof.encoders.slow.clip import ClipEncoder
from synthprof.sources.pictures.decode import decoded


def main(count: int) -> None:
    """Measure, and print."""
    model, srgb = ClipEncoder(str(TINY), DIM), ImageCms.createProfile("sRGB")
    plain, applied, seconds = [], [], {"decode": 0.0, "open profile": 0.0, "convert": 0.0}
    for _, image in many(31, count):
        target = io.BytesIO()
        image.resize((1_600, 1_200)).save(target, "JPEG", quality=90, icc_profile=display_p3())
        began = time.process_time()
        shown = decoded(target.getvalue())
        opened = time.process_time()
        embedded = Image.open(io.BytesIO(target.getvalue())).info["icc_profile"]
        known = ImageCms.ImageCmsProfile(io.BytesIO(embedded))
        there = time.process_time()
        changed = ImageCms.profileToProfile(shown, known, srgb)
        seconds["decode"] += opened - began
        seconds["open profile"] += there - opened
        seconds["convert"] += time.process_time() - there
        plain.append(np.asarray(shown))
        applied.append(np.asarray(changed))
    for name, each in seconds.items():
        print(f"{name}: {each / count * 1_000:.2f} ms of CPU a picture of 1.9 MP")
    apart = [np.abs(one.astype(int) - other).mean() for one, other in zip(plain, applied, strict=True)]
    one, other = model.encode_pictures(plain), model.encode_pictures(applied)
    same = (one * other).sum(axis=1)
    nearest = (one @ other.T).argmax(axis=1) == np.arange(count)
    print(f"mean difference of pixels {np.mean(apart):.1f} of 255; ", end="")
    print(f"cosine mean {same.mean():.4f}, least {same.min():.4f}")
    print(f"nearest to the converted picture is itself: {nearest.mean():.3f} of {count}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
