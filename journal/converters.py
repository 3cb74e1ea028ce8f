"""What parts of the log's addresses may look like."""

from django.urls.converters import StringConverter

from journal.models import CODE_PATTERN
from journal.text import TAG


class CodeConverter(StringConverter):
    regex = CODE_PATTERN


class EndingConverter(StringConverter):
    """Whatever an address ends with, nothing as well."""

    regex = "[^/]*"


class HandleConverter(StringConverter):
    regex = "[a-z0-9][a-z0-9-]{2,29}"


class CapitalsConverter(StringConverter):
    """A handle as somebody may have typed it, with capitals in it."""

    regex = "(?=[a-z0-9-]*[A-Z])[A-Za-z0-9][A-Za-z0-9-]{2,29}"


class PictureConverter(StringConverter):
    regex = "[a-z2-7]{32}"


class TagConverter(StringConverter):
    regex = TAG.pattern
