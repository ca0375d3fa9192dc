import pytest

from synthprof.base.columns import parse_columns, written_columns
from synthprof.base.errors import SpecError


@pytest.mark.parametrize(
    ("text", "found", "written"),
    [
        ("ano,cidade", {"ano": "", "cidade": ""}, "ano,cidade"),
        ("ano:integer,cidade:text", {"ano": "integer", "cidade": "text"}, "ano:integer,cidade:text"),
        (" b ,data de nascimento:DATE", {"b": "", "data de nascimento": "date"}, "b,data de nascimento:date"),
        ('"a, b":bool,"x:y"', {"a, b": "bool", "x:y": ""}, '"a, b":bool,"x:y"'),
        ('"say ""hi"""', {'say "hi"': ""}, '"say ""hi"""'),
        ('" a"', {" a": ""}, '" a"'),
        ("Ação:float,select:text", {"Ação": "float", "select": "text"}, "Ação:float,select:text"),
        ("p:decimal(12, 2),q:list", {"p": "decimal(2)", "q": "list"}, "p:decimal(2),q:list"),
        ("q:list(decimal(3))", {"q": "list(decimal(3))"}, "q:list(decimal(3))"),
        ("d:decimal(9),l:list(text)", {"d": "decimal", "l": "list"}, "d:decimal,l:list"),
        ("x=1;--'", {"x=1;--'": ""}, "x=1;--'"),
        ("", {}, ""),
    ],
)  # fmt: skip
def test_columns_are_read_whatever_their_names_and_written_in_one_form(
    text: str, found: dict[str, str], written: str
) -> None:
    assert parse_columns(text) == found
    assert written_columns(found) == written
    assert parse_columns(written) == dict(found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a:int", "'int' is no kind of column; the kinds are bool, integer, unsigned, float, decimal"),
        ("ns:tag", "'tag' is no kind.*; a name that holds a colon stands in double quotes"),
        ("a:list(list)", "is a list of lists; use struct"),
        ("a:timestamp(4)", r"write 0, 3, 6 or 9, as in timestamp\(3\)"),
        ("a:decimal(39)", r"write 0 to 38, as in decimal\(3\)"),
        ("a:bool(2)", "is no kind of column"),
        ("a,,b", "a name is missing; write one, or leave out the comma"),
        ("a,A", "names must differ in more than case; rename one"),
        ('"a', "is no list of columns; write name:kind"),
        ('a"b', "is no list of columns"),
        ("a:text:text", "is no list of columns"),
        ('"a\u202eb"', "cannot be the name of a column"),
        ("x" * 101, "cannot be the name of a column, which has 1 to 100 characters"),
    ],
)
def test_columns_in_doubt_are_refused_with_the_remedy(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=f"^columns=.*{message}"):
        parse_columns(text)
