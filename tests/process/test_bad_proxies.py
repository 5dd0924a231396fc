"""Proxy variables that make no sense: refused by what would use them, and by nothing else."""

import pytest

from tests.support.recorders import PATIENCE, manage
from tests.support.tapes import open_tape, tick

pytestmark = pytest.mark.django_db(transaction=True)

TLS = {"HTTPS_PROXY": "https://user:hunter2@proxy.example"}
PORT = {"ALL_PROXY": "http://user:hunter2@proxy.example:none"}
NETWORK = {"HTTPS_PROXY": "proxy.example", "NO_PROXY": "10.0.0.0/99"}


def run(*command: str, **environment: str) -> tuple[int, str]:
    output, _ = (process := manage(*command, **environment)).communicate(timeout=PATIENCE)
    return process.returncode, output


@pytest.fixture(autouse=True)
def _tape() -> None:
    with open_tape("BTCUSDT") as tape:
        tape.store([tick(1)])


@pytest.mark.parametrize("variables", [TLS, PORT, NETWORK])
@pytest.mark.parametrize(
    "command",
    [
        ["stream_prices"],
        ["repair_gaps"],
        ["verify_prices", "--exchange"],
        ["start", "--port", "0"],
    ],
)
def test_are_refused_by_what_connects(command, variables) -> None:
    code, output = run(*command, **variables)
    assert code == 1
    said = [line for line in output.splitlines() if line.startswith("CommandError: ")]
    (name,) = {"NO_PROXY"} & variables.keys() or variables
    assert len(said) == 1, output
    assert said[0].startswith(f"CommandError: {name} ")
    assert said[0].endswith(".")
    assert "hunter2" not in output
    assert "Traceback" not in output


def test_over_tls_are_told_what_to_set_instead() -> None:
    _, output = run("stream_prices", **TLS)
    assert "set HTTPS_PROXY to its plain address, such as http://user:password@" in output


@pytest.mark.parametrize(
    "command", [["migrate"], ["verify_prices"], ["prune_prices", "--keep", "2d"]]
)
def test_end_no_command_that_connects_to_nobody(command) -> None:
    code, output = run(*command, **TLS)
    assert code == 0, output
    assert "hunter2" not in output


def test_are_warned_of_by_the_check() -> None:
    code, output = run("check", **TLS)
    assert (code, "prices.W001" in output) == (0, True)
