"""Arrow IPC files, not compressed so that programs can map them into memory: a record batch a block."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from synthprof.delivery.exports.format import Format, Writing
from synthprof.delivery.exports.parts import Parts


@dataclass(frozen=True)
class Arrow(Format):
    """`data/rows-00000-of-000NN.arrow`, by id."""

    name: str = "arrow"
    written_by: tuple[str, ...] = ("pyarrow",)

    def write(self, writing: Writing) -> Iterator[int]:
        """Write a file in each step."""
        rows, making = writing.rows, writing.making
        parts = Parts.of(rows.block(0), rows.blocks)
        blocks = enumerate(rows.ahead(making.steps * parts.part), making.steps * parts.part)
        for part in range(making.steps, parts.number):
            size = sum(parts.groups(part))
            with (
                making.whole(parts.name(part, "data/rows", "arrow"), in_order=True) as path,
                pa.ipc.new_file(path, rows.schema) as writer,
            ):
                for block, batch in itertools.islice(blocks, size):
                    writer.write_batch(batch)
                    yield rows.ids(block)[-1]
            making.step(checkpoint=True)


FORMAT = Arrow()
