"""Beside a recorder history is stored in small steps, with pauses longer than the steps."""

from datetime import timedelta

import pytest
from django.utils import timezone

from prices.backfill.pacing import ALONE, BESIDE, LOOK_EVERY, PAUSE, Pacing
from prices.models import Symbol
from tests.support.tapes import open_tape


@pytest.mark.django_db
def test_a_recorder_that_starts_or_ends_is_noticed() -> None:
    now, waits = 100.0, []
    with open_tape() as tape:
        pacing = Pacing(waits.append, clock=lambda: now)
        pacing.look(tape)
        pacing.rest(0.5)
        assert (pacing.batch, waits) == (ALONE, [])
        Symbol.objects.update(heard_at=timezone.now())
        pacing.look(tape)
        assert pacing.batch == ALONE
        now += LOOK_EVERY
        pacing.look(tape)
        pacing.rest(0.5)
        assert (pacing.batch, waits) == (BESIDE, [0.5 * PAUSE])
        Symbol.objects.update(heard_at=timezone.now() - timedelta(minutes=1))
        now += LOOK_EVERY
        pacing.look(tape)
        assert pacing.batch == ALONE
