from synthprof.schemas.loader import stage_digests


def test_the_digests_of_the_built_in_schemas_stay() -> None:
    # They are part of the keys of stages, and so of every version name: with another digest the same spec
    # would get another version, though no byte of its profiles differs. They change only with the meaning of
    # a file; the CHANGELOG then says so under "Output changes".
    profiles, texts, encoding = stage_digests("gamer_br")
    assert profiles == "ef6cbf2c67103fc2f44be0db6c9cb9d7"
    assert texts == "c3d17f905320a93be469701d9ddde611"
    assert encoding == "bf287e99520ab337aa2e71bf5a7d8dcf"
