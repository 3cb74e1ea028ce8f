"""Long words that were sent without a log-in come back, whichever form they were in."""

import pytest
from django.test import Client


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/journal/new/", "learned"),
        ("/journal/import/", "text"),
        ("/progress/p1-0/evidence/", "text"),
        ("/progress/p1-0/note/", "text"),
        ("/settings/profile/", "about"),
    ],
)
@pytest.mark.django_db
def test_words_sent_without_a_log_in_come_back(client: Client, path: str, name: str) -> None:
    response = client.post(path, {name: "What took an hour to write.", "tags": "kept too"})
    assert response.status_code == 403
    page = response.content.decode()
    assert "What took an hour to write.</textarea>" in page
    assert 'name="tags" value="kept too"' in page
    assert f'action="{path}"' in page


@pytest.mark.django_db
def test_a_form_without_words_leads_to_the_log_in(client: Client) -> None:
    response = client.post("/progress/p1-0/note/", {"text": " "})
    assert response.status_code == 303
    assert response["Location"].startswith("/accounts/login/")
