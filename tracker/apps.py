from django.apps import AppConfig


class TrackerConfig(AppConfig):
    name = "tracker"

    def ready(self) -> None:
        from roadmap.ledger import keep
        from tracker.ledger import Ledger

        keep(Ledger())
