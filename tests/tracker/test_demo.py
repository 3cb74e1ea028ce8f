import datetime as dt

from django.test import Client

from mastery.models import User
from roadmap.queries import Manual
from tracker.demo import make_demo
from tracker.models import Award, Completion, CompletionEvent
from tracker.queries import board_of, due_again


def test_the_demo_learner_has_half_a_year_behind_them_and_can_log_in(
    client: Client, roadmap: Manual
) -> None:
    handle, password = make_demo()
    user = User.objects.get(handle=handle)
    board = board_of(user, roadmap)
    assert board.phases["2"].total.complete
    assert 0 < board.phases["3"].total.done < board.phases["3"].total.total
    days = sorted(Completion.objects.values_list("completed_on", flat=True))
    assert dt.timedelta(days=150) < days[-1] - days[0] < dt.timedelta(days=200)
    assert 0 < board.total.shown < board.total.done
    assert [award.level.slug for award in Award.objects.all()] == ["l1"]
    assert len(due_again(user, roadmap, board)) == 3
    response = client.post("/accounts/login/", {"login": handle, "password": password})
    assert response.status_code == 302


def test_making_the_demo_again_gives_a_new_password_and_no_second_learner(roadmap: Manual) -> None:
    _, first = make_demo()
    events = CompletionEvent.objects.count()
    _, second = make_demo()
    assert first != second
    assert User.objects.count() == 1
    assert CompletionEvent.objects.count() == events
