import datetime as dt

from journal.demo import ENTRIES, make_log
from journal.models import Entry, Writing
from mastery.models import User
from roadmap.queries import Manual


def test_the_demonstration_log_is_one_that_a_person_could_have_written(
    user: User, roadmap: Manual
) -> None:
    make_log(user)
    entries = list(Entry.objects.of(user).with_words())
    assert len(entries) == len(ENTRIES)
    for entry in entries:
        assert entry.writing().problems(today=user.today) == {}
    assert 0 < Entry.objects.of(user).public().count() < len(entries)


def test_a_log_that_somebody_wrote_stays(user: User) -> None:
    writing = Writing(day=dt.date(2026, 3, 14), tried="Mine.")
    Entry.objects.add(user, [writing], now=user.date_joined)
    make_log(user)
    assert Entry.objects.of(user).get().tried == "Mine."
