"""Places of a schema: what stands on the map and follows from it, before any other value that follows."""

import pytest

from synthprof.encoders.catalogue.meanings import meanings_of
from synthprof.encoders.catalogue.vocabulary import vocabulary_of
from synthprof.encoders.reading.reader import reader_of
from synthprof.schemas.bundle import Bundle
from synthprof.schemas.draw_kinds.places import Follows, Latitude, Place
from synthprof.schemas.draws import Choice, Lookup
from synthprof.schemas.schema import Column, Schema

HEAD, ROWS = ("city", "land", "lat"), (("Gijón", "Asturias", "43.5"), ("León", "Castilla y León", "42.6"))
OWN = {"columns": ("city", "land"), "rows": tuple(row[:2] for row in ROWS)}
DRAWS = {
    "thing": Choice(("chair", "car"), (1, 1)),
    "kind": Lookup("thing", ("seat", "vehicle"), (0, 1)),
    "city": Place(value="city", columns=HEAD, rows=ROWS),
    "land": Follows(of="city", value="land"),
    "lat": Latitude(of="city", latitude="lat", spread_km=2),
}


def bundle(**changes: object) -> Bundle:
    draws = DRAWS | changes
    columns = tuple(Column(name, draw, None, "") for name, draw in draws.items() if draw is not None)
    return Bundle(Schema("things", columns, ()))


@pytest.mark.parametrize("land", [Follows(of="city", value="land"), Follows(of="city", value="land", **OWN)])
def test_a_city_around_which_points_lie_is_a_condition_with_what_follows_from_it(land):
    read = meanings_of(bundle(land=land)).read
    assert [str(each) for each in read("car in Asturias").attributes] == ["thing=car", "land=Asturias"]
    homes = reader_of(bundle(land=land)).read("car in Gijon").clauses[0].ways
    assert [[str(each) for each in one] for one in homes] == [["land=Asturias", "city=Gijón"]]
    assert [str(each) for each in read("leon castilla y leon").attributes] == [
        "city=León", "land=Castilla y León",
    ]  # fmt: skip


def test_without_points_it_is_the_first_value_that_follows_from_another():
    assert vocabulary_of(bundle(lat=None)).places.city == "thing"


def test_a_city_from_which_nothing_follows_leaves_no_place_behind():
    only = Follows(of="city", value="land", columns=("city", "land"), rows=(("León", "Castilla y León"),))
    assert vocabulary_of(bundle(land=only)).places.city == "thing"
