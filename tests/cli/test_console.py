"""The output of each command, for people and programs: on a terminal, in a pipe, of 80 and of 40 columns."""

import json
import re
import shlex
import subprocess
import sys

import pytest
from doc_examples import ROOT

from synthprof.cli.reference import DOCUMENTS, every_command

XTERM = {"TERM": "xterm"}
WIDTHS = (80, 40)

NOTES = ("--text-column=body", "--clusters=1", "--dataset=notes")

COMMANDS = {
    "nothing": ([], 0, "Commands:"),
    "help": (["--help"], 0, "build-index"),
    "version": (["--version"], 0, "synthprof 0."),
    "plan -h": (["plan", "-h"], 0, "Index and databases:"),
    "run --help": (["run", "--help"], 0, "--keep-versions N"),
    "embed -h": (["embed", "-h"], 0, "What to read from the source:"),
    "status -h": (["status", "-h"], 0, "--json"),
    "verify -h": (["verify", "-h"], 0, "--blocks N"),
    "repair -h": (["repair", "-h"], 0, "--force"),
    "show -h": (["show", "-h"], 0, "Usage: synthprof show ID"),
    "serve -h": (["serve", "-h"], 0, "--port PORT"),
    "pull -h": (["pull", "-h"], 0, "Usage: synthprof pull DATASET [VERSION]"),
    "search -h": (["search", "-h"], 0, "--where CONDITION"),
    "similar -h": (["similar", "-h"], 0, "--exact"),
    "build-index -h": (["build-index", "-h"], 0, "--index-memory-mib N"),
    "export -h": (["export", "-h"], 0, "csv: CSV, safe in spreadsheets"),
    "plan": (["plan", "--dim_vector", "40"], 0, " GiB free"),
    "run": (["run", "--profiles=2000", "--clusters=8"], 0, "Recall@10"),
    "embed": (
        ["embed", "--source={folder}/notes.db", "--id-column=key", *NOTES],
        0,
        "60 texts",
    ),
    "status": (["status"], 0, "notes"),
    "show": (["show", "7"], 0, "descricao"),
    "show a text": (["show", "note-7", "--dataset=notes"], 0, "note-7"),
    "search": (["search", "joga RPG de madrugada", "-k", "5"], 0, " id "),
    "search texts": (["search", "rain", "--dataset=notes", "-k", "2"], 0, "A long line"),
    "similar": (["similar", "7", "--where", "idade>=30", "-k", "2"], 0, "id "),
    "search none": (["search", "RPG", "--where", "idade<17", "--where", "idade>60"], 0, "Nothing meets"),
    "verify": (["verify"], 0, "same byte for byte"),
    "verify broken": (["verify", "--dataset=broken"], 1, "report.html is missing"),
    "repair": (["repair"], 0, "nothing to mend"),
    "build-index": (["build-index", "--dataset=notes", "--index={index}"], 0, "60 texts"),
    "export": (["export", "--format=csv", "--columns=id,cluster_id"], 0, "2,000 rows, "),
    "no command": (["serch", "x"], 2, "hint: did you mean search or serve?"),
    "no option": (["verify", "--datset=x"], 2, "hint: did you mean --dataset?"),
    "no argument": (["search"], 2, "hint: see `synthprof search --help`"),
    "out of bounds": (["run", "--profiles=0"], 2, "0 is less than the minimum of 1"),
    "no row": (["show", "0"], 2, "ids go from 1 to 2000"),
}
"""Words, exit status, and what is told."""

SELDOM = ("embed", "verify", "repair", "build-index")
"""Commands that take a while: on a terminal of 40 columns and in a pipe of 80."""

LOOKS = [
    (name, how, width)
    for name in COMMANDS
    for how, width in (("tty", 40), ("tty", 80), ("pipe", 80))
    if name not in SELDOM or (how, width) != ("tty", 80)
]

LONG = f"/tmp/{'a' * 256}"
REFUSALS = {
    "no number": (["serve", "--port=high"], "hint: write a whole number from 0 to 65,535"),
    "no name": (["run", "--dataset", "a/b"], "'a/b' does not match"),
    "no locale": (["run", "--locale", "xx_YY"], "error: locale='xx_YY' is unknown\nhint: there are ar_AA"),
    "no fit": (["run", "--dim-vector=3"], "error: dim_vector=3 is less than the 19 features"),
    "no room": (["plan", "--profiles", "1000000000"], "1000000000"),
    "no memory": (["plan", "--profiles", "1000000000", "--no-save-index"], "more than the 90%"),
    "no file": (
        ["run", "--console-html", "/nowhere/c.html"],
        "console_html=/nowhere/c.html cannot be written",
    ),
    "no data set": (["show", "1", "--dataset=nope"], "hint: use one that is (broken, gamers, notes)"),
    "no version": (["verify", "--version=ffff"], "no version 'ffff' of 'gamers'"),
    "no source": (["embed"], "error: source is missing\nhint: name an SQLite"),
    "no text": (["search", ""], "the text has 0 characters"),
    "no result": (["search", "RPG", "-k", "0"], "k=0 is not within 1 to 1000"),
    "no column": (["search", "RPG", "--where", "cor=azul"], "unknown column 'cor'"),
    "no format": (["export", "--format", "xls"], "'xls' does not match '(?#write one of parquet, "),
    "no column to export": (
        ["export", "--columns", "cor"],
        "error: there is no column 'cor'\nhint: there are: id",
    ),
    "no option of the format": (
        ["export", "--space", "vector"],
        "format parquet does not take it, but columns",
    ),
    "no vectors": (
        ["export", "--format=fbin", "--space=vector", "--dataset=notes"],
        "has no feature vectors",
    ),
    "no export": (["verify", "--export", "csv-1"], "there is no export 'csv-1' of 'gamers'"),
    "no such id": (["similar", "5001"], "ids go from 1 to 2000"),
    "no disk: status": (["status"], "has 256 bytes, at most 255 are possible\nhint: set SYNTHPROF_HOME"),
    "no disk: plan": (["plan"], "has 256 bytes, at most 255 are possible\nhint: set SYNTHPROF_HOME"),
    "no disk: search": (["search", "x"], "has 256 bytes, at most 255 are possible\nhint: set SYNTHPROF_HOME"),
}
"""Words of orders that are wrong, and what is told of them in a pipe."""

JSON = (
    "plan",
    "run",
    "embed",
    "build-index",
    "status",
    "show",
    "search",
    "similar",
    "verify",
    "verify broken",
    "repair",
    "export",
)
REFUSED = ("no command", "no option", "no argument", "out of bounds", "no row")

PLAIN = {
    "ascii": (["status"], {"LC_ALL": "C"}),
    "ascii verify": (["verify", "--dataset=broken"], {"LC_ALL": "C"}),
    "ascii repair": (["repair"], {"LC_ALL": "C"}),
    "ascii terminal": (["show", "7"], {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "TERM": "xterm"}),
    "dumb": (["verify"], {"TERM": "dumb"}),
    "no colour": (["status"], {"NO_COLOR": "1", "TERM": "xterm"}),
    "no colour help": (["run", "-h"], {"NO_COLOR": "1", "TERM": "xterm"}),
}


def _examples() -> dict[str, list[str]]:
    """The example on each page of help, as words; smaller, and with the data sets that there are."""
    small = {"demo": "example", "100000": "500", "1000000": "500"}
    words = {name: shlex.split(each.epilog)[1:] for name, each in every_command().items()}
    return {
        name: [small.get(word, word) for word in found]
        for name, found in words.items()
        if name not in ("embed", "serve", "pull", "build-index", "match", "score")
        and (not name.startswith("schema ") or "gamer_br" in found)  # tests/cli/test_schema.py has the others
    }


EXAMPLES = _examples()

CLOSED = ("status", "run --help", "search", "run", "verify")


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list]:
    """Status, output and errors of every case, all run by one process (tests/support/consoles.py)."""
    cases = []
    for name, how, width in LOOKS:
        index = "hnsw" if width == 80 else "flat"
        words = [word.replace("{index}", index) for word in COMMANDS[name][0]]
        cases.append((f"{name} {how} {width}", words, how, width, XTERM))
    for name in (*JSON, *REFUSED):
        words = [word.replace("{index}", "flat") for word in COMMANDS[name][0]]
        cases.append((f"{name} json", [*words, "--json"], "pipe", 0, {}))
    cases += [(name, words, "tty", 80, more) for name, (words, more) in PLAIN.items()]
    cases += [(f"{name} closed", COMMANDS[name][0], "closed", 0, {}) for name in CLOSED]
    cases += [
        (name, words, "pipe", 0, {"SYNTHPROF_HOME": LONG} if name.startswith("no disk") else {})
        for name, (words, _) in REFUSALS.items()
    ]
    cases += [(f"example {name}", words, "pipe", 0, {}) for name, words in EXAMPLES.items()]
    cases += [("mended", ["repair", "--dataset=broken"], "pipe", 0, {})]
    script = ROOT / "tests" / "support" / "consoles.py"
    folder = tmp_path_factory.mktemp("consoles")
    done = subprocess.run(
        [sys.executable, script, folder, json.dumps(cases)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _last_picture(text: str) -> list[str]:
    """The lines that remain on a terminal, without colours."""
    text = re.sub(r"\x1b\[[\d;]*m|\x1b\[\?25.|\x1b\]8;[^\x1b]*\x1b\\", "", text).replace("\r\n", "\n")
    return [line.rpartition("\r")[2].rpartition("\x1b[2K")[2] for line in text.split("\n")]


@pytest.mark.parametrize(("name", "how", "width"), LOOKS)
def test_a_command_fits_its_lines_and_says_what_it_should(
    shown: dict[str, list], name: str, how: str, width: int
) -> None:
    _, expected, told = COMMANDS[name]
    status, out, err = shown[f"{name} {how} {width}"]
    assert status == expected, out + err
    text = out + err
    lines = _last_picture(text)
    assert " ".join(told.split()) in " ".join(" ".join(lines).split())
    for line in lines:  # a path or an address is too long for some, and stays whole to be copied
        assert len(line) <= width or re.fullmatch(r" *\S*/\S*( \\)?", line), line
    assert not re.search(r"Traceback|\b[A-Z]\w+(Error|Exception)\b|SpecError|\bBusy\b|\bNone\b", text)
    joined = re.sub(r"\s+", "", text)
    for whole in (r"\b[0-9a-f]{12}\b", r"\b20\d\d-\d\d-\d\d\b"):
        for found in set(re.findall(whole, joined)):
            assert text.count(found) == joined.count(found), found
    if how == "pipe":
        assert not set("\r\x1b") & set(text)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_hit_is_a_card_of_three_lines(shown: dict[str, list], width: int) -> None:
    lines = _last_picture(shown[f"search tty {width}"][1])[:-1]
    read = next(place for place, line in enumerate(lines) if line.startswith(" 1  "))
    assert " ".join(lines[:read]).startswith("read as ")
    lines = lines[read:]
    assert len(lines) == 5 * 3
    heads = [re.fullmatch(r" *(\d+)  \S.*  id \d+  \d\.\d{3}", line) for line in lines[::3]]
    assert [head and head[1] for head in heads] == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("name", [*JSON, *REFUSED])
def test_json_is_one_document_and_nothing_else(shown: dict[str, list], name: str) -> None:
    status, out, err = shown[f"{name} json"]
    document = json.loads(out)
    assert (status, err) == (COMMANDS[name][1], "")
    if name in REFUSED:
        assert document["error"].keys() == {"kind", "message", "hint", "exit_status"}
        assert document["error"]["exit_status"] == status
        return
    found = document[0] if isinstance(document, list) else document
    command = COMMANDS[name][0][0]
    assert command == "show" or tuple(found) == DOCUMENTS[command]


@pytest.mark.parametrize("name", PLAIN)
def test_what_a_terminal_does_not_take_is_not_sent(shown: dict[str, list], name: str) -> None:
    _, out, err = shown[name]
    assert out.strip() and not err
    assert "\x1b[" not in out or ("colour" not in name and "dumb" not in name)
    assert out.isascii() or "ascii" not in name


@pytest.mark.parametrize("name", CLOSED)
def test_a_reader_that_has_gone_is_no_failure(shown: dict[str, list], name: str) -> None:
    status, _, err = shown[f"{name} closed"]
    assert (status, err) == (0, "")


def test_every_command_takes_json_and_says_what_it_holds() -> None:
    commands = every_command()
    assert {
        name for name, each in commands.items() if any("--json" in param.opts for param in each.params)
    } == {
        *DOCUMENTS,
        "show",
        "schema format",
    }
    assert set(commands) == {*DOCUMENTS, "show", "schema format"}


@pytest.mark.parametrize("name", REFUSALS)
def test_bad_input_is_told_with_a_remedy_and_status_2(shown: dict[str, list], name: str) -> None:
    status, out, err = shown[name]
    assert (status, out) == (2, "")
    assert REFUSALS[name][1] in err
    assert re.fullmatch("error: .+\nhint: .+\n", err)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_on_a_page_of_help_works(shown: dict[str, list], name: str) -> None:
    status, out, err = shown[f"example {name}"]
    assert (status, err) == (0, "") and out


def test_a_pipe_gets_a_line_for_each_stage(shown: dict[str, list]) -> None:
    stages = {
        "setup",
        "generate",
        "ingest",
        "vectorize",
        "persist_blobs",
        "cluster",
        "export_index",
        "publish",
    }
    _, stood, _ = shown["run pipe 80"]
    assert {line.split()[1] for line in stood.splitlines() if line.endswith(" is done already")} == stages
    _, made, _ = shown["example run"]
    lines = re.findall(r"^✓ (\w+) +(?:500 rows +)?\d\.\d\d s", made, re.MULTILINE)
    assert len(lines) == len(stages) and set(lines) == stages


def test_a_repair_shows_what_it_puts_right(shown: dict[str, list]) -> None:
    status, out, err = shown["mended"]
    assert (status, err) == (0, "")
    assert re.fullmatch(r"✓ broken [0-9a-f]{12}: put right: report.html; stages run again: .*\n", out)
