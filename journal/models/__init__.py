"""The research log of a person. Every row is reached through ``.of(user)``."""

from journal.models.api import IdempotencyKey
from journal.models.drafts import Draft, DraftCheckpoint
from journal.models.entries import ConflictError, Entry
from journal.models.fields import CODE_PATTERN, fresh_code
from journal.models.links import EntryMilestone, StepDecision, Tag
from journal.models.logfile import LogFile, LogImport
from journal.models.pictures import Picture, PictureUse
from journal.models.public import PublicLog
from journal.models.revisions import EntryRevision
from journal.models.writing import PROMPTS, Writing

__all__ = [
    "CODE_PATTERN",
    "PROMPTS",
    "ConflictError",
    "Draft",
    "DraftCheckpoint",
    "Entry",
    "EntryMilestone",
    "EntryRevision",
    "IdempotencyKey",
    "LogFile",
    "LogImport",
    "Picture",
    "PictureUse",
    "PublicLog",
    "StepDecision",
    "Tag",
    "Writing",
    "fresh_code",
]
