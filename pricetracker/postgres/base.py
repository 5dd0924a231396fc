"""Django's PostgreSQL backend on a private server.

The settings name a folder (CLUSTER) in place of a host and port.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.postgresql import base, client
from django.db.utils import OperationalError

from . import Unavailable, hold, programs
from .configuration import Configuration
from .postmaster import Postmaster


class DatabaseClient(client.DatabaseClient):
    """`manage.py dbshell`, with psql from the wheel."""

    def runshell(self, parameters: Iterable[str]) -> None:
        # Connecting starts the server and creates the database.
        self.connection.ensure_connection()
        super().runshell(parameters)

    @classmethod
    def settings_to_cmd_args_env(cls, *args: Any) -> tuple[list[str], dict[str, str] | None]:
        command, env = super().settings_to_cmd_args_env(*args)
        return [str(programs.path(command[0])), *command[1:]], env


class DatabaseWrapper(base.DatabaseWrapper):
    client_class = DatabaseClient

    # The server that the pool of each alias connects to, and the databases known to exist.
    _pooled: ClassVar[dict[str, Postmaster]] = {}
    _databases: ClassVar[set[tuple[Postmaster, str]]] = set()

    def get_connection_params(self) -> dict[str, Any]:
        """Parameters for a new connection. Django calls this for each one, pooled or not."""
        server = self.find_server()
        if self._pooled.get(self.alias) != server:
            self._pooled[self.alias] = server
            self._drop_pool()
        self._create_database(server)
        params: dict[str, Any] = super().get_connection_params()
        return params

    def find_server(self) -> Postmaster:
        """Start or find the server, and write its address and password into the settings.

        Raises OperationalError when there is none, ImproperlyConfigured for an unknown setting.
        """
        held = hold.on(self.settings_dict["CLUSTER"])
        try:
            configuration = Configuration.of(self.settings_dict)
        except ValueError as error:
            raise ImproperlyConfigured(f"{error}.") from None
        try:
            server = held.server(configuration, self.settings_dict.get("PATIENCE", hold.FOREVER))
            password = held.cluster.password()
        except (Unavailable, OSError) as error:
            raise OperationalError(str(error)) from None
        self.settings_dict.update(
            HOST=server.host, PORT=server.port, USER=configuration.user, PASSWORD=password
        )
        return server

    def release_server(self, timeout: float) -> None:
        """Release the server, and wait `timeout` seconds for it to stop.

        Raises TimeoutError when others still use it.
        """
        self.close()
        self._drop_pool()
        hold.on(self.settings_dict["CLUSTER"]).release(timeout)

    def _drop_pool(self) -> None:
        """Close the pool of this alias: its connections lead to a server that is gone."""
        # Django's own way to close a pool would first open it, to a server that is gone.
        if pool := self._connection_pools.pop(self.alias, None):  # type: ignore[attr-defined]
            pool.close()

    def _create_database(self, server: Postmaster) -> None:
        name = self.settings_dict["NAME"]
        if name is None or (server, name) in self._databases:
            return
        with self._nodb_cursor() as cursor:
            # Several processes may get here at once. The lock lasts until this connection closes.
            cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
            cursor.execute("SELECT FROM pg_database WHERE datname = %s", [name])
            if cursor.fetchone() is None:
                cursor.execute(f"CREATE DATABASE {self.ops.quote_name(name)}")
        self._databases.add((server, name))
