"""ping and time."""

from .endpoint import Answer, Asked, endpoint
from .written import time


@endpoint(weight=1)
def ping(_: Asked) -> Answer:
    return Answer({})


@endpoint(weight=1)
def server_time(asked: Asked) -> Answer:
    return Answer({"serverTime": time(asked.now, asked.unit)})
