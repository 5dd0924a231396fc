"""What the project that uses the backend says about its server, in an alias of DATABASES."""

import errno
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self


@dataclass(frozen=True)
class Configuration:
    """Names that the project chose, and the server settings that it wants.

    `user` and `settings_file` are those of the cluster from its first start on.
    """

    user: str = "postgres"
    # In the data folder; written by us at each start.
    settings_file: str = "generated.conf"
    # Of a folder in the temporary one, for a socket whose path would be too long otherwise.
    socket_prefix: str = "postgres-"
    # By which a person moves the cluster, or uses a server that is there already: messages name them.
    folder_setting: str = "CLUSTER"
    server_setting: str = "DATABASES"
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, alias: Mapping[str, Any]) -> Self:
        """Read from a dictionary of DATABASES. Raises ValueError for a name that is not known."""
        names = dict(alias.get("CLUSTER_NAMES", {}))
        known = {each.name for each in fields(cls)} - {"user", "options"}
        if unknown := sorted(names.keys() - known):
            raise ValueError(f"CLUSTER_NAMES has {unknown[0]!r}: known are {sorted(known)}")
        if user := alias.get("USER"):
            names["user"] = user
        return cls(**names, options=dict(alias.get("SERVER_OPTIONS", {})))

    def another_server(self, reason: object) -> str:
        """What a person can do, after why the server does not run."""
        return self._more_room(reason) or f"set {self.server_setting} to another server"

    def folder_unusable(self, error: Exception) -> str:
        """The sentence for a folder in which something cannot be done."""
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
        """As it is handed to the keeper."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))
