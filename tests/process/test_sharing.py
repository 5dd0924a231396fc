"""The connections that requests share: what their sessions are set to, whatever the server's defaults are."""

import pytest
from django.db import connection

from pricetracker.sharing import limited

pytestmark = pytest.mark.django_db


def test_sessions_have_limits_and_compile_nothing() -> None:
    params = connection.get_connection_params()
    params.pop("cursor_factory")
    params.pop("context")
    defaults = "-c jit=on -c lock_timeout=0 -c idle_in_transaction_session_timeout=0"
    with limited(0.3).connect(**params, options=defaults) as session:
        found = [
            session.execute(f"SHOW {name}").fetchone()[0]
            for name in ("jit", "lock_timeout", "idle_in_transaction_session_timeout")
        ]
    assert found == ["off", "300ms", "30s"]
