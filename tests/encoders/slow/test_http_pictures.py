"""Pictures for an embedding service: small, without metadata, each paid for once, whatever fails."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from fault_server import Faults, serving
from picture_sets import draw_folder, make
from PIL import Image

from synthprof.encoders.slow.contents import Drawn, Unreadable
from synthprof.encoders.slow.http import Endpoint
from synthprof.encoders.slow.http_pictures import SIDE, HttpPictureEncoder

DIM = 32


class _Broken:
    def pixels(self, least: int) -> np.ndarray:
        raise Unreadable("it is damaged")


def test_pictures_are_sent_small_as_data_urls_and_bad_ones_not_at_all() -> None:
    faults = Faults()
    large = np.full((900, 1_800, 3), 7, np.uint8)
    with serving(faults) as url, HttpPictureEncoder(Endpoint(f"{url}/embeddings"), "m", DIM) as service:
        broken, good = service.ask([_Broken(), Drawn(large)])
        assert service.encode_pictures([large])[0].tobytes() == np.asarray(good).tobytes()
        assert service.encode_text(["a red circle"]).shape == (1, DIM)
    assert isinstance(broken, Unreadable) and faults.modalities == {"image", "text"}
    (sent,) = {each for each in faults.asked if each.startswith("data:")}
    image = Image.open(io.BytesIO(base64.b64decode(sent.removeprefix("data:image/png;base64,"))))
    assert image.size == (SIDE, SIDE // 2)


def test_a_service_that_fails_now_and_then_embeds_every_picture_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_folder(tmp_path / "photos", 60)
    whole = (tmp_path / "photos" / "00001.jpg").read_bytes()
    (tmp_path / "photos" / "00001.jpg").write_bytes(whole[:-200])
    faults = Faults(busy=0.1, error=0.1)
    with serving(faults) as url:
        monkeypatch.setenv("SYNTHPROF_EMBEDDINGS_URL", f"{url}/embeddings")
        order = {"encoder": "http", "model": "m", "dim_embedding": DIM, "batch_size": 4, "max_failed": 1}
        version = make(tmp_path / "data", tmp_path / "photos", **order)
        assert [hit.rank for hit in version.search("red circles", k=3)] == [1, 2, 3]
        picture = tmp_path / "photos" / "00003.png"
        assert version.similar(image=picture, k=1)[0].profile["chave"] == picture.name
    answered = [count for sent, count in faults.answered.items() if sent.startswith("data:")]
    assert len(answered) >= 59 and np.isnan(version.embeddings()).any(axis=1).sum() == 1
    assert version.thumbnail("00001.jpg") is None and version.thumbnail("00003.png")
