"""The public functions and the published version, as programs use them."""

import doctest
import gc
import importlib
import json
import logging
import shutil
import subprocess
import sys
import threading
import warnings
import weakref
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pytest

import synthprof
from synthprof.spec.request import params_schema

SMALL = {"clusters": 4, "kmeans_niter": 3, "dim_embedding": 16, "dim_vector": 20, "workers": 1}
EXPORTING = tuple(
    f"synthprof.delivery.{name}"
    for name in ("rows", *(f"exports.{each}" for each in ("arrays", "csv", "finished", "order", "texts")))
)
DOCUMENTED = ("synthprof.api", "synthprof.versions.version", "synthprof.base.extras", *EXPORTING)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with `gamers`, as the examples in docstrings find it."""
    home = tmp_path_factory.mktemp("api")
    synthprof.run("gamers", home=home, profiles=2_000)
    return home


@pytest.fixture
def v(home: Path) -> synthprof.Version:
    return synthprof.open("gamers", home=home)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_examples_in_docstrings_run(
    name: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNTHPROF_HOME", str(home))
    monkeypatch.chdir(tmp_path)  # an example writes files
    known = {"synthprof": synthprof, "v": synthprof.open("gamers")}
    tested = doctest.testmod(importlib.import_module(name), extraglobs=known, report=True)
    assert tested.attempted and not tested.failed


def test_every_public_function_has_an_example() -> None:
    shown = {test.name.rpartition(".")[2] for name in DOCUMENTED for test in _examples(name)}
    public = {"run", "plan", "open", "export", "Export", "datasets", "search", "similar", "verify", "Version"}
    arrays = {"embeddings", "vectors", "labels", "clusters", "scores"}
    assert public | arrays | {"table", "batches", "to_pandas", "to_polars"} <= shown


def _examples(module: str) -> list[doctest.DocTest]:
    return [test for test in doctest.DocTestFinder().find(importlib.import_module(module)) if test.examples]


def test_importing_the_package_loads_little_and_every_name_is_there() -> None:
    script = (
        "import sys, synthprof; before = set(sys.modules);"
        "assert set(synthprof.__all__) <= set(dir(synthprof));"
        "print({name.split('.')[0] for name in before} & {'numpy', 'pyarrow', 'faiss', 'pydantic', 'rich'});"
        "[getattr(synthprof, name) for name in synthprof.__all__]; print(synthprof.__version__)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["set()", importlib.metadata.version("synthprof")]
    with pytest.raises(AttributeError, match="has no attribute 'make'"):
        synthprof.make  # noqa: B018


def test_the_keywords_are_the_parameters() -> None:
    from synthprof.runner.request import Keywords

    wanted = (params_schema() | params_schema("embed")).keys() - {"dataset"}
    assert Keywords.__annotations__.keys() == wanted


def test_the_same_call_again_makes_nothing_and_gives_the_same_version(home: Path) -> None:
    seen = []
    again = synthprof.run("gamers", home=home, profiles=2_000, on_progress=lambda *told: seen.append(told))
    assert again.folder == synthprof.open("gamers", home=home).folder
    assert {stage for stage, *_ in seen} >= {"generate", "vectorize", "cluster", "publish"}
    assert all(0 <= done <= total and failed == 0 for _, done, total, failed in seen)


@pytest.mark.long
def test_the_bytes_do_not_depend_on_what_the_program_has_loaded_before(tmp_path: Path) -> None:
    """NumPy chooses its kernels when it is loaded; a program has often done that before it imports us."""
    script = (
        "import sys\nif sys.argv[2] == 'before': import numpy, faiss\n"
        "import synthprof\n"
        "v = synthprof.run('x', home=sys.argv[1], profiles=3000, clusters=20)\n"
        "print(v.manifest.content)\n"
    )
    contents = set()
    for when, core in (("before", "Nehalem"), ("after", "Haswell")):
        done = subprocess.run(
            [sys.executable, "-c", script, tmp_path / when, when],
            capture_output=True,
            text=True,
            env={"OPENBLAS_CORETYPE": core, "PATH": ""},
        )
        assert done.returncode == 0, done.stderr
        contents.add(done.stdout)
    assert len(contents) == 1


def test_it_works_in_threads_beside_one_another(tmp_path: Path) -> None:
    made: dict[int, synthprof.Version] = {}

    def make(seed: int) -> None:
        made[seed] = synthprof.run(f"of-{seed}", home=tmp_path, profiles=300, seed=seed, **SMALL)
        assert len(made[seed].search("joga RPG", k=3)) == 3

    threads = [threading.Thread(target=make, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {seed: version.spec.seed for seed, version in made.items()} == {1: 1, 2: 2}
    assert synthprof.datasets(tmp_path).keys() == {"of-1", "of-2"}


def test_a_collection_is_made_from_its_source(tmp_path: Path) -> None:
    source = tmp_path / "texts"
    source.mkdir()
    for name, text in {"a": "joga RPG de madrugada", "b": "xadrez à tarde", "c": "corridas no PC"}.items():
        (source / f"{name}.txt").write_text(text)
    found = synthprof.run("notes", home=tmp_path / "home", source=source, clusters=1, dim_embedding=16)
    assert found.table().column_names == ["id", "chave", "descricao", "cluster_id"]
    assert found.search("RPG", k=1)[0].profile["chave"] == "a.txt"
    assert [hit.profile["chave"] for hit in found.similar("b.txt", k=2)] != ["b.txt"]
    for refused in (found.vectors, found.labels):
        with pytest.raises(synthprof.SpecError, match="a collection has no"):
            refused()
    planned = synthprof.plan("notes", home=tmp_path / "home", source=source, clusters=1)
    assert planned.blocks == 1 and planned.free_disk > planned.total_disk


# --- what goes wrong -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"profiles": 0}, "profiles: 0 is less than the minimum of 1"),
        ({"profile": 10}, "Unknown parameter profile=10; did you mean profiles"),
        ({"source": "/nowhere", "profiles": 5}, "Unknown parameter profiles=5"),
        ({"encoder": "http"}, "encoder=http needs model"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused_in_words(params: dict, words: str, tmp_path: Path) -> None:
    with pytest.raises(synthprof.SpecError, match=words):
        synthprof.run("gamers", home=tmp_path, **params)
    assert synthprof.datasets(tmp_path) == {}


def test_what_the_child_refuses_is_raised_here(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(synthprof.SpecError, match="is a file, not a folder; set SYNTHPROF_HOME to a folder"):
        synthprof.run("gamers", home=tmp_path / "file", profiles=10)
    with pytest.raises(synthprof.SpecError, match=r"encoder=model needs a library|cannot be loaded"):
        synthprof.run("gamers", home=tmp_path, profiles=10, encoder="model", model="no/such-model")


def _processes_of_runs() -> list[psutil.Process]:
    """Return the children of this process that the API has started; other tests may have some, too."""
    found = []
    for each in psutil.Process().children():
        with suppress(psutil.ZombieProcess, psutil.NoSuchProcess):  # another test's, which has ended
            if "synthprof.runner.child_run" in each.cmdline():
                found.append(each)
    return found


def test_a_process_that_is_killed_is_told_and_nothing_of_it_is_left(tmp_path: Path) -> None:
    def kill(stage: str, *_: int) -> None:
        if stage == "vectorize":
            for child in _processes_of_runs():
                child.kill()

    with pytest.raises(synthprof.StageError, match=r"was killed by signal 9; if memory ran out, use fewer"):
        synthprof.run("gamers", home=tmp_path, profiles=60_000, on_progress=kill, **SMALL)
    assert _processes_of_runs() == []
    assert synthprof.run("gamers", home=tmp_path, profiles=60_000, **SMALL).rows == 60_000


def test_an_error_in_the_callers_own_callback_ends_the_run_and_is_raised(tmp_path: Path) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("of the caller")

    with pytest.raises(ZeroDivisionError, match="of the caller"):
        synthprof.run("gamers", home=tmp_path, profiles=60_000, on_progress=fail, **SMALL)
    assert _processes_of_runs() == []


def test_log_lines_go_to_the_logger_and_to_run_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "synthprof"):
        synthprof.run("gamers", home=tmp_path, profiles=300, **SMALL)
    assert any(record.message.startswith("generate: 300 rows") for record in caplog.records)
    log = next(tmp_path.glob("gamers/build/*/run.log")).read_text()
    assert "INFO" in log and "generate: 300 rows" in log


# --- a version -------------------------------------------------------------------------------------------


def test_a_version_is_opened_by_name_or_by_folder(home: Path, v: synthprof.Version) -> None:
    ways = [
        synthprof.open("gamers", v.name, home=home),
        synthprof.open(home / "gamers"),
        synthprof.open(str(home / "gamers"), v.name),
        synthprof.open(home / "gamers" / "CURRENT"),
        synthprof.open(v.folder),
    ]
    assert {way.folder for way in ways} == {v.folder}
    with pytest.raises(synthprof.SpecError, match="no data set 'nobody' is published"):
        synthprof.open("nobody", home=home)
    with pytest.raises(synthprof.SpecError, match="is neither the folder of a version"):
        synthprof.open(home)


def test_a_version_that_is_referred_to_is_not_removed(tmp_path: Path) -> None:
    first = synthprof.run("x", home=tmp_path, profiles=300, keep_versions=1, **SMALL)
    synthprof.run("x", home=tmp_path, profiles=301, keep_versions=1, **SMALL)
    assert first.table().num_rows == 300 and first.is_in_place
    folder = first.folder
    del first
    gc.collect()
    synthprof.run("x", home=tmp_path, profiles=302, keep_versions=1, **SMALL)
    assert not folder.exists()


def test_the_table_has_what_the_databases_have(v: synthprof.Version) -> None:
    table = v.table()
    assert table.column_names[0] == "id" and table.column_names[-1] == "cluster_id"
    assert table.schema.field("cluster_id").type == pa.int32()
    assert table.column("id").to_pylist() == list(range(1, v.rows + 1))
    for number in (1, 42, v.rows):
        assert table.slice(number - 1, 1).to_pylist()[0] == v.profile(number)


def test_conditions_and_columns_choose(v: synthprof.Version) -> None:
    every = v.table().to_pylist()
    wanted = [row for row in every if row["estado"] == "SP" and row["idade"] >= 30]
    assert v.table(where=("estado=SP", "idade>=30")).to_pylist() == wanted
    assert v.table("estado=SP", ["cluster_id", "nome"]).to_pylist() == [
        {name: row[name] for name in ("cluster_id", "nome")} for row in every if row["estado"] == "SP"
    ]
    nobody = v.table(where="idade>200")
    assert nobody.num_rows == 0 and nobody.schema == v.table().schema
    assert list(v.batches(where="idade>200")) == []
    with pytest.raises(synthprof.SpecError, match="there is no column 'alter'; there are: id, nome"):
        v.table(columns=["alter"])
    with pytest.raises(synthprof.SpecError, match="'estado' is not a condition"):
        v.table(where="estado")


def test_batches_are_blocks(tmp_path: Path) -> None:
    found = synthprof.run("two", home=tmp_path, profiles=20_000, **SMALL)
    batches = list(found.batches(columns=["id", "cluster_id"]))
    assert [batch.num_rows for batch in batches] == [16_384, 3_616]
    assert pa.Table.from_batches(batches).column("cluster_id").to_pylist() == found.clusters().tolist()
    assert found.embeddings().shape == (20_000, 16)
    assert np.array_equal(found.embeddings(16_300, 16_500), found.embeddings()[16_299:16_500])


def test_arrays_have_their_shapes_and_norms(v: synthprof.Version) -> None:
    assert v.embeddings().dtype == v.vectors().dtype == np.float32
    assert np.allclose(np.linalg.norm(v.embeddings(), axis=1), 1, atol=1e-4)
    assert np.array_equal(v.embeddings(7, 7), v.embeddings()[6:7])
    assert v.labels().dtype == np.uint8 and len(np.unique(v.labels())) > 5
    assert v.clusters().dtype == np.int32 and v.clusters().shape == (v.rows,)
    for first, last in ((0, 3), (5, 4), (1, v.rows + 1)):
        with pytest.raises(synthprof.SpecError, match=f"ids {first} to {last} are not in this version"):
            v.embeddings(first, last)


def test_search_gives_what_the_command_gives(home: Path, v: synthprof.Version) -> None:
    command = str(Path(sys.executable).with_name("synthprof"))
    done = subprocess.run(
        [command, "search", "joga RPG", "-k", "4", "--where", "estado=SP", "--format", "json"],
        capture_output=True,
        text=True,
        check=True,
        env={"SYNTHPROF_HOME": str(home), "PATH": ""},
    )
    hits = v.search("joga RPG", k=4, where="estado=SP")
    assert [row["id"] for row in json.loads(done.stdout)["results"]] == [hit.id for hit in hits]
    assert hits == synthprof.search("gamers", "joga RPG", 4, ["estado=SP"], home=home)
    assert v.search("joga RPG", exact=True)[:3].table().column("rank").to_pylist() == [1, 2, 3]


def test_hits_are_a_sequence_and_a_table(v: synthprof.Version) -> None:
    hits = v.similar(42, k=3)
    assert isinstance(hits, synthprof.Hits) and isinstance(hits[0], synthprof.Hit)
    assert [hit.rank for hit in hits] == [1, 2, 3] and isinstance(hits[1:], synthprof.Hits)
    frame = hits.to_pandas()
    assert list(frame.columns[:4]) == ["rank", "similarity", "reasons", "id"]
    assert hits.to_polars().height == len(hits)
    assert "<script" not in hits._repr_html_() and hits[0].profile["nome"] in hits._repr_html_()
    assert synthprof.Hits(())._repr_html_() == "<p>Nothing meets the conditions.</p>"


def test_a_library_that_is_not_there_is_named(v: synthprof.Version, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("pandas", "polars"):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(synthprof.SpecError, match=f"{package} is not installed; pip install {package}"):
            getattr(v, f"to_{package}")()


def test_a_version_shows_the_head_of_its_report(v: synthprof.Version) -> None:
    shown = v._repr_html_()
    for fact in (
        "gamers",
        v.name,
        "2,000",
        "profiles",
        "clusters",
        "Purity",
        "Recall@10",
        "pt_BR",
    ):
        assert fact in shown
    assert "<script" not in shown and repr(v) == f"<Version {v.name} of 'gamers': 2,000 profiles>"


def test_a_damaged_version_is_found_out(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home, tmp_path, symlinks=True, dirs_exist_ok=True)
    found = synthprof.open("gamers", home=tmp_path)
    path = found.folder / "centroids.npy"
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    verdict = synthprof.verify("gamers", home=tmp_path, blocks="all")
    assert isinstance(verdict, synthprof.Verdict) and not verdict.sound
    assert verdict.findings == ("centroids.npy is missing or differs from its checksum in the manifest",)
    with pytest.raises(synthprof.SpecError, match="blocks=0 is no number of blocks"):
        synthprof.verify(found, blocks=0)


def test_a_version_that_is_gone_leaves_nothing_open(home: Path) -> None:
    found = synthprof.open("gamers", home=home)
    found.search("joga RPG")
    seen = weakref.ref(found)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        del found
        gc.collect()
    assert seen() is None
