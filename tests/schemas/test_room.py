"""More rows than a unique column has values are refused before any is made."""

import dataclasses

import pytest
from families import CUSTOMERS

from synthprof.base.errors import SpecError
from synthprof.schemas.draw_kinds.documents import Cnpj
from synthprof.schemas.draw_kinds.keys import UniqueInteger
from synthprof.schemas.room import check_rows
from synthprof.schemas.schema import Column

BLOCK = 16_384


def test_rows_up_to_the_values_are_allowed_and_one_more_is_not():
    schema = dataclasses.replace(CUSTOMERS, columns=(*CUSTOMERS.columns, Column("cnpj", Cnpj(), None, "x")))
    check_rows(schema, 100_000_000, BLOCK)
    with pytest.raises(
        SpecError, match=r"profiles=100,000,001: cnpj has only 100,000,000 values that differ \("
    ):
        check_rows(schema, 100_000_001, BLOCK)


def test_children_need_a_value_for_each_place():
    (orders,) = CUSTOMERS.tables
    number = Column("number", UniqueInteger(high=BLOCK * orders.fan_out.most), None, "x")
    schema = dataclasses.replace(
        CUSTOMERS, tables=(dataclasses.replace(orders, columns=(*orders.columns, number)),)
    )
    check_rows(schema, BLOCK, BLOCK)
    with pytest.raises(SpecError, match=r"with room for 1,310,720 children: orders\.number has only 655,360"):
        check_rows(schema, BLOCK + 1, BLOCK)
