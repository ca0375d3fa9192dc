"""Rows for tests of sources, a workbook of them, and the survey of a file."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from synthprof.sources.source import Source
from synthprof.sources.survey import Survey, survey

ROWS = [(number, f"Texto número {number}, à noite", number % 7) for number in range(40)]


def read(path: Path, columns: str = "ano", allowed: int = 0, table: str = "") -> Survey:
    return survey(Source(path, table, "id", "text", columns), allowed)


def write_sheet(path: Path, rows: Sequence[Sequence[Any]] = (), more: str = "") -> None:
    """A workbook of one sheet whose first row is the third."""
    found = rows or [("id", "text", "ano"), *ROWS]
    cells = "".join(
        f'<row r="{number}">' + "".join(map(_cell, "BCD", [number] * 3, row)) + "</row>"
        for number, row in enumerate(found, 3)
    )
    office = "http://schemas.openxmlformats.org"
    main, links = f"{office}/spreadsheetml/2006/main", f"{office}/package/2006/relationships"
    to = f"{office}/officeDocument/2006/relationships"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("_rels/.rels", _link(links, f"{to}/officeDocument", "xl/workbook.xml"))
        book.writestr("xl/_rels/workbook.xml.rels", _link(links, f"{to}/worksheet", "worksheets/sheet1.xml"))
        sheets = '<sheets><sheet name="Notas" sheetId="1" r:id="rId1"/></sheets>'
        book.writestr("xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{to}">{sheets}</workbook>')
        data = f"<sheetData>{cells}{more}</sheetData>"
        book.writestr("xl/worksheets/sheet1.xml", f'<worksheet xmlns="{main}">{data}</worksheet>')


def _link(links: str, kind: str, target: str) -> str:
    link = f'<Relationship Id="rId1" Type="{kind}" Target="{target}"/>'
    return f'<Relationships xmlns="{links}">{link}</Relationships>'


def _cell(column: str, row: int, value: object) -> str:
    if isinstance(value, str):
        return f'<c r="{column}{row}" t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c r="{column}{row}"><v>{value}</v></c>'
