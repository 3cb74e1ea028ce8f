from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from roadmap.content import CONTENT, ContentError, read_folder
from roadmap.groundwork import RefusedError
from roadmap.loader import load
from roadmap.planning import What


class Command(BaseCommand):
    help = "Load the roadmap's text files; what an editor changed in the admin is left alone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, default=CONTENT)
        parser.add_argument(
            "--force", action="store_true", help="also overwrite what an editor changed"
        )

    def handle(self, *args: Any, folder: Path, force: bool, **options: Any) -> None:
        if not folder.is_dir():
            raise CommandError(f"There is no folder {folder}.")
        try:
            rows = read_folder(folder)
        except ContentError as error:
            raise CommandError(f"{error}\nNothing was loaded.") from None
        try:
            report = load(rows, force=force)
        except RefusedError as error:
            raise CommandError(f"{error}\nNothing was loaded.") from None
        for line in report.left_alone:
            self.stdout.write(f"left alone: {line}")
        if report.plan.of(What.LEFT) and not force:
            self.stdout.write("--force overwrites what was left alone.")
        self.stdout.write(
            f"Roadmap: {len(report.created)} rows new, {len(report.updated)} updated, "
            f"{len(report.removed)} removed or retired, {report.same} as they were."
        )
