"""The order of merges and splits of leads: one place for all that a run merged or took apart.

What else was decided meanwhile notes the last place it knew.
"""

from lead_platform.lake.order import last_place, next_place

_PLACES = ("identity.lead_crosswalk", "merge_seq", "split_seq")

LAST_STEP = last_place(*_PLACES)
NEXT_STEP = next_place(*_PLACES)
