"""Examples of the documentation: code blocks of a page, and changes applied to a copy of the code."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Example:
    """A code block: its language, and its text."""

    language: str
    text: str


def pages() -> list[Path]:
    """README and all pages of the documentation."""
    return [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "SECURITY.md",
        *sorted(ROOT.glob("docs/**/*.md")),
    ]


def examples(text: str, language: str = r"\w+") -> list[Example]:
    """The code blocks of a text, in order."""
    return [
        Example(*found)
        for found in re.findall(rf"^```({language})\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    ]


def section(text: str, title: str) -> str:
    """The part of a page under a heading, up to the next heading of that rank."""
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


def run_python(text: str, folder: Path) -> str:
    """Run the text as a program of its own in a folder, and return what it prints."""
    done = subprocess.run([sys.executable, "-c", text], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def copy_of_the_code(folder: Path) -> Path:
    """Copy the package, without what Python compiled, and return the folder to import it from."""
    shutil.copytree(ROOT / "synthprof", folder / "synthprof", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def change(folder: Path, example: str) -> None:
    """Apply a change as the documentation writes it: a file, then parts of it with + and - lines."""
    name, _, body = example.partition("\n")
    path = folder / name
    parts = [part.rstrip("\n").split("\n") for part in re.split(r"^@@\n", body, flags=re.MULTILINE)]
    if all(line.startswith("+") for part in parts for line in part):
        assert not path.exists(), f"{name} is there already"
        path.write_text("".join(f"{line[1:]}\n" for part in parts for line in part), encoding="utf-8")
        return
    lines, at = path.read_text(encoding="utf-8").split("\n"), 0
    for part in parts:
        before = [line[1:] for line in part if not line.startswith("+")]
        after = [line[1:] for line in part if not line.startswith("-")]
        at = _found(lines, before, at, name)
        lines[at : at + len(before)] = after
        at += len(after)
    path.write_text("\n".join(lines), encoding="utf-8")


def _found(lines: list[str], part: list[str], first: int, name: str) -> int:
    for at in range(first, len(lines) - len(part) + 1):
        if lines[at : at + len(part)] == part:
            return at
    raise AssertionError("\n".join([f"{name} has not, one after the other:", *part]))
