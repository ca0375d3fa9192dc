"""Two hundred broken or hostile files: each is refused in words, quickly and in little memory."""

import resource
import time
from pathlib import Path

from hostile_pictures import COUNT, encoded, write_all

from synthprof.base.units import MIB
from synthprof.sources.pictures.decode import decode, facts_of
from synthprof.sources.pictures.picture import BadPicture
from synthprof.sources.pictures.source import open_source


def test_each_of_two_hundred_hostile_files_is_refused_in_words(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "pictures"
    folder.mkdir(parents=True)
    assert write_all(folder) == COUNT
    (folder / "zz.png").write_bytes(encoded("png"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reasons, slowest = {}, 0.0
    for picture in open_source(folder):
        began = time.process_time()
        try:
            facts_of(picture.load())
            decode(picture)
        except BadPicture as error:
            reasons[picture.name] = str(error)
        slowest = max(slowest, time.process_time() - began)
    assert "zz.png" not in reasons and len(reasons) == COUNT
    assert all((len(told) > 8 and "; " in told) or told == "it is empty" for told in reasons.values())
    assert slowest < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 700 * MIB // 1_024
