"""Every page in every state, in a real browser: in order for everybody who may come to it.

Each class is one site with one person in front of it, so that workers can share the classes.
"""

import datetime as dt

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.urls import reverse
from playwright.sync_api import expect

from mastery import views
from mastery.models import User
from roadmap.models import Milestone, MilestoneRevision, Phase, Resource, State
from roadmap.operations import Successor, retire, split, tell_of_wording
from roadmap.queries import manual
from tests import clean
from tests.conftest import PASSWORD
from tests.e2e import test_desk_pages as desk
from tests.e2e import test_log_pages as log
from tests.e2e import test_milestone_pages as own_pages
from tests.e2e.pages import LEFT_OUT, Visit, left_out, names
from tests.e2e.ticks import LONGEST, tick, untick
from tests.e2e.tour import Tour
from tracker.demo import make_demo
from tracker.visitors import COOKIE, written

# Only so that there is a database; what the tests look at is made by the class.
pytestmark = pytest.mark.django_db

LONG_HANDLE = "ada-augusta-king-of-lovelace-1"
assert len(LONG_HANDLE) == 30


def ticked_here(tour: Tour, path: str, *keys: str) -> None:
    """Come to a page in a browser that keeps ticks from before any log-in."""
    value = written(dict.fromkeys(keys, dt.date(2026, 3, 14)))
    tour.context.add_cookies([{"name": COOKIE, "value": value, "url": tour.server.url}])
    tour.go(path)


def import_ticks(tour: Tour, text: str) -> None:
    tour.send(reverse("import_progress"), text=text)


# A visitor


def with_second_factor(tour: Tour) -> None:
    tour.send(reverse("account_login"), login="linus", password=PASSWORD)


def reset_link(tour: Tour, key: str = "") -> None:
    user = tour.people["grace"]
    uid, key = user_pk_to_url_str(user), key or default_token_generator.make_token(user)
    tour.go(reverse("account_reset_password_from_key", args=[uid, key]))


def confirm_link(tour: Tour) -> None:
    address = EmailAddress.objects.get(email="grace@example.com")
    tour.go(reverse("account_confirm_email", args=[EmailConfirmationHMAC(address).key]))


def known_by_address(tour: Tour) -> None:
    tour.send(
        reverse("account_signup"),
        email="grace@example.org", username="GRACE", password1="12345",
    )  # fmt: skip


def in_the_dark(tour: Tour) -> None:
    tour.context.add_cookies([{"name": "theme", "value": "dark", "url": tour.server.url}])
    tour.go("/")


OPEN = [
    Visit("home"),
    Visit("roadmap"),
    *(Visit("phase", args=(slug,)) for slug in ("0", "1", "4", "rl-0", "rl-3")),
    Visit("levels"),
    Visit("method"),
    Visit("changes", "nothing yet"),
    Visit("resources"),
    Visit("resources", query="?phase=1&kind=video"),
    Visit("resources", "nothing found", query="?phase=rl-0&kind=venue"),
    Visit("provenance"),
    Visit("start"),
    Visit("start", "advice", query="?answer=1&backprop-by-hand=yes&attention-from-scratch=no"),
    Visit("start", "an answer is missing", query="?answer=1&backprop-by-hand=yes"),
    Visit("start", "all of it", query="?backprop-by-hand=yes&attention-from-scratch=yes"
          "&scaling-and-cost=yes&post-training-and-evals=yes&design-an-extension=yes"),
    Visit("progress"),
    Visit("import_progress"),
    Visit("account_login"),
    Visit("account_signup"),
    Visit("account_reset_password"),
    Visit("account_reset_password_done"),
    Visit("account_reset_password_from_key_done"),
    Visit("account_email_verification_sent"),
    Visit("account_inactive"),
]  # fmt: skip
ENTRANCE = [
    Visit("home", "dark chosen", way=in_the_dark),
    *(Visit(name, "ticked here", args=args, way=lambda tour, name=name, args=args: ticked_here(
        tour, reverse(name, args=args), *manual().milestones))
      for name, args in (("home", ()), ("phase", ("0",)), ("progress", ()),
                         ("account_signup", ()))),
    Visit("account_login", "wrong password", way=lambda tour: tour.send(
        reverse("account_login"), login="grace", password="wrong")),
    Visit("account_login", "empty", way=lambda tour: tour.send(reverse("account_login"))),
    Visit("account_login", "sent here by a page", query="?next=/progress/"),
    Visit("account_signup", "all of it wrong", way=known_by_address),
    Visit("account_reset_password", "no address", way=lambda tour: tour.send(
        reverse("account_reset_password"), email="nowhere")),
    Visit("account_reset_password_from_key", way=reset_link),
    Visit("account_reset_password_from_key", "used up", way=lambda tour: reset_link(tour, "x-1")),
    Visit("account_confirm_email", way=confirm_link),
    Visit("account_confirm_email", "no longer good", args=("nothing",)),
    Visit("mfa_authenticate", way=with_second_factor),
]  # fmt: skip

# With scripts or without, one phase is like another.
STILL = [visit for visit in OPEN if visit.name != "phase" or visit.args[0] in {"0", "rl-3"}]


class TestVisitor:
    @staticmethod
    def prepare(tour: Tour) -> None:
        tour.enter("")

    @pytest.mark.parametrize("visit", OPEN, ids=str)
    def test_a_page_is_in_order_with_scripts_and_without(self, tour: Tour, visit: Visit) -> None:
        tour.look(visit, still=visit in STILL)


class TestEntrance:
    @staticmethod
    def prepare(tour: Tour) -> None:
        grace = tour.person("grace")
        EmailAddress.objects.create(user=grace, email="grace@example.com")
        TOTP.activate(tour.person("linus"), generate_totp_secret())
        tour.enter("")

    @pytest.mark.parametrize("visit", ENTRANCE, ids=str)
    def test_a_page_is_in_order(self, tour: Tour, visit: Visit) -> None:
        tour.look(visit)


# A new learner, with nothing ticked and a name as long as names get


def without_password(tour: Tour) -> None:
    tour.enter("passkeys-only")
    tour.go(reverse("account_set_password"))


NEW = [
    Visit("home"),
    Visit("phase", args=("0",)),
    Visit("progress"),
    Visit("claim"),
    Visit("import_progress"),
    Visit("settings"),
    Visit("account_email"),
    Visit("account_change_password"),
    Visit("account_logout"),
    Visit("account_reauthenticate"),
    Visit("mfa_index"),
    Visit("mfa_activate_totp"),
    Visit("mfa_list_webauthn"),
    Visit("mfa_add_webauthn"),
    Visit("usersessions_list"),
]
NEW_SENDING = [
    Visit("claim", "ticked here", way=lambda tour: ticked_here(
        tour, reverse("claim"), *manual().milestones)),
    Visit("progress", "ticked here", way=lambda tour: ticked_here(
        tour, reverse("progress"), "p0-0")),
    Visit("import_progress", "dry run", way=lambda tour: import_ticks(
        tour, '{"p0-0": true, "p0-1": false, "%s": true}' % ("x" * 200))),
    Visit("import_progress", "with mistakes", status=422, way=lambda tour: import_ticks(
        tour, '{"p0-0": 1}')),
    Visit("settings", "saved", way=lambda tour: tour.send(reverse("settings"))),
    Visit("settings", "with mistakes", status=422, way=lambda tour: tour.send(
        reverse("settings"), hours_a_week="1000")),
    Visit("account_change_password", "with mistakes", way=lambda tour: tour.send(
        reverse("account_change_password"), oldpassword="no", password1="1", password2="2")),
    Visit("mfa_activate_totp", "wrong code", way=lambda tour: tour.send(
        reverse("mfa_activate_totp"), code="000000")),
    Visit("account_reauthenticate", "wrong password", way=lambda tour: tour.send(
        reverse("account_reauthenticate"), password="wrong")),
    Visit("account_set_password", way=without_password),
]  # fmt: skip


class TestNewLearner:
    @staticmethod
    def prepare(tour: Tour) -> None:
        user = tour.person(LONG_HANDLE, time_zone_confirmed=False)
        EmailAddress.objects.create(user=user, email="ada@example.com")
        tour.person("passkeys-only", password=None)
        tour.enter(user.handle)

    @pytest.mark.parametrize("visit", NEW + NEW_SENDING, ids=str)
    def test_a_page_is_in_order_with_scripts_and_without(self, tour: Tour, visit: Visit) -> None:
        tour.look(visit, still=visit in NEW)


# A learner at work: half a year of ticks, a second factor, a key


def offline(tour: Tour) -> None:
    tour.go(reverse("progress"))
    tour.context.set_offline(True)
    tour.page.click("#done-p4-0")
    expect(tour.page.locator("#announcement")).to_contain_text("Not saved")
    tour.context.set_offline(False)
    tour.complaints.clear()  # the request that could not be sent is the point


def just_ticked(tour: Tour) -> None:
    tour.go(reverse("phase", args=["4"]))
    tour.page.check("#done-p4-0")
    expect(tour.page.locator("#announcement")).to_contain_text("Phase 4: 1 of")


def key_of(tour: Tour, name: str) -> None:
    tour.go(reverse(name, args=[row_of_key(tour)]))


def row_of_key(tour: Tour) -> int:
    return int(tour.user.authenticator_set.get(type="webauthn").pk)


AT_WORK = [
    Visit("home"),
    Visit("roadmap"),
    *(Visit("phase", args=(slug,)) for slug in ("0", "2", "3", "rl-3")),
    Visit("progress"),
    Visit("levels"),
    Visit("account_email"),
    Visit("mfa_index"),
    Visit("mfa_deactivate_totp"),
    Visit("mfa_view_recovery_codes"),
    Visit("mfa_generate_recovery_codes"),
    Visit("mfa_list_webauthn"),
    Visit("mfa_reauthenticate"),
    Visit("mfa_reauthenticate_webauthn"),
]
AT_WORK_SENDING = [
    # With scripts it marks itself as read, so that it looks otherwise the next time.
    Visit("changes"),
    Visit("mfa_edit_webauthn", way=lambda tour: key_of(tour, "mfa_edit_webauthn")),
    Visit("mfa_remove_webauthn", way=lambda tour: key_of(tour, "mfa_remove_webauthn")),
    Visit("mfa_reauthenticate", "wrong code", way=lambda tour: tour.send(
        reverse("mfa_reauthenticate"), code="000000")),
    Visit("phase", "just ticked", way=just_ticked),
    Visit("progress", "offline", way=offline),
]  # fmt: skip


class TestLearnerAtWork:
    @staticmethod
    def prepare(tour: Tour) -> None:
        handle, _ = make_demo()
        user = User.objects.get(handle=handle)
        user.tracks = ["trunk", "llm", "rl"]
        user.save()
        untick(user, "p3-3")
        retire([Milestone.objects.get(key="p2-5")])
        change_under(user)
        EmailAddress.objects.create(user=user, email="demo@example.org", primary=True)
        tour.let_in(user)
        tour.enter(handle)
        add_key(tour)
        TOTP.activate(user, generate_totp_secret())
        RecoveryCodes.activate(user)

    @pytest.mark.parametrize("visit", AT_WORK + AT_WORK_SENDING, ids=str)
    def test_a_page_is_in_order_with_scripts_and_without(self, tour: Tour, visit: Visit) -> None:
        tour.look(visit, still=visit in AT_WORK)


def change_under(user: User) -> None:
    """Change milestones that a person has done: in their meaning, and into two."""
    reworded, split_up = Milestone.objects.filter(
        completions__user=user, completions__done=True, deliverable=False, state=State.LIVE
    ).filter(requirements=None)[:2]
    was = reworded.latest_revision()
    reworded.reword(LONGEST, MilestoneRevision.Change.MATERIAL)
    tell_of_wording(reworded, str(was))
    split(split_up, [Successor("new-1", "One half"), Successor("new-2", "The other half")], set())


def add_key(tour: Tour) -> None:
    """Add a security key as a person does, by one that the browser plays."""
    devtools = tour.context.new_cdp_session(tour.page)
    devtools.send("WebAuthn.enable")
    kind = {"protocol": "ctap2", "transport": "internal"}
    powers = ("hasResidentKey", "hasUserVerification", "isUserVerified")
    options = kind | dict.fromkeys(powers, True) | {"automaticPresenceSimulation": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    tour.go(reverse("mfa_add_webauthn"))
    tour.page.fill("[name=name]", "A key on a ring")
    with tour.page.expect_navigation():
        tour.page.click("#mfa_webauthn_add")


# Content at its longest, everything done, and nothing there at all

LONG = [
    Visit("home"),
    Visit("roadmap"),
    Visit("phase", args=("0",)),
    Visit("progress"),
    Visit("resources"),
    Visit("levels"),
]


class TestLongTexts:
    @staticmethod
    def prepare(tour: Tour) -> None:
        for milestone in Milestone.objects.filter(key__in=["p0-0", "p0-1", "d0"]):
            milestone.reword(LONGEST, MilestoneRevision.Change.MATERIAL)
        Phase.objects.filter(slug="0").update(title=LONGEST, length=LONGEST)
        Resource.objects.update(title=LONGEST, author=LONGEST, summary=LONGEST)
        user = tour.person(LONG_HANDLE)
        tick(user, *manual().milestones)
        untick(user, "p0-0")
        tour.enter(user.handle)

    @pytest.mark.parametrize("visit", LONG, ids=str)
    def test_a_page_is_in_order(self, tour: Tour, visit: Visit) -> None:
        tour.look(visit)


class TestAllDone:
    @staticmethod
    def prepare(tour: Tour) -> None:
        user = tour.person("emmy")
        tick(user, *manual().milestones)
        tour.enter(user.handle)

    @pytest.mark.parametrize("visit", [Visit("home"), Visit("progress")], ids=str)
    def test_a_page_is_in_order(self, tour: Tour, visit: Visit) -> None:
        tour.look(visit)


EMPTY = [Visit(name) for name in
         ("home", "roadmap", "levels", "method", "resources", "provenance", "start")]  # fmt: skip


class TestWithoutContent:
    @staticmethod
    def prepare(tour: Tour) -> None:
        clean.empty()
        tour.person("ada")
        tour.enter("")

    @pytest.mark.parametrize("visit", EMPTY, ids=str)
    def test_a_visitors_page_is_in_order(self, tour: Tour, visit: Visit) -> None:
        tour.look(visit)

    @pytest.mark.parametrize(
        "visit", [Visit("home"), Visit("progress"), Visit("settings")], ids=str
    )
    def test_a_learners_page_is_in_order(self, tour: Tour, visit: Visit) -> None:
        tour.enter("ada")
        tour.look(visit)


# Errors


def too_many_fields(tour: Tour) -> None:
    tour.go(reverse("account_login") + "?" + "&".join(["a=1"] * 1001))


def without_token(tour: Tour) -> None:
    tour.go(reverse("account_login"))
    tour.context.clear_cookies()
    tour.page.fill("[name=login]", "grace")
    tour.page.fill("[name=password]", PASSWORD)
    with tour.page.expect_navigation():
        tour.page.locator("main form[method=post] button").first.click()


def without_rights(tour: Tour) -> None:
    tour.enter("intern")
    tour.go(reverse("admin:roadmap_phase_changelist"))


def too_many_tries(tour: Tour) -> None:
    address = reverse("account_reset_password")
    for _ in range(40):
        tour.send(address, email="nobody@example.org")
        if tour.documents[-1].status == 429:
            break


ERRORS = [
    Visit("400", way=too_many_fields, status=400),
    Visit("403", "no token", way=without_token, status=403),
    Visit("403", "no rights", way=without_rights, status=403),
    Visit("404", way=lambda tour: tour.go("/roadmap/nowhere/"), status=404),
    Visit("429", way=too_many_tries, status=429),
]


class TestErrors:
    @staticmethod
    def prepare(tour: Tour) -> None:
        tour.person("intern", is_staff=True)
        tour.enter("")

    @pytest.mark.parametrize("visit", ERRORS, ids=str)
    def test_a_page_is_in_order(self, tour: Tour, visit: Visit) -> None:
        tour.look(visit)

    def test_the_page_of_a_broken_site_is_in_order(
        self, tour: Tour, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken() -> None:
            raise RuntimeError

        monkeypatch.setattr(views, "manual", broken)
        tour.look(Visit("500", way=lambda tour: tour.go("/roadmap/"), status=500, bare=True))


# The walk itself

VISITS: list[Visit] = [
    *OPEN, *ENTRANCE, *NEW, *NEW_SENDING, *AT_WORK, *AT_WORK_SENDING, *LONG, *EMPTY, *ERRORS,
    *own_pages.VISITS,
    *log.VISITS,
    *desk.VISITS,
]  # fmt: skip


def test_every_address_is_visited_or_left_out_for_a_reason() -> None:
    visited = {visit.name for visit in VISITS}
    out = {name for name in names() if left_out(name)}
    assert names() - visited - out == set(), "say here who visits it, or in LEFT_OUT why nobody"
    assert visited & set(LEFT_OUT) == set(), "visited, and left out all the same"
    assert set(LEFT_OUT) - names() == set(), "left out, and not there at all"
