"""What one person did about the roadmap. Every row is reached through ``.of(user)``."""

from tracker.models.awards import Award
from tracker.models.completions import Completion, CompletionEvent, Tick
from tracker.models.notes import Note, SubStep
from tracker.models.rechecks import Recheck
from tracker.models.resets import Reset

__all__ = ["Award", "Completion", "CompletionEvent", "Note", "Recheck", "Reset", "SubStep", "Tick"]
