"""For a timer, once a day: delete for good what has been in the bins for 30 days."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from journal.bin import empty


class Command(BaseCommand):
    help = "Delete for good what has been in the bins for 30 days, and pictures nobody used."

    def handle(self, *args: Any, **options: Any) -> None:
        gone = empty(timezone.now())
        if gone.entries or gone.drafts or gone.pictures:
            counts = {"entries": gone.entries, "drafts": gone.drafts, "pictures": gone.pictures}
            told = ", ".join(f"{name} {count:,}" for name, count in counts.items())
            self.stdout.write(f"Deleted for good: {told}.")
        else:
            self.stdout.write("Nothing in the bins is older than 30 days.")
