"""Which middleware runs for what: its headers everywhere, cookies for the admin alone."""

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from tests.support.policies import NO_PAGE, policy

STATIC = "/static/prices/page.css"

COOKIELESS = ["/latest", "/api/candles/", "/api/", "/", "/health", "/metrics", "/api/docs/", STATIC]

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
EVERYWHERE = [*COOKIELESS, "/admin/", "/admin/login/", "/nowhere", "/api/schema/"]


def read(response) -> None:
    """Files have to be closed."""
    if response.streaming:
        b"".join(response)
    response.close()


@pytest.mark.django_db
class TestAdminOnly:
    @pytest.mark.parametrize("path", COOKIELESS)
    def test_nothing_else_knows_of_sessions(self, client: Client, path: str) -> None:
        response = client.get(path)
        request = getattr(response, "wsgi_request", None)
        assert [name for name in ("session", "_messages") if hasattr(request, name)] == []
        # REST framework sets it to None.
        assert getattr(request, "user", None) is None
        assert not response.cookies
        read(response)

    def test_the_admin_does(self, admin_client: Client) -> None:
        request = admin_client.get("/admin/").wsgi_request
        assert [hasattr(request, name) for name in ("session", "user", "_messages")] == [True] * 3

    def test_a_form_of_the_admin_needs_its_token(self) -> None:
        client = Client(enforce_csrf_checks=True)
        form = {"username": "a", "password": "b"}
        assert client.post("/admin/login/", form).status_code == 403
        form["csrfmiddlewaretoken"] = client.get("/admin/login/").cookies["csrftoken"].value
        assert client.post("/admin/login/", form).status_code == 200

    @pytest.mark.parametrize("path", ["/", "/latest", "/metrics", "/health"])
    def test_elsewhere_a_post_is_told_of_its_method(self, path: str) -> None:
        assert Client(enforce_csrf_checks=True).post(path).status_code == 405


@pytest.mark.django_db
class TestHeaders:
    @pytest.mark.parametrize("path", EVERYWHERE)
    def test_are_on_every_response(self, client: Client, path: str) -> None:
        response = client.get(path)
        assert {name: response.get(name) for name in HEADERS} == HEADERS
        assert "frame-ancestors" in policy(response)
        read(response)

    def test_a_static_file_loads_nothing(self, client: Client) -> None:
        assert finders.find("prices/page.css")
        response = client.get(STATIC)
        assert (response.status_code, policy(response)) == (200, NO_PAGE)
        read(response)

    @pytest.mark.parametrize("path", [STATIC, "/admin/", "/api/", "/api/docs/", "/latest", "/"])
    def test_plain_http_is_redirected_everywhere(self, settings, path: str) -> None:
        settings.SECURE_SSL_REDIRECT = True
        response = Client().get(path)
        assert (response.status_code, response["Location"]) == (301, f"https://testserver{path}")
        assert "frame-ancestors" in policy(response)

    @pytest.mark.parametrize("path", [STATIC, "/admin/login/", "/api/", "/api/docs/", "/latest"])
    def test_hsts_is_everywhere(self, settings, path: str) -> None:
        settings.SECURE_HSTS_SECONDS = 3600
        response = Client().get(path, secure=True)
        assert response["Strict-Transport-Security"] == "max-age=3600"
        read(response)


@pytest.mark.django_db
class TestProbes:
    @pytest.fixture(autouse=True)
    def _production(self, settings) -> None:
        settings.SECURE_SSL_REDIRECT = True
        settings.SECURE_REDIRECT_EXEMPT = [r"^health$", r"^metrics$"]
        settings.ALLOWED_HOSTS = ["prices.example"]

    @pytest.mark.parametrize("path", ["/health", "/metrics"])
    @pytest.mark.parametrize("host", ["192.0.2.7:8000", "192.0.2.7", "[2001:db8::1]:8000"])
    def test_are_answered_by_address(self, path: str, host: str) -> None:
        assert Client().get(path, headers={"host": host}).status_code == 200

    @pytest.mark.parametrize("path", ["/health", "/metrics"])
    def test_but_not_by_a_foreign_name(self, path: str) -> None:
        assert Client().get(path, headers={"host": "foreign.example"}).status_code == 400

    def test_nothing_else_is_answered_by_address(self) -> None:
        response = Client().get("/latest", headers={"host": "192.0.2.7"}, secure=True)
        assert response.status_code == 400
