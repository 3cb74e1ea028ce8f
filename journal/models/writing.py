import datetime as dt
from dataclasses import dataclass, fields, replace
from typing import Self

from journal.text import TAG, fold, line, tidy, unkeepable

PROMPTS = ("tried", "happened", "learned", "next")

LONGEST_TITLE = 200  # characters
LONGEST_TEXT = 250_000  # characters of one prompt
MOST_TAGS = 20
MOST_MILESTONES = 20
MOST_MINUTES = 24 * 60
EARLIEST = dt.date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Writing:
    """What a person wrote in one entry. Form, file and API all hand over this, and nothing else.

    ``day`` is the person's own date, ``tags`` are names in lower case, ``milestones`` keys,
    ``minutes`` how long the work took, ``build_work`` whether it was building.
    """

    day: dt.date
    title: str = ""
    tried: str = ""
    happened: str = ""
    learned: str = ""
    next: str = ""
    tags: tuple[str, ...] = ()
    milestones: tuple[str, ...] = ()
    minutes: int | None = None
    build_work: bool = False

    def tidied(self) -> Self:
        """Give it in the one form in which entries are kept: what is equal then is the same."""
        return replace(
            self,
            title=line(self.title),
            tags=tuple(sorted({fold(tag) for tag in self.tags})),
            milestones=tuple(sorted(set(self.milestones))),
            tried=tidy(self.tried),
            happened=tidy(self.happened),
            learned=tidy(self.learned),
            next=tidy(self.next),
        )

    def problems(self, *, today: dt.date) -> dict[str, str]:
        """Say for each field why it cannot be kept; nothing when it can.

        ``today`` is the person's own. Whether the milestones exist is for the database to say.
        """
        found: dict[str, str] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            texts = (value,) if isinstance(value, str) else value if field.name == "tags" else ()
            if reason := next(filter(None, map(unkeepable, texts)), ""):
                found[field.name] = reason
        if not EARLIEST <= self.day <= today + dt.timedelta(days=1):
            found["day"] = f"Choose a day from {EARLIEST:%Y} to today."
        if len(self.title) > LONGEST_TITLE:
            found["title"] = f"A title has at most {LONGEST_TITLE} characters."
        for prompt in PROMPTS:
            if (length := len(getattr(self, prompt))) > LONGEST_TEXT:
                found[prompt] = (
                    f"This is {length:,} characters long; {LONGEST_TEXT:,} fit. "
                    "Part it into several entries."
                )
        if not any(getattr(self, prompt).strip() for prompt in PROMPTS):
            found["tried"] = "Fill in at least one of the four: tried, happened, learned, next."
        if len(self.tags) > MOST_TAGS:
            found["tags"] = f"An entry has at most {MOST_TAGS} tags."
        elif wrong := [tag for tag in self.tags if not TAG.fullmatch(fold(tag))]:
            found["tags"] = (
                f"“{wrong[0][:60]}” is no tag: up to 40 letters, digits and the signs . _ + -, "
                "beginning with a letter or a digit."
            )
        if len(self.milestones) > MOST_MILESTONES:
            found["milestones"] = f"An entry links to at most {MOST_MILESTONES} milestones."
        if self.minutes is not None and not 1 <= self.minutes <= MOST_MINUTES:
            found["minutes"] = f"Minutes lie between 1 and {MOST_MINUTES:,}, which is a day."
        return found
