import importlib

from synthprof.spec.locales import locales


def test_the_locales_are_those_that_faker_has_names_for() -> None:
    assert "pt_BR" in locales()
    assert len(locales()) > 60
    for name in locales():
        assert hasattr(importlib.import_module(f"faker.providers.person.{name}"), "Provider")
