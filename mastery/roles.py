"""Who may do what on the editors' desk: one role a person, each a group with its permissions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Q, QuerySet

if TYPE_CHECKING:
    from django.apps.registry import Apps

    from mastery.models import User

LEARNER, EDITOR, HOST, SUPERUSER = "learner", "editor", "host", "superuser"


@dataclass(frozen=True, slots=True)
class Role:
    """What a group may do: everything with the rows of whole apps, and single things."""

    name: str
    label: str
    apps: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()


ROLES = (
    Role(EDITOR, "Editor: the roadmap’s content", apps=("roadmap",)),
    Role(
        HOST,
        "Host: people, and what they publish",
        permissions=(
            "mastery.view_user",
            "mastery.change_user",
            "journal.view_entry",
            "journal.take_down_entry",
        ),
    ),
)
LABELS = {
    LEARNER: "Learner: no desk",
    **{role.name: role.label for role in ROLES},
    SUPERUSER: "Superuser: everything",
}


def lay(apps: "Apps") -> None:
    """Give each role's group exactly the permissions that it names and the database has.

    A migration does so; one that adds a model to an app of a role has to do it again.
    """
    group_model = apps.get_model("auth", "Group")
    permission_model = apps.get_model("auth", "Permission")
    for role in ROLES:
        group, _new = group_model.objects.get_or_create(name=role.name)
        wanted = Q(content_type__app_label__in=role.apps)
        for permission in role.permissions:
            label, codename = permission.split(".")
            wanted |= Q(content_type__app_label=label, codename=codename)
        group.permissions.set(permission_model.objects.filter(wanted))


def role_of(user: "User") -> str:
    """Name a person's role; asks for groups, which lists of people bring along."""
    if user.is_superuser:
        return SUPERUSER
    groups = {group.name for group in user.groups.all()}
    return next((role.name for role in ROLES if role.name in groups), LEARNER)


def with_role(users: "QuerySet[User]", name: str) -> "QuerySet[User]":
    """Keep those who have a role."""
    if name == SUPERUSER:
        return users.filter(is_superuser=True)
    users = users.filter(is_superuser=False)
    if name == LEARNER:
        return users.exclude(groups__name__in=[role.name for role in ROLES])
    return users.filter(groups__name=name)


def may_appoint(user: "User") -> Iterator[str]:
    """Give the roles that a person may give to others, and take from them."""
    yield from (LEARNER, EDITOR)
    if user.is_superuser:
        yield from (HOST, SUPERUSER)


def may_change(user: "User", other: "User") -> bool:
    """Say whether somebody's account is theirs to change: superusers' and hosts' are not hosts'."""
    return user.is_superuser or role_of(other) in may_appoint(user)


def appoint(user: "User", name: str) -> None:
    """Give a person a role in place of the one they had, and every right that is not of it."""
    with transaction.atomic():
        user.is_staff = name != LEARNER
        user.is_superuser = name == SUPERUSER
        user.save(update_fields=["is_staff", "is_superuser"])
        user.groups.set(Group.objects.filter(name__in=[name]))
        user.user_permissions.clear()
