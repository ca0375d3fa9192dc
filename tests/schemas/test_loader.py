from synthprof.schemas.loader import stage_digests


def test_the_digests_of_the_built_in_schemas_stay() -> None:
    # They are part of the keys of stages, and so of every version name: with another digest the same spec
    # would get another version, though no byte of its profiles differs. They change only with the meaning of
    # a file; the CHANGELOG then says so under "Output changes".
    profiles, texts, encoding = stage_digests("gamer_br")
    assert profiles == "d729ac668ce651e1a5bb6445e3e910a1"
    assert texts == "615a8bc88e0ffbdb90b56c9756d5d15e"
    assert encoding == ""
