"""The Content-Security-Policy header: on every response, and as strict as the page allows."""

import asyncio

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from pricetracker.csp import PolicyMiddleware
from tests.support.policies import HEADER, NO_PAGE, PAGE, policy

HTML = {"accept": "text/html"}
BROWSABLE = PAGE | {"style-src-attr": "'unsafe-inline'"}
DOCS = PAGE | {"img-src": "'self' data:"}


@pytest.mark.django_db
class TestPages:
    def test_the_page_loads_our_own_files_alone(self, client: Client) -> None:
        assert policy(client.get("/")) == PAGE

    @pytest.mark.parametrize("path", ["/admin/login/", "/nowhere", "/admin/nowhere/"])
    def test_so_do_the_login_and_errors(self, client: Client, path: str) -> None:
        response = client.get(path, follow=True)
        assert response["Content-Type"].startswith("text/html")
        assert policy(response) == PAGE

    def test_so_does_the_admin(self, admin_client: Client) -> None:
        for path in ("/admin/", "/admin/prices/symbol/", "/admin/auth/user/add/"):
            assert policy(admin_client.get(path)) == PAGE

    def test_so_does_a_page_that_fails(self, settings, monkeypatch) -> None:
        monkeypatch.setattr("prices.page.context", lambda request: 1 / 0)
        client = Client(raise_request_exception=False)
        response = client.get("/")
        assert response.status_code == 500
        assert policy(response) == PAGE

    @pytest.mark.parametrize(
        "path", ["/api/", "/api/prices/", "/api/symbols/", "/latest", "/minmax"]
    )
    def test_the_browsable_api_has_style_attributes(self, client: Client, path: str) -> None:
        response = client.get(path, headers=HTML)
        assert response["Content-Type"].startswith("text/html")
        assert policy(response) == BROWSABLE
        assert "<style" not in response.text

    def test_the_docs_have_icons_in_their_style_sheet(self, client: Client) -> None:
        response = client.get("/api/docs/", headers=HTML)
        assert policy(response) == DOCS
        assert "<style" not in response.text

    def test_no_page_has_a_script_of_its_own(self, admin_client: Client) -> None:
        for path in ("/", "/admin/", "/api/docs/", "/api/prices/", "/nowhere"):
            page = admin_client.get(path, headers=HTML).text
            scripts = page.split("<script")[1:]
            assert all(" src=" in each or 'type="application/json"' in each for each in scripts)


@pytest.mark.django_db
class TestOthers:
    @pytest.mark.parametrize(
        "path",
        ["/latest", "/minmax", "/health", "/metrics", "/api/", "/api/schema/", "/api/nowhere"],
    )
    def test_what_is_no_page_loads_nothing(self, client: Client, path: str) -> None:
        assert policy(client.get(path)) == NO_PAGE

    def test_nor_does_the_script_of_the_docs(self, client: Client) -> None:
        response = client.get("/api/docs/?script")
        assert response["Content-Type"] == "application/javascript"
        assert policy(response) == NO_PAGE

    def test_a_foreign_host_is_answered_with_it(self, client: Client) -> None:
        response = client.get("/", headers={"host": "foreign.example"})
        assert response.status_code == 400
        assert policy(response) == PAGE


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [("text/html; charset=utf-8", PAGE), ("application/json", NO_PAGE)],
)
def test_it_is_the_same_under_asgi(content_type: str, expected: dict[str, str]) -> None:
    async def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(content_type=content_type)

    response = asyncio.run(PolicyMiddleware(view)(RequestFactory().get("/")))
    assert policy(response) == expected


def test_a_header_that_a_view_has_set_stays() -> None:
    response = HttpResponse(headers={HEADER: "sandbox"}, content_type="application/json")
    assert PolicyMiddleware(lambda request: response)(RequestFactory().get("/")) is response
    assert policy(response) == {"sandbox": ""}
