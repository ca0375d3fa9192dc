"""Texts from elsewhere as a data set: every row published, searched, verified and repaired."""

import json
import sqlite3
import subprocess
import unicodedata
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import call
from fault_server import POISON, Faults, serving
from notes import PARAMS, ROWS, make, note_rows, parquet_of, sqlite_of

from synthprof.base.errors import SpecError, StageError
from synthprof.base.units import MIB
from synthprof.encoders.encoder import encoder_of
from synthprof.pipeline import STAGES, keys
from synthprof.runner.reindex import build_index
from synthprof.runner.repair import repair
from synthprof.runner.run import run_all, run_stage
from synthprof.schemas.loader import collection_schema
from synthprof.spec.estimates import Texts
from synthprof.spec.request import Request, check_params, params_schema
from synthprof.spec.shards import Shard
from synthprof.spec.spec import BLOCK_ROWS, Spec
from synthprof.stages.footprint import Footprint
from synthprof.stages.import_rows import resolve_source
from synthprof.stages.ingest import table_statement
from synthprof.stages.plan import plan
from synthprof.store.sqlite.database import KEYWORDS, read
from synthprof.store.store import Store
from synthprof.system.machine import Budget
from synthprof.versions.search import search_similar, search_text
from synthprof.versions.searcher import open_searcher
from synthprof.versions.unfinished import builds
from synthprof.versions.verify import verify
from synthprof.versions.version import Version, open_version


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table of 600 texts and, in `data`, the data set made of it."""
    place = tmp_path_factory.mktemp("collection")
    make(place / "data", sqlite_of(place / "notes.db", note_rows()))
    return place


@pytest.fixture(scope="module")
def version(place: Path) -> Version:
    return open_version(place / "data", "notes")


def test_every_row_is_published_with_its_own_id_text_and_columns(version: Version) -> None:
    stored = read(version.folder / "perfis.db", "SELECT * FROM perfis ORDER BY id").to_pylist()
    assert [row["id"] for row in stored] == list(range(1, ROWS + 1))
    found = {(row["chave"], row["descricao"], row["ano"], row["lugar"]) for row in stored}
    assert found == set(note_rows())
    names = {path.name for path in version.folder.iterdir()}
    assert names == {
        "perfis.db", "embeddings.db", "clusters.db", "centroids.npy", "index.faiss", "report.html",
        "overview.json", "map.arrow", "MANIFEST.json",
    }  # fmt: skip
    assert not list(builds(version.folder.parents[2]))


def test_a_text_lies_where_the_same_text_is_searched_for(version: Version) -> None:
    query = "SELECT embedding FROM embeddings ORDER BY id"
    blobs = read(version.folder / "embeddings.db", query).column("embedding").to_pylist()
    texts = read(version.folder / "perfis.db", "SELECT descricao FROM perfis ORDER BY id")
    encoder = encoder_of(version.spec, version.bundle)
    expected = encoder.encode_text(texts.column(0).to_pylist())  # type: ignore[attr-defined]
    assert b"".join(blobs) == expected.astype("<f4").tobytes()


def test_search_finds_by_text_by_example_and_by_the_columns_carried(version: Version) -> None:
    searcher = open_searcher(version)
    for hit in search_text(searcher, "RPG de manhã", searcher.query(5, ("ano>=2010", "lugar=SP"))).hits:
        assert "RPG de manhã" in hit.profile["descricao"]
        assert (hit.profile["ano"] >= 2_010, hit.profile["lugar"]) == (True, "SP")
        assert {"genero=RPG", "disponibilidade=Manhã"} & set(map(str, hit.reasons))
    (same,) = search_text(searcher, "Jogo xadrez", searcher.query(5, ("chave=doc-3",))).hits
    assert same.profile["chave"] == "doc-3"
    one = version.number_of("doc-17")
    hits = search_similar(searcher, one, searcher.query(5))
    assert all("Valorant" in hit.profile["descricao"] and hit.id != one for hit in hits)


def test_verify_proves_the_rows_and_finds_a_changed_one(
    place: Path, version: Version, tmp_path: Path
) -> None:
    assert verify(version, None, lambda *_: None).sound
    home = tmp_path / "data"
    other = make(home, place / "notes.db", save_index=False)
    path = other.folder / "perfis.db"
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(content.replace(b"nota 411", b"nota 412"))
    findings = " ".join(verify(other, None, lambda *_: None).findings)
    assert "perfis.db is missing or differs from its checksum" in findings
    assert path.stat().st_size == len(content)


def test_the_same_rows_are_the_same_version_whatever_holds_them_and_other_rows_another(
    place: Path, version: Version, tmp_path: Path
) -> None:
    home = place / "data"
    rows = sorted(note_rows())  # as SQLite orders them by id
    again = sqlite_of(
        tmp_path / "again.db", rows[::-1], "lugar_antigo, key, body, ano, lugar".partition(", ")[2]
    )
    for source in (again, parquet_of(tmp_path / "notes.parquet", rows)):
        request = Request.from_params(PARAMS | {"source": str(source), "columns": "lugar,ano"})
        assert resolve_source(request, home).spec == version.spec
    rows[5] = (rows[5][0], "Outro texto", *rows[5][2:])
    request = Request.from_params(PARAMS | {"source": str(parquet_of(tmp_path / "other.parquet", rows))})
    assert resolve_source(request, home).spec.digest != version.spec.digest


def test_bytes_do_not_depend_on_shards_and_blocks_join_without_a_seam(tmp_path: Path) -> None:
    source = sqlite_of(tmp_path / "notes.db", note_rows(BLOCK_ROWS + 500))
    params = {"save_index": False, "kmeans_niter": 1}
    one = make(tmp_path / "one", source, **params)
    request = resolve_source(Request.from_params(PARAMS | params | {"source": str(source)}), tmp_path / "two")
    for name in ("setup", "generate", "ingest", "vectorize", "persist_blobs", "cluster", "publish"):
        for shard in (Shard(1, 2), Shard(0, 1)) if name in ("generate", "vectorize") else (None,):
            run_stage(request, name, shard, tmp_path / "two")
    other = open_version(tmp_path / "two", "notes")
    assert other.manifest.content == one.manifest.content
    assert other.number_of("doc-9999") > BLOCK_ROWS


def test_a_source_that_changes_is_taken_as_it_was_surveyed_and_lost_rows_are_not_mixed_with_new_ones(
    tmp_path: Path,
) -> None:
    source = parquet_of(tmp_path / "notes.parquet", note_rows())
    request = resolve_source(Request.from_params(PARAMS | {"source": str(source)}), tmp_path)
    run_stage(request, "setup", None, tmp_path)
    rows = note_rows()
    parquet_of(source, [(*rows[0][:1], "Outro", *rows[0][2:]), *rows[1:]])
    (block,) = tmp_path.rglob("profiles-*.arrow")
    block.unlink()
    with pytest.raises(SpecError, match="has changed since its rows were surveyed, and those are lost"):
        run_stage(request, "generate", Shard(0, 1), tmp_path)
    assert not list(tmp_path.rglob("profiles-*.arrow"))
    parquet_of(source, rows)
    run_stage(request, "generate", Shard(0, 1), tmp_path)
    block.unlink()
    resolve_source(Request.from_params(PARAMS | {"source": str(source)}), tmp_path)
    source.unlink()
    run_all(request, tmp_path)
    assert open_version(tmp_path, "notes").manifest.rows == ROWS


def test_an_order_that_is_refused_keeps_no_rows(tmp_path: Path) -> None:
    source = sqlite_of(tmp_path / "notes.db", note_rows(20))
    with pytest.raises(SpecError, match="clusters=21"):
        make(tmp_path / "data", source, clusters=21)
    assert not list((tmp_path / "data").rglob("*.arrow"))


def test_rows_left_out_are_told_and_change_no_byte_of_the_others_however_they_are_read(
    tmp_path: Path,
) -> None:
    good = sorted(note_rows())
    bad = [good[3], ("z1", None, 1, ""), ("z2", " ", 1, ""), (None, "RPG", 1, "")]
    params = {"save_index": False, "kmeans_niter": 1, "max_failed": 4}
    clean = make(tmp_path / "one", sqlite_of(tmp_path / "clean.db", good), **params)
    source = sqlite_of(tmp_path / "notes.db", good + bad)
    with pytest.raises(SpecError, match="4 of 604 rows cannot be taken, max_failed=3 are allowed: row 604: "):
        make(tmp_path / "two", source, **(params | {"max_failed": 3}))
    version = make(tmp_path / "two", source, **params)
    (setup, *_) = version.manifest.stages
    assert [line.split(":")[0] for line in setup.details["left_out"]] == [
        "row 604",
        "row 602",
        "row 603",
        "row 601",
    ]
    report = (version.folder / "report.html").read_text(encoding="utf-8")
    assert "row 601: column &#39;key&#39; has &#39;doc-100&#39; a second time" in report
    assert "Rows left out" not in (clean.folder / "report.html").read_text(encoding="utf-8")
    (block,) = (tmp_path / "two").rglob("profiles-*.arrow")
    block.unlink()
    request = Request.from_params(PARAMS | params | version.spec.resolved | {"source": str(source)})
    run_stage(request, "generate", Shard(0, 1), tmp_path / "two")
    assert block.is_file()
    assert version.manifest.content == clean.manifest.content
    assert verify(version, None, lambda *_: None).sound


def test_another_index_needs_no_source_also_where_the_rows_were_read_in_shards(tmp_path: Path) -> None:
    source = sqlite_of(tmp_path / "notes.db", note_rows())
    request = Request.from_params(PARAMS | {"source": str(source)})
    value = run_stage(request, "setup", None, tmp_path).details
    request = Request.from_params(request.params | value["found_out"])
    for stage in (each for each in STAGES[1:] if each.applies(request.spec)):
        shards = (
            [Shard(first, end) for first, end, _ in value["shards"]] if stage.scope == "shard" else [None]
        )
        for shard in shards:
            run_stage(request, stage.name, shard, tmp_path)
    source.unlink()
    build_index(tmp_path, open_version(tmp_path, "notes"), "hnsw", 64)
    assert open_version(tmp_path, "notes").spec.index == "hnsw"


def test_repair_needs_the_source_only_for_rows_that_are_lost(tmp_path: Path) -> None:
    source = sqlite_of(tmp_path / "notes.db", note_rows())
    version = make(tmp_path, source)
    source.unlink()
    with pytest.raises(SpecError, match="nothing here can make them anew; repair it without --force"):
        repair(tmp_path, "notes", force=True)
    (version.folder / "clusters.db").unlink()
    assert "clusters.db" in repair(tmp_path, "notes").files
    assert verify(version, None, lambda *_: None).sound
    next(tmp_path.rglob("profiles-00000.arrow")).unlink()
    (version.folder / "perfis.db").unlink()
    next(tmp_path.glob("notes/build/*/ingest-*/perfis.db")).unlink()
    with pytest.raises(SpecError, match="must be read from their source once more; run `synthprof embed`"):
        repair(tmp_path, "notes")


def test_a_folder_of_texts_is_embedded_by_a_service_that_fails_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "texts"
    for i in range(40):
        path = folder / f"{i % 3}" / f"nota {i}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"Texto número {i}{' ' + POISON if i == 7 else ''} à noite\n", encoding="utf-8")
    (folder / ".hidden").write_bytes(b"\xff\xff")
    http = {
        "columns": "",
        "encoder": "http",
        "model": "m",
        "dim_embedding": 32,
        "clusters": 1,
        "batch_size": 8,
    }
    with serving(Faults(busy=0.1)) as url:
        monkeypatch.setenv("SYNTHPROF_EMBEDDINGS_URL", url)
        with pytest.raises(StageError, match="1 rows have no embedding, max_failed=0 are allowed"):
            make(tmp_path / "data", folder, **http)
        version = make(tmp_path / "data", folder, **http, max_failed=1)
        build_index(tmp_path / "data", version, "flat", 64)
    assert version.manifest.rows == 40
    failed = read(version.folder / "embeddings.db", "SELECT id FROM embedding_failures").to_pylist()
    number = version.number_of("1/nota 7.txt")
    assert failed == [{"id": number}]
    with pytest.raises(SpecError, match=r"id 1/nota 7.txt has no embedding"):
        search_similar(open_searcher(version), number)
    assert verify(version, None, lambda *_: None).sound


def test_an_id_is_found_in_whatever_form_of_unicode_it_is_typed(tmp_path: Path) -> None:
    """Names of files written on macOS are decomposed, what people type is composed."""
    (tmp_path / "notes").mkdir()
    for form in ("NFC", "NFD"):
        (tmp_path / "notes" / unicodedata.normalize(form, f"café {form}.txt")).write_text("joga RPG")
    version = make(
        tmp_path / "data", tmp_path / "notes", id_column="", text_column="", columns="", clusters=1
    )
    numbers = {}
    for form in ("NFC", "NFD"):
        typed = {unicodedata.normalize(each, f"café {form}.txt") for each in ("NFC", "NFD")}
        assert len(typed) == 2
        (numbers[form],) = {version.number_of(name) for name in typed}
    assert sorted(numbers.values()) == [1, 2]


@pytest.mark.parametrize(("rows", "size"), [(400, 50_000), (2_000, 9_000), (20_000, 10)])
def test_disk_is_estimated_from_the_size_of_the_texts(tmp_path: Path, rows: int, size: int) -> None:
    texts = [(f"doc-{i}", f"RPG {i} ".ljust(size, "x"), 1, "") for i in range(rows)]
    source = parquet_of(tmp_path / "notes.parquet", texts)
    params = {"columns": "", "encoder": "hashed", "kmeans_niter": 1, "vacuum": True, "source": str(source)}
    request = resolve_source(Request.from_params(PARAMS | params), tmp_path)
    build = Store(tmp_path, "notes").build(request.spec).folder
    run_all(request, tmp_path)
    lies = {"publish": 0} | dict.fromkeys(("generate", "ingest", "vacuum"), 0)
    for path in build.glob("*-*/*"):
        name = path.parent.name.rpartition("-")[0]
        lies[name] = lies.get(name, 0) + path.stat().st_size
    footprint = Footprint.of(request.spec, build)
    for name in ("generate", "ingest", "vacuum"):
        told = footprint.disk(name)
        assert lies[name] <= told + MIB, name  # receipts and the end of the last page
        assert told <= 2 * lies[name], name
    told = plan(request, Budget(1, 1 << 40, 1 << 40), 0, footprint).total_disk
    assert sum(lies.values()) <= told <= 2 * sum(lies.values()) + 8 * MIB


def test_memory_is_estimated_from_the_largest_block_and_fewer_workers_are_taken() -> None:
    spec = Request.from_params({"profiles": 4 * BLOCK_ROWS, "collection": "0" * 32}).spec
    small = Footprint(spec, Texts(1 << 20, 1 << 16, 1 << 18))
    large = Footprint(spec, Texts(800 * MIB, 1 << 16, 200 * MIB))
    for name in ("generate", "ingest", "vectorize", "publish"):
        assert large.memory(name, 2) > 1_000 * MIB > small.memory(name, 2)
    budget = Budget(4, 6_000 * MIB, 1 << 40)
    assert large.fitting_workers(budget) < small.fitting_workers(budget) == 4
    with pytest.raises(SpecError, match="more than the 90% that may be used; embed fewer texts"):
        plan(Request(spec=spec), Budget(1, 1 << 40, 1_000 * MIB), 0, large)


# --- the command line and the parameters -----------------------------------------------------------------


def _call(home: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return call(list(words), SYNTHPROF_HOME=str(home), COLUMNS="160", NO_COLOR="1")


def test_the_commands_embed_search_similar_and_show_speak_the_ids_of_the_source(place: Path) -> None:
    home = place / "data"
    options = [f"--{name.replace('_', '-')}={value}" for name, value in PARAMS.items()]
    done = _call(home, "embed", f"--source={place / 'notes.db'}", *options)
    assert done.returncode == 0, done.stderr
    assert "doc-" in done.stdout
    report = (home / "notes" / "CURRENT" / "report.html").read_text(encoding="utf-8")
    assert "600 texts" in done.stdout
    assert "A sample of 600 texts" in report
    assert "profile" not in done.stdout + report[: report.index("Parameters</h2>")].partition("<body>")[2]
    assert "doc-17" in _call(home, "show", "doc-17", "--dataset=notes").stdout
    found = _call(home, "similar", "doc-17", "--dataset=notes", "-k", "2", "--format=json").stdout
    assert json.loads(found)[0]["profile"]["chave"].startswith("doc-")
    cards = _call(home, "search", "xadrez", "--dataset=notes", "-k", "2").stdout
    assert cards.startswith("read as one text, compared whole\n")
    assert len(cards.splitlines()) == 7 and "xadrez" in cards
    wrong = _call(home, "similar", "17", "--dataset=notes")
    assert (wrong.returncode, "no row of 'notes' has the id '17'" in wrong.stderr) == (2, True)
    missing = _call(home, "embed")
    assert (missing.returncode, "source is missing" in missing.stderr) == (2, True)


def test_columns_may_have_names_that_mean_something_to_sql_or_in_profiles(tmp_path: Path) -> None:
    names = ("Order", "constraint", "from", "nome", "to")
    rows = {"key": ["1", "2"], "body": ["joga\x1b[2J RPG", "RPG"]} | {name: [None, 5] for name in names}
    pq.write_table(pa.table(rows), tmp_path / "notes.parquet")
    version = make(tmp_path, tmp_path / "notes.parquet", columns=",".join(names), clusters=1)
    assert verify(version, None, lambda *_: None).sound
    searcher = open_searcher(version)
    for name in names:
        assert version.profile(2)[name] == 5
        for condition, ids in ((f"{name}=5", [2]), (f"{name}!=5", [1]), (f"{name}!=6", [1, 2])):
            found = search_text(searcher, "RPG", searcher.query(10, (condition,))).hits
            assert sorted(hit.id for hit in found) == ids, condition
    for words in (["search", "RPG"], ["similar", "2"], ["show", "1"]):
        done = _call(tmp_path, *words, "--dataset=notes")
        assert done.returncode == 0, done.stderr
        assert "joga\ufffd[2J RPG" in done.stdout


def test_every_word_of_sql_is_a_name_of_a_column() -> None:
    words = [*KEYWORDS.split(), "key", "current_date", "Índice"]
    with closing(sqlite3.connect(":memory:")) as database:
        schema = collection_schema(",".join(f"{word}:text" for word in words))
        database.execute(table_statement(schema))
        found = [row[1] for row in database.execute("PRAGMA table_info(perfis)")]
    assert found == ["id", "chave", "descricao", *words]


def test_bytes_that_are_not_utf_8_are_refused(place: Path) -> None:
    wrong = "S\udce3o"  # as the command line gives the bytes of another encoding
    for words in (
        ["search", wrong],
        ["search", "RPG", f"--where=lugar={wrong}"],
        ["similar", wrong],
        ["show", wrong],
    ):
        done = _call(place / "data", *words, "--dataset=notes")
        assert (done.returncode, "'S\\udce3o' is not UTF-8" in done.stderr) == (2, True), done.stderr


def test_the_two_kinds_of_order_have_their_own_parameters() -> None:
    made, embedded = params_schema(), params_schema("embed")
    of_rows = {"source", "kind", "table", "id_column", "text_column", "image_column", "columns"}
    assert set(embedded) - set(made) == of_rows
    of_profiles = {"profile_schema", "profiles", "locale", "separation", "dim_vector", "with_tables", "prose"}
    of_profiles |= {"topic_sizes", "hardness", "hardness_spread", "hardness_decay"}
    of_profiles |= {"near_duplicates", "near_distance", "avatars", "avatar_size", "avatar_copies"}
    of_profiles |= {"drift", "drift_strength", "drift_night", "drift_nights"}
    of_profiles |= {"duplicates", "duplicate_errors", "store"}
    assert set(made) - set(embedded) == of_profiles
    assert embedded["dataset"]["default"] != made["dataset"]["default"]
    check_params({name: schema["default"] for name, schema in embedded.items()})


def test_embeddings_that_a_service_made_for_release_0_2_are_not_asked_for_again() -> None:
    # Folders of builds have these keys in their names: with others every text would be embedded again.
    found = keys(STAGES, Spec(collection="0" * 32, encoder="http"))
    assert (found["generate"], found["vectorize"]) == ("a1c32301", "699a313f")
