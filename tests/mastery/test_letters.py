import re

from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.test import Client

from mastery.models import User


def test_a_letter_is_text_and_html_with_the_same_link(client: Client, user: User) -> None:
    client.post("/accounts/password/reset/", {"email": user.email})
    [letter] = mail.outbox
    assert isinstance(letter, EmailMultiAlternatives)
    link = re.search(r"http://\S+", str(letter.body))
    assert link
    [html] = letter.alternatives
    assert html.mimetype == "text/html"
    assert f'<a href="{link[0]}"' in str(html.content)
    assert "Mastery" in str(html.content)
