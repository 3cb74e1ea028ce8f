from typing import Any

from allauth.account.models import EmailAddress
from allauth.usersessions.admin import UserSessionAdmin as AllauthUserSessionAdmin
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.forms import UserChangeForm as DjangoUserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse

from mastery import roles
from mastery.models import User

# Roles are laid by a migration: what a group may do is written down once, in mastery.roles.
admin.site.unregister(Group)
admin.site.unregister(UserSession)


@admin.register(UserSession)
class UserSessionAdmin(AllauthUserSessionAdmin):
    """The sessions, searched by handle: allauth asks for a user name, which nobody has here."""

    search_fields = ["user__handle", "ip"]


class LowerCaseHandle:
    """As at sign-up: handles and addresses are lower case; whoever types Ada means ada."""

    cleaned_data: dict[str, Any]

    def clean_handle(self) -> str:
        return str(self.cleaned_data["handle"]).lower()

    def clean_email(self) -> str:
        return User.objects.normalize_email(self.cleaned_data["email"])


class UserCreationForm(LowerCaseHandle, AdminUserCreationForm[User]):
    class Meta:
        model = User
        fields = ("handle", "email")


class UserChangeForm(LowerCaseHandle, DjangoUserChangeForm[User]):
    role = forms.ChoiceField()

    def _get_validation_exclusions(self) -> set[str]:
        # A handle that was kept for the site only later stands in nobody's way.
        left = {"handle"} - set(self.changed_data)
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]  # Django's
        return excluded | left


class AppointmentForm(forms.ModelForm[User]):
    """What a host decides about somebody's account."""

    role = forms.ChoiceField()

    class Meta:
        model = User
        fields = ["is_active"]
        help_texts = {
            "is_active": "Without it nobody logs in to the account, and its public pages are gone."
        }


class RoleFilter(admin.SimpleListFilter):
    title = "role"
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, label.partition(":")[0]) for name, label in roles.LABELS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        name = self.value()
        return roles.with_role(queryset, name) if name in roles.LABELS else queryset


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    """Accounts: for hosts whose they are, whether they are open and their role, no more."""

    form = UserChangeForm
    add_form = UserCreationForm
    list_display = ["handle", "email", "role_now", "is_active", "date_joined", "last_login"]
    list_filter = [RoleFilter, "is_active"]
    search_fields = ["handle", "email"]
    ordering = ["handle"]
    # What goes with an account is counted; what it says is nobody else's to read.
    delete_confirmation_max_display = 0
    filter_horizontal = []
    fieldsets = [
        (None, {"fields": ["handle", "email", "password"]}),
        ("Rights", {"fields": ["role", "is_active"]}),
        (
            "Learning",
            {
                "fields": [
                    "tracks",
                    "target_level",
                    "target_date",
                    "hours_a_week",
                    "rechecks",
                    "time_zone",
                    "time_zone_confirmed",
                ]
            },
        ),
        ("Profile", {"fields": ["profile_is_public", "name", "about", "links"]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["handle", "email", "usable_password", "password1", "password2"]})
    ]
    fieldsets_for_hosts = [
        (None, {"fields": ["handle", "email"]}),
        ("Rights", {"fields": ["role", "is_active"]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]

    @admin.display(description="Role")
    def role_now(self, user: User) -> str:
        return roles.LABELS[roles.role_of(user)].partition(":")[0]

    # Who may do what

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        if not allowed or obj is None:
            return allowed
        assert isinstance(request.user, User)
        return roles.may_change(request.user, obj)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        # A list can be asked about any column; a host learns nothing from one that is not shown.
        if not request.user.is_superuser and lookup not in {"role", "is_active__exact"}:
            return False
        return super().lookup_allowed(lookup, value, request)

    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002  (as Django names it)
        form_url: str = "",
    ) -> HttpResponse:
        if not request.user.is_superuser:
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> User | None:
        found = super().get_object(request, object_id, from_field)
        if found is None and self.has_view_permission(request):
            raise Http404
        return found

    # What they see

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def decides(self, request: HttpRequest, user: User | None) -> bool:
        """Say whether rights are open to whoever asks: nobody changes their own."""
        return user != request.user and self.has_change_permission(request, user)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        chosen = self.fieldsets if request.user.is_superuser else self.fieldsets_for_hosts
        if self.decides(request, obj):
            return chosen
        return [
            (title, {"fields": ["role_now" if name == "role" else name for name in part["fields"]]})
            for title, part in chosen
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        always = ["role_now", "last_login", "date_joined"]
        if obj is None:
            return always
        if not request.user.is_superuser:
            always += ["handle", "email"]
        return always if self.decides(request, obj) else [*always, "is_active"]

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is None:
            return super().get_form(request, obj, change=change, **kwargs)
        if not request.user.is_superuser:
            kwargs["form"] = AppointmentForm
        form = super().get_form(request, obj, change=change, **kwargs)
        # The form's own class, made for this request; what it declares is everybody's.
        del form.base_fields["role"]
        if self.decides(request, obj):
            assert isinstance(request.user, User)
            form.base_fields["role"] = forms.ChoiceField(
                choices=[(name, roles.LABELS[name]) for name in roles.may_appoint(request.user)],
                initial=roles.role_of(obj),
                help_text="Takes the place of the role they had, at once.",
            )
        return form

    # What they do

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        with transaction.atomic():
            # Alone what was changed: what the person saved meanwhile is not put back.
            obj.save(update_fields=set(form.changed_data) - {"role"})
            if "role" in form.changed_data:
                roles.appoint(obj, form.cleaned_data["role"])
            if "email" in form.changed_data:
                self.move_address(obj)

    def move_address(self, user: User) -> None:
        """Make the account's address the only one it has; whoever reads it has yet to say so."""
        addresses = EmailAddress.objects.filter(user=user)
        addresses.delete()
        if user.email:
            addresses.create(user=user, email=user.email, primary=True, verified=False)
