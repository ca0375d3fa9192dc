from synthprof.schemas.loader import stage_digests


def test_the_digests_of_the_built_in_schemas_stay() -> None:
    # They are part of the keys of stages, and so of every version name: with another digest the same spec
    # would get another version, though no byte of its profiles differs. They change only with the meaning of
    # a file; the CHANGELOG then says so under "Output changes".
    profiles, texts, encoding = stage_digests("gamer_br")
    assert profiles == "0ac715fac091e05595c37e52e1e04729"
    assert texts == "c3d17f905320a93be469701d9ddde611"
    assert encoding == "3d73eae832c3bb046b03b8af4bc68993"
