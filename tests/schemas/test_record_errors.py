"""The section `[duplicates]` of a schema's file: its example, its mistakes, and its digest."""

import shutil
from importlib.resources import as_file
from pathlib import Path

import pytest

from synthprof.pipeline import STAGES, keys
from synthprof.profiles.drawing import generate
from synthprof.schemas.bundle import Bundle
from synthprof.schemas.duplicates import with_duplicates
from synthprof.schemas.format.reference import EXAMPLES, PART_EXAMPLES, example
from synthprof.schemas.mistakes import SchemaError
from synthprof.schemas.reading import read_bundle
from synthprof.spec.spec import Spec

WHOLE = example(PART_EXAMPLES["RecordError"])


def shop(tmp_path: Path, text: str = WHOLE) -> Path:
    with as_file(EXAMPLES / "files") as files:
        folder = shutil.copytree(files, tmp_path / "shop")
    (folder / "schema.toml").write_text(text, encoding="utf-8")
    return folder


def test_the_example_makes_second_records(tmp_path: Path) -> None:
    bundle = read_bundle(shop(tmp_path))
    assert Bundle.of(bundle.text) == bundle
    schema = with_duplicates(bundle.schema, bundle.errors, 0.5, 2.0)
    truth = generate(schema, 1, "en_US", 0.8, 0, 2_048).duplicates
    assert truth is not None and truth.num_rows == 1_024
    counts = {each["values"]: each["counts"] for each in truth["errors"].flatten().value_counts().to_pylist()}
    assert set(counts) == {"typo", "digits", "moved", "missing"}
    assert counts["typo"] > 950  # its share is above 1 of 2 errors, so that it is certain


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"typo"', '"tpyo"', "kind"),
        ('columns = ["city"]', 'columns = ["cty"]', "unknown column 'cty'; "),
        ('columns = ["age"]', 'columns = ["city"]', "city is a category, without digits"),
        ('columns = ["room"]', 'columns = ["city"]', "typo leaves a text that is none of the values of city"),
        ('compare = ["room"', 'compare = ["rom"', "unknown column 'rom'"),
        ('kind = "typo"', 'kind = "typo"\nfile = "cities.csv"', "typo reads no file"),
        ('kind = "typo"', 'kind = "short_name"\nfile = "cities.csv"', "'full' is no column of cities.csv"),
        ('kind = "typo"', 'kind = "short_name"\nfile = "none.csv"', "none.csv"),
        ('separator = " "', 'separator = " "\nunique = true', "room is another in each row"),
        ("share = 0.5", "share = 0", "share=0 must be above 0"),
    ],
)
def test_mistakes_are_told_where_they_stand(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in WHOLE
    with pytest.raises(SchemaError) as told:
        read_bundle(shop(tmp_path, WHOLE.replace(old, new, 1)))
    assert message in str(told.value)
    assert "duplicates" in str(told.value)


def test_errors_of_second_records_change_no_key_of_data_sets_without_any(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain, second = (keys(STAGES, Spec(duplicates=share)) for share in (0.0, 0.1))
    assert plain["generate"] != second["generate"]
    monkeypatch.setattr("synthprof.pipeline.errors_digest", lambda _: "others")
    assert keys(STAGES, Spec(duplicates=0.0)) == plain
    assert keys(STAGES, Spec(duplicates=0.1))["generate"] != second["generate"]
