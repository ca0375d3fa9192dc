"""A version of pictures in the explorer: thumbnails served safely, and searches by text and by picture."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from explorers import PATIENT, TestClient, alone, answer
from picture_sets import draw_folder, make
from PIL import Image

ONE = "/api/datasets/drawn/versions/current"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("shown")
    draw_folder(place / "photos", 50)
    whole = (place / "photos" / "00001.jpg").read_bytes()
    (place / "photos" / "00001.jpg").write_bytes(whole[:-200])
    make(place / "data", place / "photos", max_failed=1)
    return place


@pytest.fixture(scope="module")
def client(place: Path) -> Iterator[TestClient]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in PATIENT.items():
            patch.setenv(name, value)
        with alone(place / "data") as client:
            yield client


def test_thumbnails_are_jpegs_of_a_fixed_type_that_no_browser_takes_for_a_page(client: TestClient) -> None:
    response = client.get(f"{ONE}/profiles/1/thumbnail", headers={"Accept-Encoding": "gzip"})
    assert response.status_code == 200
    assert response.headers["content-type"] == "image/jpeg"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert Image.open(io.BytesIO(response.content)).format == "JPEG"


def test_a_picture_without_a_thumbnail_is_not_found(client: TestClient) -> None:
    for number, told in ((2, "its picture could not be read"), (51, "ids go from 1 to 50")):
        response = client.get(f"{ONE}/profiles/{number}/thumbnail")
        assert response.status_code == 404 and told in response.json()["detail"]


def test_facts_say_that_rows_are_pictures(client: TestClient) -> None:
    facts = answer(client, ONE)
    assert (facts["row_word"], facts["view"]["thumbnails"]) == ("picture", True)


def test_searches_by_text_and_by_picture_take_conditions_on_format_and_size(
    place: Path, client: TestClient
) -> None:
    found = answer(client, f"{ONE}/search?text=red+circles&where=formato%3Dpng&where=largura%3E%3D96&k=5")
    assert len(found["results"]) == 5
    assert {hit["profile"]["formato"] for hit in found["results"]} == {"png"}
    image = base64.b64encode((place / "photos" / "00006.png").read_bytes()).decode()
    response = client.post(f"{ONE}/similar", json={"image": image, "k": 2})
    assert response.json()["results"][0]["profile"]["chave"] == "00006.png"


def _bomb() -> bytes:
    target = io.BytesIO()
    Image.new("1", (2_001, 2_000)).save(target, "PNG")
    return target.getvalue()


def test_what_is_no_picture_is_refused_in_words(client: TestClient) -> None:
    for image, status, told in (
        (base64.b64encode(b"no picture").decode(), 422, "no picture that is read"),
        (base64.b64encode(_bomb()).decode(), 422, "more than 4,000,000 pixels"),
        ("abc", 422, "image is not base64"),
        ("<svg>", 422, "image"),
        ("A" * 48_001, 422, "at most 48000"),
        ("A" * 70_000, 413, "65,536 bytes"),
    ):
        response = client.post(f"{ONE}/similar", json={"image": image})
        assert response.status_code == status and told in str(response.json()["detail"]), response.text
