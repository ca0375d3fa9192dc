import pytest

from synthprof.base.errors import SpecError
from synthprof.spec.params import check_names
from synthprof.spec.request import Request, RequestKind, check_params, params_schema


@pytest.mark.parametrize(
    ("params", "value"),
    [
        ({"profiles": 0}, "0 is less than the minimum of 1"),
        ({"profiles": -5}, "-5"),
        ({"profiles": 10**12}, "maximum"),
        ({"profiles": True}, "True is not of type 'integer'"),
        ({"profiles": 1.5}, "1.5"),
        ({"seed": -1}, "-1"),
        ({"separation": 1.01}, "1.01"),
        ({"separation": float("nan")}, "nan"),
        ({"encoder": "magic"}, "'magic' is not one of"),
        ({"locale": "xx_YY"}, "pt_BR"),
        ({"dataset": "a/b"}, "a/b"),
        ({"dataset": "../x"}, "../x"),
        ({"dataset": "a.b"}, "a.b"),
        ({"dataset": "a b"}, "a b"),
        ({"dataset": "a\n"}, "a"),
        ({"dataset": ""}, "''"),
        ({"dataset": "a" * 64}, "aaa"),
        ({"profile": 3}, "Unknown parameter profile=3"),
    ],
)
def test_bad_parameters_are_refused_with_value_and_rule(params: dict[str, object], value: str) -> None:
    with pytest.raises(SpecError) as caught:
        Request.from_params(params)
    assert value in str(caught.value)
    assert next(iter(params)) in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "params", "message"),
    [
        (
            "generate",
            {"seed": 1, "source": "/x"},
            "Unknown parameter source='/x'; the parameters are dataset, ",
        ),
        (
            "embed",
            {"source": "/x", "locale": "ko_KR"},
            "Unknown parameter locale='ko_KR'; the parameters are ",
        ),
        ("embed", {"source": ""}, "source is missing; name an SQLite or Parquet file or a folder"),
        ("embed", {"seed": 1}, "source is missing"),
    ],
)
def test_a_kind_of_request_refuses_the_parameters_of_the_other_and_one_of_texts_without_a_source(
    kind: RequestKind, params: dict[str, object], message: str
) -> None:
    with pytest.raises(SpecError) as caught:
        check_names(params, params_schema(kind))
    assert str(caught.value).startswith(message)


def test_every_parameter_has_description_default_and_type() -> None:
    for name, schema in params_schema().items():
        assert schema["description"].endswith("."), name
        assert {"default", "type"} <= schema.keys(), name
        if schema["type"] in ("integer", "number"):
            assert {"minimum", "maximum"} <= schema.keys(), name


def test_every_default_is_allowed() -> None:
    check_params({name: schema["default"] for name, schema in params_schema().items()})


def test_params_and_request_are_inverse() -> None:
    request = Request.from_params({"dataset": "x", "profiles": 12, "workers": 3, "separation": 1})
    assert Request.from_params(request.params) == request
    assert request.spec.separation == 1.0


def test_runtime_and_name_do_not_change_what_is_made() -> None:
    one = Request.from_params({"dataset": "a", "shards": 3, "workers": 2, "force": True})
    other = Request.from_params({"dataset": "b"})
    assert one.spec.digest == other.spec.digest
