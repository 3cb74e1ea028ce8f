"""What parts of the log's addresses may look like."""

from django.urls.converters import StringConverter

from journal.models import CODE_PATTERN
from journal.text import TAG


class CodeConverter(StringConverter):
    regex = CODE_PATTERN


class HandleConverter(StringConverter):
    regex = "[a-z0-9][a-z0-9-]{2,29}"


class PictureConverter(StringConverter):
    regex = "[a-z2-7]{32}"


class TagConverter(StringConverter):
    regex = TAG.pattern
