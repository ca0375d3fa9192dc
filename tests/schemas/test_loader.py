from synthprof.schemas.loader import stage_digests


def test_the_digests_of_the_built_in_schemas_stay() -> None:
    # They are part of the keys of stages, and so of every version name: with another digest the same spec
    # would get another version, though no byte of its profiles differs. They change only with the meaning of
    # a file; the CHANGELOG then says so under "Output changes".
    profiles, texts, encoding = stage_digests("gamer_br")
    assert profiles == "20bd8fe951e6e098328c8b6b2721ecaa"
    assert texts == "d26da8771014a0fee146832e352df17e"
    assert encoding == "da9b42f536e18ff8928cce595f9d88a4"
