import doctest

import pytest

from synthprof.base.errors import SpecError
from synthprof.spec import drift
from synthprof.spec.drift import Drift, parse_drift
from synthprof.spec.request import Request
from synthprof.spec.spec import Spec


def test_examples_hold() -> None:
    assert doctest.testmod(drift).failed == 0


def test_the_order_and_the_spaces_of_drifts_change_nothing() -> None:
    assert Spec(drift="rotation@2, concept:plan ,prior") == Spec(drift="prior,concept:plan,rotation@2")
    assert Spec(drift="prior,concept:plan,rotation@2").drift == "prior,concept:plan,rotation@2"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("prior:sexo", "names a column, but prior drifts as a whole"),
        ("covariate:a,covariate:a@2", "named twice"),
        ("trend", "write kinds joined by commas"),
        ("prior@0", "write kinds joined by commas"),
        ("prior,", "write kinds joined by commas"),
    ],
)
def test_what_is_no_drift_is_refused_with_what_is(text, says) -> None:
    with pytest.raises(SpecError, match=says):
        Request.from_params({"drift": text})


def test_a_drift_begins_in_its_night_and_grows() -> None:
    spec = Spec(drift="prior,rotation@3", drift_strength=0.8, drift_night=3, drift_nights=4)
    assert [strength for _, strength in spec.drifts] == [0.6, 0.2]
    assert Drift("prior").strength(0, 1.0, 1) == 0
    assert parse_drift("") == ()
