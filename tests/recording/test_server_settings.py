"""A server of one's own, with other defaults than PostgreSQL comes with."""

from collections.abc import Iterator

import pytest
from django.db import connection

from prices.models import Price, Symbol
from tests.support.local_exchange import BTC, ETH, local_exchange
from tests.support.recorders import PATIENCE, eventually, manage, recorder

pytestmark = pytest.mark.django_db(transaction=True)

# Each of them changes how values are written, or how statements are read or run.
SETTINGS = {
    "DateStyle": "German, DMY",
    "IntervalStyle": "sql_standard",
    "TimeZone": "Asia/Kathmandu",
    "standard_conforming_strings": "off",
    "bytea_output": "escape",
    "default_transaction_isolation": "serializable",
}

ASK = """
from django.test import Client
client = Client(SERVER_NAME="localhost")
for path in ("/latest", "/health", "/metrics", "/api/prices/", "/api/gaps/", "/"):
    print(path, client.get(path).status_code)
"""


@pytest.fixture
def _settings() -> Iterator[None]:
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        for setting, value in SETTINGS.items():
            cursor.execute(f"ALTER DATABASE {name} SET {setting} = '{value}'")
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {name} RESET ALL")


def ended(*command: str) -> str:
    process = manage(*command)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    return output


@pytest.mark.usefixtures("_settings")
def test_records_audits_and_answers() -> None:
    ended("migrate")
    with (
        local_exchange(BTC, ETH, speed=10, loop=True) as exchange,
        recorder(exchange, "BTCUSDT", "ETHUSDT"),
    ):
        eventually(lambda: Price.objects.count() > 1000)
        eventually(lambda: not Symbol.objects.filter(lag=None).exists())
        said = ended("shell", "--no-imports", "--command", ASK)
    assert said.count(" 200") == 6, said
    ended("verify_prices")
