from django.urls import path, register_converter

from journal.converters import (
    CapitalsConverter,
    CodeConverter,
    EndingConverter,
    HandleConverter,
    PictureConverter,
    TagConverter,
)
from journal.views import (
    api,
    deleting,
    drafts,
    logfile,
    pictures,
    public,
    reading,
    revisions,
    writing,
)

register_converter(CodeConverter, "code")
register_converter(CapitalsConverter, "capitals")
register_converter(EndingConverter, "ending")
register_converter(HandleConverter, "handle")
register_converter(PictureConverter, "picture")
register_converter(TagConverter, "tag")

urlpatterns = [
    path("journal/", reading.journal, name="journal"),
    path("journal/tags/", reading.tags, name="tags"),
    path("journal/new/", writing.new_entry, name="new_entry"),
    path("journal/preview/", writing.preview, name="preview"),
    path("journal/bin/", deleting.journal_bin, name="journal_bin"),
    path("journal/bin/<code:code>/restore/", deleting.restore_entry, name="restore_entry"),
    path("journal/bin/<code:code>/delete/", deleting.delete_for_good, name="delete_for_good"),
    path("journal/drafts/", drafts.autosave, name="autosave"),
    path("journal/drafts/<code:code>/", drafts.draft, name="draft"),
    path("journal/drafts/<code:code>/discard/", drafts.discard_draft, name="discard_draft"),
    path("journal/drafts/<code:code>/restore/", drafts.restore_draft, name="restore_draft"),
    path("journal/pictures/", pictures.upload_picture, name="upload_picture"),
    path("journal/pictures/<picture:name>", pictures.picture, name="picture"),
    path("journal/pictures/<picture:name>/delete/", pictures.delete_picture, name="delete_picture"),
    path("journal/LOG.md", logfile.log_file, name="log_file"),
    path("journal/import/", logfile.import_log, name="import_log"),
    path("journal/import/<int:pk>/", logfile.import_check, name="import_check"),
    path("journal/import/<int:pk>/apply/", logfile.apply_import, name="apply_import"),
    path("journal/import/<int:pk>/cancel/", logfile.cancel_import, name="cancel_import"),
    path("journal/<code:code>/", reading.entry, name="entry"),
    path("journal/<code:code>/edit/", writing.edit_entry, name="edit_entry"),
    path("journal/<code:code>/history/", revisions.entry_history, name="entry_history"),
    path(
        "journal/<code:code>/history/<int:number>/restore/",
        revisions.restore_revision,
        name="restore_revision",
    ),
    path("journal/<code:code>/delete/", deleting.delete_entry, name="delete_entry"),
    path("journal/<code:code>/visibility/", writing.set_visibility, name="set_visibility"),
    path("@<handle:handle>/log/", public.public_log, name="public_log"),
    path("@<handle:handle>/log/<code:code>", public.public_entry, name="public_entry_by_code"),
    path("@<handle:handle>/log/<code:code>/", public.public_entry, name="public_entry_by_code"),
    path(
        "@<handle:handle>/log/<code:code>-<ending:slug>/", public.public_entry, name="public_entry"
    ),
    path("@<handle:handle>/feed.atom", public.feed, name="feed"),
    path("@<handle:handle>/tags/<tag:tag>/", public.public_tag, name="public_tag"),
    path("@<handle:handle>/tags/<tag:tag>/feed.atom", public.tag_feed, name="tag_feed"),
    path("api/log", api.api_log, name="api_log"),
    path("api/log/<code:code>", api.api_entry, name="api_entry"),
    path("api/", api.api_guide, name="api_guide"),
    path("api/<path:rest>", api.api_nothing, name="api_nothing"),
]
