"""Pictures of profiles per CPU-second, by size and share of copies, and their bytes: one process."""

import io
import tarfile
import time

from PIL import Image

from synthprof.profiles.avatars.block import avatars_of
from synthprof.profiles.children import generate_family
from synthprof.schemas.loader import load_bundle
from synthprof.spec.spec import Spec

ROWS = 2_000


def main() -> None:
    """Print a line for each size and share."""
    schema = load_bundle("gamer_br").schema
    profiles = generate_family(schema, 1, "pt_BR", 0.8, 0, ROWS).generated.profiles
    print("pixels  copies  pictures/CPU-s  bytes a picture  Pillow's PNG of a drawn one")
    for size in (64, 128, 256):
        for copies in (0.0, 0.1, 1.0):
            spec = Spec(profiles=ROWS, seed=1, avatars=True, avatar_size=size, avatar_copies=copies)
            part = profiles.slice(0, ROWS * 64 * 64 // size**2)
            list(avatars_of(schema, spec, 0, part.slice(0, 20)))
            begin, pictures, shards = time.process_time(), 0, []
            for each in avatars_of(schema, spec, 0, part):
                pictures += each.truth.num_rows
                shards.append(each.shard)
            seconds, data = time.process_time() - begin, b"".join(shards)
            print(
                f"{size:6}  {copies:6}  {pictures / seconds:14,.0f}  {len(data) / pictures:15,.0f}  "
                f"{_by_pillow(data):27,.0f}"
            )


def _by_pillow(data: bytes) -> float:
    sizes = []
    with tarfile.open(fileobj=io.BytesIO(data)) as shard:
        for name in [name for name in shard.getnames() if name.endswith(".png") and "-" not in name][:100]:
            written = io.BytesIO()
            Image.open(shard.extractfile(name)).save(written, "PNG", optimize=True)  # type: ignore[arg-type]
            sizes.append(len(written.getvalue()))
    return sum(sizes) / len(sizes)


if __name__ == "__main__":
    main()
