import numpy as np
import pytest

from synthprof.profiles import alias
from synthprof.profiles.alias import WORD, alias_table, apportion


def _shares(kind: str) -> np.ndarray:
    numbers = np.random.default_rng(5)
    drawn = numbers.random((90, 21))
    match kind:
        case "equal":
            return np.ones((4, 16))
        case "mostly none":
            return np.where(drawn < 0.8, 0, drawn) + (np.arange(21) == 20)
        case "one value":
            return np.ones((3, 1))
    return drawn**7


@pytest.mark.parametrize("kind", ["steep", "equal", "mostly none", "one value"])
def test_slots_give_each_value_its_share_of_all_words(kind: str) -> None:
    shares = _shares(kind)
    table = alias_table(shares)
    rows, slots = len(shares), 1 << table.bits
    limits, others = (each.reshape(rows, slots).astype(np.int64) for each in (table.limits, table.others))
    given = limits.copy()
    for row in range(rows):
        np.add.at(given[row], others[row], (WORD >> table.bits) - limits[row])
    assert (given[:, : shares.shape[1]] == apportion(shares, WORD)).all()
    assert not given[:, shares.shape[1] :].any()


def test_rows_do_not_depend_on_those_beside_them(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = _shares("steep")
    whole = alias_table(shares)
    monkeypatch.setattr(alias, "SLOTS_AT_ONCE", 7 * 32)
    for other in (alias_table(shares), _joined([alias_table(row[None]) for row in shares])):
        assert (whole.limits == other.limits).all()
        assert (whole.others == other.others).all()


def test_slots_are_filled_as_by_hand() -> None:
    """Pinned, since other slots of the same shares would draw other values: eighths, by Vose's method."""
    table = alias_table(np.array([[1.0, 2.0, 5.0]]))
    assert (table.limits / (WORD >> 2)).tolist() == [0.5, 1.0, 1.0, 0.0]
    assert table.others.tolist() == [2, 1, 2, 2]


def _joined(tables: list[alias.AliasTable]) -> alias.AliasTable:
    return alias.AliasTable(
        tables[0].bits,
        np.concatenate([each.limits for each in tables]),
        np.concatenate([each.others for each in tables]),
    )
