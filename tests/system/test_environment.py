"""The data root, as the environment names it."""

from pathlib import Path

import pytest

from synthprof.base.errors import SpecError
from synthprof.system import environment


@pytest.mark.parametrize(
    ("home", "message"),
    [
        ("/data/\udcff", r"'/data/\\udcff' is not UTF-8; set SYNTHPROF_HOME"),
        ("/" + "/".join(["ã" * 50] * 3), "has 303 bytes, at most 300 are possible"),
        ("~nobody-here/data", "no home folder is known for ~nobody-here/data; set SYNTHPROF_HOME to an abs"),
    ],
)
def test_a_data_root_that_files_cannot_have_is_refused(
    home: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNTHPROF_HOME", home)
    with pytest.raises(SpecError, match=message):
        environment.home_folder()


def test_a_tilde_that_no_shell_has_replaced_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    monkeypatch.setenv("SYNTHPROF_HOME", "~/data")
    assert environment.home_folder() == Path("/somewhere/data")
