from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from roadmap.content_kinds import UNPLACED_FILE
from roadmap.content_writer import write
from roadmap.tables import stored


class Command(BaseCommand):
    help = "Write the roadmap from the database as text files, in the form that load_roadmap reads."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        files = write(stored().values())
        try:
            for name, text in files.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            # What is gone from the database leaves no file behind.
            for pattern in ("phases/*.yaml", "chapters/*.yaml", UNPLACED_FILE):
                for path in folder.glob(pattern):
                    if path.relative_to(folder).as_posix() not in files:
                        path.unlink()
        except OSError as error:
            raise CommandError(f"{folder} cannot be written: {error.strerror}.") from None
        self.stdout.write(f"{len(files)} files written to {folder}.")
