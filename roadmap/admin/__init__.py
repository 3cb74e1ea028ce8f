"""The editors' desk for the roadmap: every row that pages are made from, in the pages' order.

The order of these imports is the order on the desk's index.
"""

from roadmap.admin import releases, phases, milestones, library, method, upkeep, archive  # noqa: I001, F401
