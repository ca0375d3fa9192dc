"""URLs of targets: what is wrong in one is told with a remedy, and no password is ever shown."""

import importlib
import re

import pytest
from small import DATASET

from synthprof.base.errors import SpecError, SynthprofError
from synthprof.delivery.loaders import registry
from synthprof.delivery.loaders.address import Address, address_of, hidden
from synthprof.delivery.loaders.job import load
from synthprof.delivery.loaders.order import LoadOrder
from synthprof.delivery.loaders.source import source_of, table_of
from synthprof.versions.version import open_version

SECRET = "s3cret/%@"


def refused(home, url: str, **more: object) -> str:
    """The message for a URL, which has both a fact and a remedy, and leaves nothing but a lock."""
    order = LoadOrder.from_params({"dataset": DATASET, "into": "conn:x", **more})
    with pytest.raises(SynthprofError) as error:
        load(home, order.model_copy(update={"into": url}))
    assert error.value.remedy, error.value
    assert not list((home / DATASET).glob("loads/*.json"))
    return str(error.value)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("rows.db", "has no scheme; write a URL such as postgresql://host/database"),
        ("/data/rows.db", "has no scheme"),
        ("oracle://host/x", "there is no target 'oracle'; there are: postgresql, qdrant, milvus"),
        ("postgresql+file:///x", "PostgreSQL with pgvector has no 'file'; write postgresql://"),
        ("postgresql://host:port/x", "is no URL; write it as scheme://user@host:port/name"),
        ("duckdb://", "names no path; write duckdb:///path"),
        ("duckdb://host/path", "names no path"),
        ("duckdb:rows.duckdb?tabel=x", "tabel is no option of DuckDB file; use one of: table"),
        ("duckdb:rows.duckdb?table=a-b", "table=a-b is no name; write "),
        ("sqlite:rows.db?table=SQLite_x", "SQLite file .* takes only names that do not begin with sqlite_"),
        ("redis://127.0.0.1:1", "cannot reach redis://127.0.0.1:1: .*; check host and port"),
        ("redis://127.0.0.1:1/people", "names no database; end it with its number"),
        ("postgresql://127.0.0.1:1/x", "cannot reach postgresql://127.0.0.1:1/x: .*; check host and port"),
        ("conn:nowhere", "is not known; set the variable SYNTHPROF_CONN_NOWHERE to the target's URL"),
    ],
)
def test_a_wrong_url_is_refused_with_a_remedy(home, tmp_path, monkeypatch, url, told):
    monkeypatch.chdir(tmp_path)
    assert re.search(told, refused(home, url))


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("chroma+file:///x?table=ab", "of at least three characters"),
        ("opensearch://host/_x", "with a letter first"),
        ("weaviate://host/_x", "with a letter first"),
    ],
)
def test_names_that_a_target_does_not_take_are_refused_before_it_is_asked(home, url, rule):
    address = Address.parse(url)
    kind = importlib.import_module(f"synthprof.delivery.loaders.targets.{address.scheme}").KIND
    order = LoadOrder(dataset=DATASET, into=url)
    with pytest.raises(SpecError, match=f"takes only names {rule}.*; write \\?table=NAME"):
        source_of(open_version(home, DATASET), kind, address, order)


def test_files_that_are_no_databases_columns_and_metrics_are_refused(home, tmp_path):
    (tmp_path / "text").write_text("nothing of a database" * 100)
    for scheme in ("duckdb", "sqlite"):
        assert "cannot open" in refused(home, f"{scheme}://{tmp_path}/text")
    assert (tmp_path / "text").read_text().startswith("nothing")
    url = f"sqlite://{tmp_path}/rows.db"
    assert "metric=dot: sqlite has none of that name; use cosine or l2" in refused(home, url, metric="dot")
    assert "there is no column 'age'" in refused(home, url, columns="age")
    assert "are vectors; load one of them" in refused(home, url, columns="vector")
    assert not (tmp_path / "rows.db").exists()


def test_a_missing_extra_names_the_command(home, monkeypatch):
    monkeypatch.setattr("synthprof.base.extras.is_installed", lambda package: False)
    for url in ("postgresql://h/d", "sqlite:x", "duckdb:x", "redis://h", "lancedb:x", "milvus+file:x"):
        name = url.partition(":")[0].partition("+")[0]
        assert f'not installed; pip install "synthprof[load-{name}]"' in refused(home, url)


def test_no_password_is_shown(monkeypatch):
    address = Address.parse(
        "postgresql://ana:s3cret%2F%25%40@db.example:5433/shop?table=people&api_key=s3cret"
    )
    assert address.password == SECRET
    assert str(
        address
    ) == "postgresql://ana:***@db.example:5433/shop?table=people&api_key=***" and SECRET not in repr(address)
    assert address.without_secret(f"no {SECRET} and no s3cret%2F%25%40") == "no *** and no ***"
    assert "s3cret" not in hidden("postgresql://ana:s3cret@host:bad/x?password=s3cret")
    with pytest.raises(SpecError) as error:
        LoadOrder.from_params({"into": "postgresql://ana:s3cret@host/x"})
    assert "s3cret" not in str(error.value) and "conn:NAME" in error.value.remedy
    with pytest.raises(SpecError, match=r"qdrant://\*\*\*@host"):
        LoadOrder.from_params({"into": "qdrant://:s3cret@host"})
    monkeypatch.setenv("SYNTHPROF_CONN_SHOP", "redis://:s3cret@host/1")
    assert str(address_of("conn:shop")) == "redis://:***@host/1"
    assert "s3cret" not in repr(LoadOrder.from_params({"into": "conn:shop"}))


@pytest.mark.parametrize(
    ("url", "table"),
    [
        ("duckdb:///a/rows.duckdb", "my_shop"),
        ("qdrant://host/people", "people"),
        ("qdrant+file:///a/people", "my_shop"),
        ("postgresql://host/base?table=people", "people"),
        ("opensearch+https://host:9200/people", "people"),
    ],
)
def test_the_table_is_named_by_option_path_or_data_set(url, table):
    assert table_of(Address.parse(url), "my-shop") == table


def test_every_target_has_a_module_a_title_and_an_extra():
    from importlib import metadata

    extras = metadata.metadata("synthprof").get_all("Provides-Extra")
    assert {f"load-{name}" for name in registry.MODULES} <= {*extras}
    schemes = {
        url.partition(":")[0].partition("+")[0] for urls in registry.TITLES for url in urls.split(", ")
    }
    assert schemes == set(registry.MODULES)
