"""What processes cost: those of a PostgreSQL on this machine, and any other."""

import os
from contextlib import suppress

import psutil

MEBIBYTE = 1 << 20


def postmaster() -> psutil.Process | None:
    """Of the private PostgreSQL that Django is connected to, whose other processes are its
    children. None of a DATABASE_URL.

    That one may run elsewhere, and serves others, too.
    """
    from django.db import connection

    if "BENCHMARK_DATABASE" in os.environ:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        ((session,),) = cursor.fetchall()
    return psutil.Process(session).parent()


def processor_seconds(process: psutil.Process) -> float:
    """That it and its children have used so far: those that are gone, and those that are there."""
    used = sum(process.cpu_times()[:4])
    for child in process.children():
        # Workers come and go.
        with suppress(psutil.NoSuchProcess):
            used += sum(child.cpu_times()[:2])
    return float(used)


def resident(process: psutil.Process) -> float:
    """Its memory in MiB, as most tools tell it: what it shares with others is counted whole."""
    return float(process.memory_info().rss / MEBIBYTE)
