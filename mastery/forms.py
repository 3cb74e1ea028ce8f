import zoneinfo
from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting

from mastery.models import User


class Renderer(TemplatesSetting):
    """Every form of the site through one field template."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"


class SettingsForm(forms.ModelForm[User]):
    time_zone = forms.ChoiceField(help_text=User._meta.get_field("time_zone").help_text)
    tracks = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="What counts in your totals. Changing this changes no tick and no date.",
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

    def __init__(
        self,
        *args: Any,
        tracks: list[tuple[str, str]],
        levels: list[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(zoneinfo.available_timezones())
        self._choices("time_zone").choices = [(zone, zone.replace("_", " ")) for zone in zones]
        self._choices("tracks").choices = tracks
        self._choices("target_level").choices = [("", "No target"), *levels]

    def _choices(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        return field

    def save(self, commit: bool = True) -> User:
        # Whoever saved the form has seen the zone.
        self.instance.time_zone_confirmed = True
        return super().save(commit)
