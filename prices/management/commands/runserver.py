"""`manage.py runserver`: the site only.

Django's command, with an ASGI server instead of its own.
"""

import os
from typing import Any, NoReturn

from django.core.management.commands import runserver
from django.db import OperationalError, connections
from django.utils import autoreload

from prices.live.broadcast import sign_off
from pricetracker import reasons
from pricetracker.process.server import address, listen, reason, serve
from pricetracker.process.signals import leave_on_hangup


class Command(runserver.Command):
    help = "Serve the site on this machine; restart when the code changes."

    # What Django reads from the command line.
    addr: str
    port: str

    def handle(self, *args: Any, **options: Any) -> None:
        # The process that waits for changes of the code, and the one that serves beside it. Django
        # handles SIGTERM there.
        leave_on_hangup()
        super().handle(*args, **options)

    def inner_run(self, *args: Any, **options: Any) -> None:
        # What went wrong while the code was reloaded is shown here.
        autoreload.raise_last_exception()
        if not options["skip_checks"]:
            self.check()
        try:
            self.check_migrations()
        except OperationalError as error:
            self._give_up(f"The database cannot be used: {reasons.first(error)}")
        connections.close_all()
        try:
            listening = listen(self.addr, int(self.port))
        except OSError as error:
            self._give_up(f"Cannot listen on {self.addr}:{self.port}: {reason(error)}.")
        self.stdout.write(f"The site is at {address(listening)} - Ctrl-C stops it.")
        serve(listening, at_end=sign_off)

    def _give_up(self, why: str) -> NoReturn:
        self.stderr.write(why)
        # In the reloader's thread sys.exit would end only the thread.
        os._exit(1)
