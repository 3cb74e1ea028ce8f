from django.urls import path, register_converter

from journal.converters import CodeConverter, HandleConverter, PictureConverter, TagConverter
from journal.views import api, logfile, pictures, public, reading, writing

register_converter(CodeConverter, "code")
register_converter(HandleConverter, "handle")
register_converter(PictureConverter, "picture")
register_converter(TagConverter, "tag")

urlpatterns = [
    path("journal/", reading.journal, name="journal"),
    path("journal/tags/", reading.tags, name="tags"),
    path("journal/new/", writing.new_entry, name="new_entry"),
    path("journal/preview/", writing.preview, name="preview"),
    path("journal/bin/", writing.journal_bin, name="journal_bin"),
    path("journal/bin/<code:code>/restore/", writing.restore_entry, name="restore_entry"),
    path("journal/drafts/", writing.autosave, name="autosave"),
    path("journal/drafts/<code:code>/discard/", writing.discard_draft, name="discard_draft"),
    path("journal/drafts/<code:code>/restore/", writing.restore_draft, name="restore_draft"),
    path("journal/pictures/", pictures.upload_picture, name="upload_picture"),
    path("journal/pictures/<picture:name>", pictures.picture, name="picture"),
    path("journal/LOG.md", logfile.log_file, name="log_file"),
    path("journal/import/", logfile.import_log, name="import_log"),
    path("journal/import/<int:pk>/", logfile.import_check, name="import_check"),
    path("journal/import/<int:pk>/apply/", logfile.apply_import, name="apply_import"),
    path("journal/import/<int:pk>/cancel/", logfile.cancel_import, name="cancel_import"),
    path("journal/<code:code>/", reading.entry, name="entry"),
    path("journal/<code:code>/edit/", writing.edit_entry, name="edit_entry"),
    path("journal/<code:code>/history/", writing.entry_history, name="entry_history"),
    path(
        "journal/<code:code>/history/<int:number>/restore/",
        writing.restore_revision,
        name="restore_revision",
    ),
    path("journal/<code:code>/delete/", writing.delete_entry, name="delete_entry"),
    path("journal/<code:code>/visibility/", writing.set_visibility, name="set_visibility"),
    path("@<handle:handle>/log/", public.public_log, name="public_log"),
    path("@<handle:handle>/log/<code:code>-<str:slug>/", public.public_entry, name="public_entry"),
    path("@<handle:handle>/feed.atom", public.feed, name="feed"),
    path("@<handle:handle>/tags/<tag:tag>/", public.public_tag, name="public_tag"),
    path("@<handle:handle>/tags/<tag:tag>/feed.atom", public.tag_feed, name="tag_feed"),
    path("api/log", api.api_log, name="api_log"),
    path("api/", api.api_guide, name="api_guide"),
]
