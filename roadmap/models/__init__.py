"""The roadmap: content that everybody shares. Nothing here knows a user.

Rows are known by slug or key, in the files of ``roadmap/content/`` as in addresses; both stay as
they are once public. Text is Markdown.
"""

from roadmap.models.chapters import (
    Chapter,
    Claim,
    Habit,
    Principle,
    Question,
)
from roadmap.models.fields import (
    MarkdownField,
    PublishedQuerySet,
    SlugField,
    State,
)
from roadmap.models.loading import (
    ContentVersion,
    LoadedRow,
)
from roadmap.models.milestones import (
    DeliverablePart,
    Level,
    Milestone,
    MilestoneRevision,
    Placement,
    Requirement,
)
from roadmap.models.phases import (
    Phase,
    PhaseResource,
    Resource,
    ResourceLink,
    Step,
    Topic,
    Track,
    Trap,
)
from roadmap.models.releases import (
    FormerSlug,
    PreviewLink,
    Release,
    ReleaseItem,
    Succession,
)
from roadmap.models.upkeep import (
    ContentArchive,
    LinkCheck,
)

__all__ = [
    "Chapter",
    "Claim",
    "ContentArchive",
    "ContentVersion",
    "DeliverablePart",
    "FormerSlug",
    "Habit",
    "Level",
    "LinkCheck",
    "LoadedRow",
    "MarkdownField",
    "Milestone",
    "MilestoneRevision",
    "Phase",
    "PhaseResource",
    "Placement",
    "PreviewLink",
    "Principle",
    "PublishedQuerySet",
    "Question",
    "Release",
    "ReleaseItem",
    "Requirement",
    "Resource",
    "ResourceLink",
    "SlugField",
    "State",
    "Step",
    "Succession",
    "Topic",
    "Track",
    "Trap",
]
