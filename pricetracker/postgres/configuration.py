"""What a project configures about its server, in an alias of DATABASES."""

import errno
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self


@dataclass(frozen=True)
class Configuration:
    """Names that the project chose, and its server settings (`options`).

    `user` and `settings_file` are written into a cluster when it is created, and cannot change
    then.
    """

    user: str = "postgres"
    # In the data folder; rewritten at each start.
    settings_file: str = "generated.conf"
    # How the name of a folder for the socket begins, in the temporary folder: see `addresses`.
    socket_prefix: str = "postgres-"
    # What error messages tell a person to set: to move the cluster, or to use another server.
    folder_setting: str = "CLUSTER"
    server_setting: str = "DATABASES"
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, alias: Mapping[str, Any]) -> Self:
        """Read it from an alias of DATABASES. Raises ValueError for an unknown name."""
        names = dict(alias.get("CLUSTER_NAMES", {}))
        known = {each.name for each in fields(cls)} - {"user", "options"}
        if unknown := sorted(names.keys() - known):
            raise ValueError(f"CLUSTER_NAMES has {unknown[0]!r}: known are {sorted(known)}")
        if user := alias.get("USER"):
            names["user"] = user
        return cls(**names, options=dict(alias.get("SERVER_OPTIONS", {})))

    def another_server(self, reason: object) -> str:
        """What a person can do when the server does not run for this reason."""
        return self._more_room(reason) or f"set {self.server_setting} to another server"

    def folder_unusable(self, error: Exception) -> str:
        """The error message for a folder that cannot be read or written."""
        others = (
            f"set {self.folder_setting} to a folder of your own,"
            f" or {self.server_setting} to a server"
        )
        cure = self._more_room(error) or others
        return f"PostgreSQL's folder cannot be used ({error}): {cure}."

    def _more_room(self, reason: object) -> str:
        if os.strerror(errno.ENOSPC) not in str(reason):
            return ""
        return f"make room, or set {self.folder_setting} to a folder on another disk"

    def to_json(self) -> str:
        """The form in which it is passed to the keeper."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))
