"""LOG.md in and out, without a database.

An entry is a heading with its date, a line of what is not words (``metadata``), and a heading for
each prompt that is filled. Who may read an entry is not in the file: it holds words, and whatever
comes in is private.
"""

from journal.logfile.dates import Order
from journal.logfile.decoding import UnreadableError, check, decode
from journal.logfile.log import Dated, Log, Undated
from journal.logfile.metadata import write_metadata
from journal.logfile.reading import parse
from journal.logfile.writing import write_entry, write_opening

__all__ = [
    "Dated",
    "Log",
    "Order",
    "Undated",
    "UnreadableError",
    "check",
    "decode",
    "parse",
    "write_entry",
    "write_metadata",
    "write_opening",
]
