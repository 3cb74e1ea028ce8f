from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm

from mastery.models import User


class UserCreationForm(AdminUserCreationForm[User]):
    class Meta:
        model = User
        fields = ("handle", "email")

    def clean_handle(self) -> str:
        # As at sign-up: handles are lower case; whoever types Ada means ada.
        return str(self.cleaned_data["handle"]).lower()


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    add_form = UserCreationForm
    list_display = ["handle", "email", "is_staff", "is_active", "date_joined", "last_login"]
    search_fields = ["handle", "email"]
    ordering = ["handle"]
    # What goes with an account is counted; what it says is nobody else's to read.
    delete_confirmation_max_display = 0
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["handle", "email", "password"]}),
        (
            "Learning",
            {"fields": ["tracks", "target_level", "target_date", "hours_a_week", "time_zone"]},
        ),
        (
            "Rights",
            {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]},
        ),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["handle", "email", "usable_password", "password1", "password2"]})
    ]
