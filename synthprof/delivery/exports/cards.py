"""What each export carries beside its data, so that it explains itself."""

from synthprof.delivery.exports.format import Writing
from synthprof.store.outputs import Output

VERSION = 0
"""Part of the key of each export: raise it when what is written here changes."""


def write_cards(writing: Writing, output: Output) -> None:
    """Write the cards of an export by `writing.making.whole`, after its last step.

    output: its manifest, as yet without files; `writing.making.records()` has those. The same export gives
    the same bytes; this is called again where the work was cut short.
    """
