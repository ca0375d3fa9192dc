"""The columns of a block some of whose rows are second records."""

from synthprof.profiles.drawing import Drawing, Extent
from synthprof.profiles.second_records.columns import SecondColumns
from synthprof.profiles.second_records.origins import sources
from synthprof.profiles.second_records.records import is_copied, needed_of_originals, second_records
from synthprof.schemas.schema import Schema


def repeated(of: Drawing, schema: Schema, seed: int, block: int) -> Drawing:
    """Return the drawing some of whose rows are second records, with errors, of a new drawing without any.

    schema: with the dependences that its margins add, and with second records. block: from 0.
    """
    duplicates = of.tables.schema.duplicates
    assert duplicates is not None
    for column in needed_of_originals(schema):
        of.draw(column)
    originals = sources(seed, duplicates.share, block)
    found = Drawing(of.tables, of.streams, Extent(of.first, of.rows, of.total))
    found.archetypes = of.archetypes.take(originals)
    records = second_records(duplicates, originals, of.rows, of.streams)
    found.second = SecondColumns(found, of, records)
    for column in schema.drawing_order:
        if is_copied(column):
            found.second.copy(column.name)
        else:
            found.draw(column)
        found.second.change(column)
    return found
