import datetime as dt
import io
import struct
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image, ImageCms

from journal import pictures
from journal.models import Draft, Entry, Picture, PictureUse, Writing
from journal.pictures import STILL, TOO_BIG, TOO_HEAVY, UNREADABLE, PictureError, recode
from journal.views import pictures as views
from mastery.models import User

JOURNAL = "/journal/"
URL = "/journal/pictures/"
JSON = {"accept": "application/json"}
pytestmark = pytest.mark.django_db


def picture(
    kind: str = "PNG", mode: str = "RGB", size: tuple[int, int] = (8, 6), **how: Any
) -> bytes:
    file = io.BytesIO()
    with Image.new(mode, size, how.pop("color", 0)) as im:
        im.save(file, kind, **how)
    return file.getvalue()


def moving(kind: str, frames: int = 3, size: tuple[int, int] = (8, 6)) -> bytes:
    shades = [Image.new("RGB", size, (40 * number % 256, 0, 0)) for number in range(frames)]
    file = io.BytesIO()
    shades[0].save(
        file, kind, save_all=True, append_images=shades[1:], duration=[50, 70, 90][:frames], loop=0
    )
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


# Making anew


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_stays_of_its_kind(kind: str) -> None:
    made = recode(picture(kind, "RGB"))
    assert (made.kind, made.width, made.height) == (kind.lower(), 8, 6)
    assert opened(made.data).format == kind


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("PNG", "1", {}),
        ("PNG", "L", {}),
        ("PNG", "LA", {}),
        ("PNG", "P", {}),
        ("PNG", "P", {"transparency": 0}),
        ("PNG", "RGB", {"transparency": (0, 0, 0)}),
        ("PNG", "RGBA", {}),
        ("PNG", "I;16", {}),
        ("JPEG", "L", {}),
        ("JPEG", "CMYK", {}),
        ("GIF", "P", {"transparency": 0}),
        ("WEBP", "RGBA", {"lossless": True}),
    ],
)
def test_every_way_to_write_pixels_is_read(kind: str, mode: str, options: dict[str, Any]) -> None:
    made = recode(picture(kind, mode, **options))
    assert (made.width, made.height) == (8, 6)
    clear = mode in {"LA", "RGBA"} or "transparency" in options
    assert opened(made.data).has_transparency_data is clear


def test_sixteen_bits_become_eight_of_the_same_brightness() -> None:
    made = recode(picture("PNG", "I;16", color=32768))
    assert opened(made.data).getpixel((0, 0)) == 128


def test_the_pixels_of_a_png_are_kept_as_they_are() -> None:
    im = Image.effect_noise((40, 30), 50).convert("RGB")
    file = io.BytesIO()
    im.save(file, "PNG")
    assert opened(recode(file.getvalue()).data).tobytes() == im.tobytes()


def test_a_lossless_webp_stays_lossless() -> None:
    im = Image.effect_noise((40, 30), 50).convert("RGB")
    file = io.BytesIO()
    im.save(file, "WEBP", lossless=True)
    assert opened(recode(file.getvalue()).data).convert("RGB").tobytes() == im.tobytes()


def test_the_colours_of_a_gif_are_kept_as_they_are() -> None:
    im = Image.effect_noise((40, 30), 50)
    im.putpalette([(number * 7) % 256 for number in range(768)])
    file = io.BytesIO()
    im.save(file, "GIF", transparency=3)
    before, after = opened(file.getvalue()), opened(recode(file.getvalue()).data)
    assert after.convert("RGBA").tobytes() == before.convert("RGBA").tobytes()


def exif() -> Image.Exif:
    data = Image.Exif()
    data[0x010E] = "secret description"
    data[0x0112] = 6  # turned a quarter
    data.get_ifd(0x8825)[29] = "secret place"
    return data


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_nothing_but_pixels_survives(kind: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    sent = picture(kind, exif=exif(), icc_profile=profile, xmp=b"<x:xmpmeta>secret</x:xmpmeta>")
    assert b"secret" in sent
    made = recode(sent)
    assert b"secret" not in made.data
    kept = opened(made.data)
    assert not kept.getexif()
    assert not {"icc_profile", "xmp", "comment", "exif"} & kept.info.keys()
    assert (made.width, made.height) == (6, 8), "turned as the camera was held"


@pytest.mark.parametrize("kind", ["JPEG", "GIF"])
def test_comments_are_dropped(kind: str) -> None:
    sent = picture(kind, comment=b"secret <script>")
    assert b"secret" in sent
    assert b"secret" not in recode(sent).data


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_nothing_behind_the_end_survives(kind: str) -> None:
    assert b"alert" not in recode(picture(kind) + b"<script>alert(1)</script>").data


def test_colours_of_a_wider_space_are_moved_into_srgb() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # A profile whose red and blue are swapped: rXYZ and bXYZ change places.
    swapped = lab.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")
    made = recode(picture("PNG", color=(255, 0, 0), icc_profile=swapped))
    red, _green, blue = opened(made.data).getpixel((0, 0))  # type: ignore[misc]
    assert blue > 200 > 50 > red


def test_a_profile_that_is_none_is_dropped() -> None:
    made = recode(picture("PNG", color=(9, 8, 7), icc_profile=b"nonsense"))
    assert opened(made.data).getpixel((0, 0)) == (9, 8, 7)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_large_picture_is_scaled_down(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "KEPT_PIXELS", 100 * 100)
    made = recode(picture(kind, size=(200, 800)))
    assert (made.width, made.height) == (50, 200), "as many pixels, whatever the shape"
    monkeypatch.setattr(pictures, "LONGEST_SIDE", 100)
    made = recode(picture(kind, size=(400, 8)))
    assert (made.width, made.height) == (100, 2)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_what_moves_goes_on_moving(kind: str) -> None:
    kept = opened(recode(moving(kind)).data)
    assert kept.n_frames == 3  # type: ignore[attr-defined]
    durations = []
    for number in range(3):
        kept.seek(number)
        kept.load()
        durations.append(kept.info["duration"])
    assert durations == [50, 70, 90]
    assert kept.info["loop"] == 0


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_what_moves_too_long_stands_still(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_FRAMES", 2)
    made = recode(moving(kind))
    assert made.note == STILL
    assert not getattr(opened(made.data), "is_animated", False)


def png(width: int, height: int) -> bytes:
    """Give a PNG of black that is small however large the picture: one stream of zeros."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(min(width // 8 + 1, 10_000) * min(height, 8)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [6400, 12_000, 20_000, 2**31 - 1])
def test_a_picture_of_too_many_pixels_is_refused_unread(side: int) -> None:
    with pytest.raises(PictureError, match="40 megapixels"):
        recode(png(side, side))


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    "data",
    [
        SVG,
        b'<?xml version="1.0"?>' + SVG,
        b"<!doctype html><script>alert(1)</script>",
        b"%PDF-1.7",
        b"BM" + bytes(60),
        b"GIF89a" + SVG,
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff" + SVG,
        b"RIFF\x10\0\0\0WEBPVP8 " + SVG,
        picture("TIFF"),
        picture("BMP"),
        picture("ICO"),
        picture("PPM"),
        *(picture(kind, size=(300, 300), mode="RGB")[:-60] for kind in ("JPEG", "WEBP")),
        picture("PNG", color=3, size=(300, 300))[:80],
        moving("GIF", size=(300, 300))[:400],
        bytes(1000),
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_no_good_picture_is_refused(data: bytes) -> None:
    with pytest.raises(PictureError) as caught:
        recode(data)
    assert str(caught.value) == UNREADABLE


def test_nothing_and_too_much_are_refused() -> None:
    for data, words in ((b"", "empty"), (bytes(10_000_001), "10 MB")):
        with pytest.raises(PictureError, match=words):
            recode(data)


# Sending


def send(client: Client, data: bytes, name: str = "x.png", **more: Any) -> Any:
    more.setdefault("headers", JSON)
    return client.post(URL, {"picture": SimpleUploadedFile(name, data)}, **more)


def test_a_picture_that_is_sent_is_kept(learner: Client, user: User) -> None:
    response = send(learner, picture("JPEG"), "wrong.png")
    kept = Picture.objects.get()
    assert response.status_code == 201
    assert response.json() == {
        "markdown": f"![](/journal/pictures/{kept.name})",
        "url": f"/journal/pictures/{kept.name}",
        "width": 8,
        "height": 6,
    }
    assert (kept.user, kept.kind, kept.size) == (user, "jpeg", len(kept.data))


def test_the_answer_says_what_was_lost(learner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_FRAMES", 2)
    assert send(learner, moving("GIF")).json()["note"] == STILL
    send(learner, moving("GIF"), headers={})
    assert STILL in learner.get(URL).content.decode()


def test_without_javascript_it_leads_back_to_the_page(learner: Client) -> None:
    response = send(learner, picture(), headers={"accept": "text/html,*/*;q=0.8"})
    assert (response.status_code, response["Location"]) == (303, URL)
    page = learner.get(URL).content.decode()
    assert Picture.objects.get().markdown in page
    assert "The picture is kept." in page


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (SVG, 422, UNREADABLE),
        (b"", 422, "The file is empty. Choose a picture."),
        (png(7000, 7000), 422, TOO_BIG),
        (bytes(10_000_001), 413, TOO_HEAVY),
        (bytes(10_200_000), 413, TOO_HEAVY),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_sentence(
    learner: Client, data: bytes, status: int, words: str
) -> None:
    response = send(learner, data, "x.png")
    assert (response.status_code, response.json()) == (status, {"error": words})
    page = send(learner, data, "x.png", headers={"accept": "text/html"})
    assert page.status_code == status
    assert words in page.content.decode()
    assert not Picture.objects.exists()


def test_a_form_without_a_picture_is_refused(learner: Client) -> None:
    assert learner.post(URL, headers=JSON).status_code == 422
    assert learner.post(URL, {"picture": "text"}, headers=JSON).status_code == 422


def test_pictures_have_a_rate(learner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "MOST_AN_HOUR", 1)
    assert send(learner, picture()).status_code == 201
    response = send(learner, picture())
    assert (response.status_code, response["Retry-After"]) == (429, "600")
    Picture.objects.update(uploaded=timezone.now() - dt.timedelta(minutes=61))
    assert send(learner, picture()).status_code == 201


def test_pictures_have_a_total(learner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "MOST_KEPT", 100)
    send(learner, picture())
    response = send(learner, picture())
    assert response.status_code == 413
    assert "MB there are for them" in response.json()["error"]
    assert Picture.objects.count() == 1


def test_a_form_from_elsewhere_is_refused(user: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    assert send(client, picture()).status_code == 403
    assert send(client, bytes(10_200_000)).status_code == 413
    assert not Picture.objects.exists()


def test_a_stranger_logs_in_first(client: Client) -> None:
    assert client.get(URL).status_code == 302
    assert send(client, picture()).status_code == 303
    assert not Picture.objects.exists()


# The page


def keep(user: User, data: bytes = b"", **more: Any) -> Picture:
    made = recode(data or picture())
    kept = Picture.objects.keep(user, made, now=timezone.now())
    if more:
        Picture.objects.filter(pk=kept.pk).update(**more)
    return kept


def test_an_entry_has_the_sizes_of_its_writers_pictures(
    learner: Client, user: User, make_user: Callable[..., User]
) -> None:
    own, other = keep(user, picture(size=(8, 6))), keep(make_user("grace"))
    text = f"{own.markdown} {other.markdown} <img src={own.get_absolute_url()} width=99999>"
    sized = f'<img src="{own.get_absolute_url()}" alt="" width="8" height="6" loading="lazy">'
    bare = f'<img src="{other.get_absolute_url()}" alt="" loading="lazy">'
    html = f"<p>{sized} {bare} {sized}</p>\n"
    (entry,) = Entry.objects.add(
        user, [Writing(day=dt.date(2026, 3, 14), tried=text)], now=timezone.now()
    )
    entry.rewrite(replace(entry.writing(), learned=text), began_from=1, now=timezone.now())
    revision = entry.revisions.get(number=2)
    assert revision.html == {"tried": html, "learned": html}
    assert html in learner.post(f"{JOURNAL}preview/", {"tried": text}).content.decode()
    entry.revisions.update(html={})
    call_command("render_entries", stdout=io.StringIO())
    assert entry.revisions.get(number=2).html == revision.html


def entry_with(user: User, *shown: Picture, visibility: str = "private") -> Entry:
    writing = Writing(
        day=dt.date(2026, 3, 14), tried="\n".join(one.markdown for one in shown) or "x"
    )
    (entry,) = Entry.objects.add(user, [writing], now=timezone.now(), visibility=visibility)
    return entry


def test_the_page_shows_own_pictures_alone(
    learner: Client, user: User, make_user: Callable[..., User]
) -> None:
    own, used, other = keep(user), keep(user), keep(make_user("grace"))
    entry_with(user, used)
    html = learner.get(URL).content.decode()
    assert own.markdown in html
    assert used.markdown in html
    assert other.name not in html
    assert f"{own.get_absolute_url()}/delete/" in html
    assert f"{used.get_absolute_url()}/delete/" not in html


def test_the_page_tells_times_in_the_persons_zone(learner: Client, user: User) -> None:
    user.time_zone = "Asia/Tokyo"
    user.save()
    Picture.objects.filter(pk=keep(user).pk).update(
        uploaded=dt.datetime(2026, 3, 14, 23, 30, tzinfo=dt.UTC)
    )
    assert "Picture of 15 March 2026, 08:30:00" in learner.get(URL).content.decode()


def test_the_page_asks_no_more_for_more_pictures(learner: Client, user: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert learner.get(URL).status_code == 200
        return len(found)

    for _ in range(2):
        keep(user)
    few = queries()
    for _ in range(18):
        keep(user)
    assert queries() == few


def test_an_unused_picture_can_be_deleted(learner: Client, user: User) -> None:
    kept = keep(user)
    where = f"{URL}{kept.name}/delete/"
    assert learner.get(where).status_code == 405
    assert learner.post(where)["Location"] == URL
    assert not Picture.objects.exists()
    assert learner.post(where).status_code == 404


def test_a_picture_of_an_entry_is_not_deleted(learner: Client, user: User) -> None:
    kept = keep(user)
    entry_with(user, kept)
    learner.post(f"{URL}{kept.name}/delete/")
    assert "goes with the entry" in learner.get(URL).content.decode()
    assert Picture.objects.exists()


def test_nobody_deletes_somebody_elses(learner: Client, make_user: Callable[..., User]) -> None:
    kept = keep(make_user("grace"))
    assert learner.post(f"{URL}{kept.name}/delete/").status_code == 404
    assert Client().post(f"{URL}{kept.name}/delete/").status_code == 303
    assert Picture.objects.exists()


# Showing


def test_a_picture_comes_with_headers_of_its_own(learner: Client, user: User) -> None:
    kept = keep(user)
    response = learner.get(kept.get_absolute_url(), headers={"accept-encoding": "gzip"})
    assert response.content == bytes(kept.data)
    wanted = {
        "Content-Type": "image/png",
        "Content-Length": str(kept.size),
        "Content-Disposition": f'inline; filename="{kept.name}.png"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-cache",
        "ETag": f'"{kept.name}"',
    }
    assert {name: response[name] for name in wanted} == wanted
    assert "Content-Encoding" not in response
    assert not response.cookies


def test_a_picture_that_is_there_already_is_not_sent_again(learner: Client, user: User) -> None:
    kept = keep(user)
    with CaptureQueriesContext(connection) as queries:
        response = learner.get(kept.get_absolute_url(), headers={"if-none-match": f'"{kept.name}"'})
    assert (response.status_code, response.content) == (304, b"")
    assert '"data"' not in " ".join(query["sql"] for query in queries)
    assert response["Cache-Control"] == "private, no-cache"
    with CaptureQueriesContext(connection) as queries:
        response = learner.head(kept.get_absolute_url())
    assert (response["Content-Length"], response.content) == (str(kept.size), b"")
    assert '"data"' not in " ".join(query["sql"] for query in queries)


def seen(kept: Picture, client: Client | None = None) -> int:
    status: int = (client or Client()).get(kept.get_absolute_url()).status_code
    again = (client or Client()).get(
        kept.get_absolute_url(), headers={"if-none-match": f'"{kept.name}"'}
    )
    assert again.status_code == (304 if status == 200 else status)
    return status


def test_a_picture_is_seen_by_whom_its_entry_is(
    learner: Client, user: User, make_user: Callable[..., User]
) -> None:
    other = Client()
    other.force_login(make_user("grace"))
    kept = keep(user)
    assert seen(kept) == seen(kept, other) == 404, "in no entry"
    entry = entry_with(user, kept)
    assert seen(kept) == seen(kept, other) == 404, "in a private one"
    for visibility in ("unlisted", "public"):
        entry.show_to(visibility, now=timezone.now())
        assert seen(kept) == seen(kept, other) == 200
    entry.show_to("private", now=timezone.now())
    assert seen(kept) == 404
    entry.show_to("public", now=timezone.now())
    entry.put_in_bin(now=timezone.now())
    assert seen(kept) == seen(kept, other) == 404, "in the bin"
    assert seen(kept, learner) == 200


def test_a_picture_that_the_text_no_longer_shows_is_its_owners_alone(
    learner: Client, user: User
) -> None:
    kept = keep(user)
    entry = entry_with(user, kept, visibility="public")
    assert seen(kept) == 200
    words = Writing(day=entry.day, tried="gone")
    entry.rewrite(words, began_from=1, now=timezone.now())
    assert seen(kept) == 404
    assert seen(kept, learner) == 200


def test_an_entry_that_names_somebody_elses_picture_shows_it_to_nobody(
    user: User, make_user: Callable[..., User]
) -> None:
    kept = keep(make_user("grace"))
    entry_with(user, kept, visibility="public")
    assert seen(kept) == 404


def test_pictures_of_a_closed_account_are_closed(user: User) -> None:
    kept = keep(user)
    entry_with(user, kept, visibility="public")
    User.objects.update(is_active=False)
    assert seen(kept) == 404


def test_a_hidden_picture_answers_like_one_that_never_was(user: User, client: Client) -> None:
    kept = keep(user)
    hidden, never = (client.get(f"{URL}{name}") for name in (kept.name, "a" * 32))
    assert hidden.status_code == never.status_code == 404
    assert dict(hidden.headers) == dict(never.headers)
    assert hidden.content.replace(kept.name.encode(), b"a" * 32) == never.content


# Going


def test_pictures_go_with_the_entry_unless_another_one_has_them(user: User) -> None:
    alone, both, past = keep(user), keep(user), keep(user)
    going, staying = entry_with(user, alone, both), entry_with(user, both, past)
    staying.rewrite(Writing(day=staying.day, tried=both.markdown), began_from=1, now=timezone.now())
    assert Picture.objects.gone_with([going]) == 1
    going.delete()
    assert set(Picture.objects.all()) == {both, past}
    assert Picture.objects.gone_with([staying]) == 2


@pytest.mark.django_db(transaction=True)
def test_a_picture_that_an_entry_is_just_taking_is_not_deleted(user: User) -> None:
    kept = keep(user)
    deleted: list[int] = []

    def delete() -> None:
        try:
            deleted.append(Picture.objects.unused().filter(pk=kept.pk).erase())
        finally:
            connection.close()

    def waits() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT FROM pg_locks "
                "WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
            )
            return bool(cursor.fetchone()[0])

    deleting = threading.Thread(target=delete)
    with transaction.atomic():
        entry_with(user, kept)
        deleting.start()
        until = time.monotonic() + 10
        while deleting.is_alive() and not waits() and time.monotonic() < until:
            pass
    deleting.join()
    assert deleted == [0]
    assert kept.uses.exists()


def test_a_picture_waits_a_day_for_its_entry(user: User) -> None:
    now = timezone.now()
    old = {"uploaded": now - dt.timedelta(hours=25)}
    fresh, lost, used, drafted = (
        keep(user),
        keep(user, **old),
        keep(user, **old),
        keep(user, **old),
    )
    entry_with(user, used)
    fields = {"tried": f"see {drafted.markdown}"}
    Draft.objects.create(user=user, fields=fields, created=now, saved=now)
    assert Picture.objects.sweep(now) == 1
    assert set(Picture.objects.all()) == {fresh, used, drafted}
    assert not Picture.objects.filter(pk=lost.pk).exists()
    assert PictureUse.objects.count() == 1
