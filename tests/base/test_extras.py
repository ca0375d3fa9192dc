import sys

import pytest

from synthprof.base.errors import SpecError
from synthprof.base.extras import check_installed
from synthprof.encoders.encoder import check_encoder
from synthprof.spec.spec import Spec


def test_what_is_installed_passes() -> None:
    check_installed("http", "json", "logging")


def test_what_is_missing_is_named_with_the_command() -> None:
    with pytest.raises(SpecError) as raised:
        check_installed("http", "no_such_a", "json", "no_such_b")
    assert str(raised.value) == 'no_such_a and no_such_b are not installed; pip install "synthprof[http]"'


@pytest.mark.parametrize(
    ("encoder", "package", "extra"),
    [("http", "httpx", "http"), ("http", "tenacity", "http"), ("model", "tenacity", "model")],
)
def test_an_encoder_whose_packages_are_missing_is_refused_before_any_work(
    encoder: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # as where it is not installed
    monkeypatch.setenv("SYNTHPROF_EMBEDDINGS_URL", "http://127.0.0.1:9/v1")
    spec = Spec.model_validate({"encoder": encoder, "model": "m"})
    with pytest.raises(SpecError, match=rf'{package} is not installed; pip install "synthprof\[{extra}\]"'):
        check_encoder(spec)
