from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class MasteryConfig(AppConfig):
    name = "mastery"
    verbose_name = "People"

    def ready(self) -> None:
        from mastery import checks  # noqa: F401  (registers the system checks)


class MasteryAdminConfig(AdminConfig):
    default_site = "mastery.desk.Site"
