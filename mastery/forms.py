import datetime as dt
import zoneinfo
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.validators import URLValidator
from django.forms.renderers import TemplatesSetting

from mastery.models import User


class Renderer(TemplatesSetting):
    """Every form of the site through one field template."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"


HOURS = "Hours a week lie between 1 and 100."
FURTHEST = dt.timedelta(days=20 * 365)


class SettingsForm(forms.ModelForm[User]):
    time_zone = forms.ChoiceField(help_text=User._meta.get_field("time_zone").help_text)
    tracks = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple,
        help_text="What counts in your totals. Changing this changes no tick and no date.",
        error_messages={"required": "Choose at least one track."},
    )
    target_level = forms.ChoiceField(required=False)

    class Meta:
        model = User
        fields = [
            "time_zone",
            "tracks",
            "target_level",
            "target_date",
            "hours_a_week",
            "rechecks",
        ]
        widgets = {"target_date": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}
        labels = {"hours_a_week": "Hours a week"}
        help_texts = {
            "target_date": "Nothing is counted against you.",
            "hours_a_week": "The manual reckons with 10 to 15.",
        }
        error_messages = {"hours_a_week": dict.fromkeys(("min_value", "max_value"), HOURS)}

    def __init__(
        self,
        *args: Any,
        tracks: list[tuple[str, str]],
        levels: list[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(zoneinfo.available_timezones())
        self.fields["hours_a_week"].widget.attrs |= {"min": 1, "max": 100}
        self._choices("time_zone").choices = [(zone, zone.replace("_", " ")) for zone in zones]
        self._choices("tracks").choices = tracks
        self._choices("target_level").choices = [("", "No target"), *levels]

    def _choices(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        return field

    def clean_target_date(self) -> dt.date | None:
        chosen: dt.date | None = self.cleaned_data["target_date"]
        today = self.instance.today
        # A date of long ago that is left as it is stands in nobody's way.
        new = chosen if "target_date" in self.changed_data else None
        if new and not today <= new <= today + FURTHEST:
            raise forms.ValidationError("Choose a day between today and 20 years from now.")
        return chosen

    def save(self, commit: bool = True) -> User:
        # Whoever saved the form has seen the zone.
        self.instance.time_zone_confirmed = True
        if commit:
            # Alone what is on the form: a password changed meanwhile is not put back.
            self.instance.save(update_fields=[*self.Meta.fields, "time_zone_confirmed"])
        return self.instance


class LinksField(forms.CharField):
    """Web addresses, one a line."""

    widget = forms.Textarea
    most = 6
    longest = 200  # characters of one
    is_url = URLValidator(schemes=["http", "https"])

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        lines = [line.strip() for line in super().clean(value).splitlines()]
        errors: list[str] = []
        links = [
            self.link(line, number, errors) for number, line in enumerate(lines, start=1) if line
        ]
        if len(links) > self.most:
            errors.append(f"These are {len(links)} links; {self.most} fit.")
        if errors:
            raise forms.ValidationError(errors)
        return list(dict.fromkeys(links))

    def link(self, line: str, number: int, errors: list[str]) -> str:
        url = line if "://" in line else f"https://{line}"
        try:
            self.is_url(url)
            # Before an @ stands a name or password, which may pass for another host.
            fits = "@" not in urlsplit(url).netloc
        except forms.ValidationError:
            fits = False
        if not fits:
            errors.append(
                f"Line {number}: “{line[:60]}” is no web address. "
                "One begins with https:// or http://."
            )
        elif len(url) > self.longest:
            errors.append(f"Line {number}: an address has at most {self.longest} characters.")
        return url


class ProfileForm(forms.ModelForm[User]):
    links = LinksField(
        required=False,
        help_text="Places that are yours, one a line, up to 6. "
        "They carry rel=me, so that they can point back here.",
    )

    class Meta:
        model = User
        fields = ["profile_is_public", "name", "about", "links"]
        help_texts = {
            "profile_is_public": "Your name, what is about you and your links, at your public "
            "address. Off: nobody sees them.",
            "about": "Markdown, up to 2,000 characters.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["about"].widget.attrs["rows"] = 6
        self.fields["links"].widget.attrs |= {"rows": 4, "inputmode": "url", "spellcheck": "false"}

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def save(self, commit: bool = True) -> User:
        if commit:
            self.instance.save(update_fields=self.Meta.fields)
        return self.instance
