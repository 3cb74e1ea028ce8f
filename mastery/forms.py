import datetime as dt
import zoneinfo
from typing import Any

from django import forms
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
        fields = ["time_zone", "tracks", "target_level", "target_date", "hours_a_week"]
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
