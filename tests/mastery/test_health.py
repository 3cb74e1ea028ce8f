import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client


def test_alive_is_said_without_asking_the_database(client: Client) -> None:
    # No test database is set up here: any query would fail.
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_ready_is_said_when_every_migration_is_applied(client: Client) -> None:
    response = client.get("/readyz")
    assert (response.status_code, response.content) == (200, b"ready\n")


@pytest.mark.django_db
def test_not_ready_while_migrations_are_missing(client: Client) -> None:
    missing, _ = MigrationRecorder.Migration.objects.filter(app="tracker").delete()
    response = client.get("/readyz")
    assert response.status_code == 503
    assert f"{missing} migrations to apply" in response.content.decode()


@pytest.mark.django_db(transaction=True)
def test_not_ready_while_the_database_does_not_answer(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.close()
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "HOST", "/nowhere")
        response = client.get("/readyz")
        connection.close()
    assert response.status_code == 503
    assert b"does not answer" in response.content
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.django_db
def test_health_is_no_page_for_forms_or_caches(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405
    assert client.head(path).status_code == 200
    assert client.get(path)["Content-Type"].startswith("text/plain")
    assert not client.get(path).cookies
