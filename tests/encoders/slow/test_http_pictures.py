"""Pictures for an embedding service: small, without metadata, each paid for once, in the form it takes."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from fault_server import PICTURE, Faults, serving, vector
from picture_sets import draw_folder, make
from PIL import Image

from synthprof.base.errors import SpecError
from synthprof.encoders.slow.contents import Drawn, Unreadable
from synthprof.encoders.slow.http import Endpoint
from synthprof.encoders.slow.http_pictures import SIDE, HttpPictureEncoder
from synthprof.encoders.slow.rejected import Rejected

DIM = 32
form = pytest.mark.parametrize("pictures", ["objects", "urls"])


class _Broken:
    def image(self, least: int) -> Image.Image:
        raise Unreadable("it is damaged")


def _shown(faults: Faults) -> set[tuple[int, int]]:
    """The sizes of the pictures that were sent, but for those that settle the form."""
    sent = (each.removeprefix(PICTURE) for each in faults.asked if each.startswith(PICTURE))
    return {Image.open(io.BytesIO(base64.b64decode(each))).size for each in sent} - {(64, 64)}


@form
def test_pictures_are_sent_small_in_the_form_of_the_service_and_bad_ones_not_at_all(pictures: str) -> None:
    faults = Faults(pictures=pictures)
    large = np.full((900, 1_800, 3), 7, np.uint8)
    with serving(faults) as url, HttpPictureEncoder(Endpoint(f"{url}/embeddings"), "m", DIM) as service:
        broken, good = service.ask([_Broken(), Drawn(large)])
        assert service.encode_pictures([large])[0].tobytes() == np.asarray(good).tobytes()
        assert isinstance(broken, Unreadable) and faults.modalities == {"image"}
        assert service.encode_text(["a red circle"]).shape == (1, DIM)
    assert faults.modalities == {"image", "text"} and _shown(faults) == {(SIDE, SIDE // 2)}
    (sent,) = (each for each in faults.asked if faults.asked[each] == 2)
    expected = np.array(vector(sent, DIM), np.float32)
    assert np.allclose(good, expected / np.linalg.norm(expected), atol=1e-6), "by its pixels, not its text"


def test_the_form_is_settled_once_and_only_by_a_picture() -> None:
    faults = Faults(pictures="urls")
    with serving(faults) as url, HttpPictureEncoder(Endpoint(f"{url}/embeddings"), "m", DIM) as service:
        service.encode_text(["a red circle"])
        assert faults.requests == 1
        for _ in range(3):
            service.encode_pictures([np.zeros((8, 8, 3), np.uint8)])
    assert faults.requests == 1 + 3 + 3  # objects are refused, two packings of one picture, then pictures


def test_a_service_that_takes_pictures_for_text_is_refused() -> None:
    told = "embeds a picture as text: model=m sees none; name a model of"
    with (
        serving(Faults(pictures="")) as url,
        HttpPictureEncoder(Endpoint(f"{url}/embeddings"), "m", DIM) as service,
        pytest.raises(SpecError, match=told),
    ):
        service.check()


@pytest.mark.parametrize("code", [500, 503])
def test_an_error_while_the_form_is_settled_settles_nothing(code: int) -> None:
    faults = Faults(pictures="objects", bad_requests=frozenset({1}), bad_code=500)
    if code == 503:
        faults = Faults(pictures="objects", out_seconds=0.2, out_from=0, out_code=503)
    pixels = np.full((8, 8, 3), 9, np.uint8)
    with serving(faults) as url, HttpPictureEncoder(Endpoint(f"{url}/embeddings"), "m", DIM) as service:
        with pytest.raises(Rejected):
            service.ask_once([Drawn(pixels)])
        found = service.ask([Drawn(pixels)])[0]
        assert np.asarray(found).tobytes() == service.encode_pictures([pixels])[0].tobytes()
    assert _shown(faults) == {(8, 8)}
    assert sum(each.startswith("data:") for each in faults.asked) in (0, 2), "none but to settle the form"


@form
def test_a_service_that_fails_now_and_then_embeds_every_picture_once(
    pictures: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_folder(tmp_path / "photos", 60)
    whole = (tmp_path / "photos" / "00001.jpg").read_bytes()
    (tmp_path / "photos" / "00001.jpg").write_bytes(whole[:-200])
    faults = Faults(busy=0.1, error=0.1, pictures=pictures)
    with serving(faults) as url:
        monkeypatch.setenv("SYNTHPROF_EMBEDDINGS_URL", f"{url}/embeddings")
        order = {"encoder": "http", "model": "m", "dim_embedding": DIM, "batch_size": 4, "max_failed": 1}
        version = make(tmp_path / "data", tmp_path / "photos", **order)
        assert [hit.rank for hit in version.search("red circles", k=3)] == [1, 2, 3]
        picture = tmp_path / "photos" / "00003.png"
        assert version.similar(image=picture, k=1)[0].profile["chave"] == picture.name
    answered = [count for sent, count in faults.answered.items() if sent.startswith(PICTURE)]
    assert len(answered) >= 59 and np.isnan(version.embeddings()).any(axis=1).sum() == 1
    assert version.thumbnail("00001.jpg") is None and version.thumbnail("00003.png")
