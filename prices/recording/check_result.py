"""What a staleness check has found out, and what that says beside the tape. Pure."""

from dataclasses import dataclass

from ..exchange.last_trade import LastTrade

# Seconds that a trade may still be on its way on the stream after REST has returned it.
ON_ITS_WAY = 2.0

MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class CheckResult:
    """The exchange's answer about a stale symbol, for the writer to compare with the tape.

    last_trade: its newest trade.
    proven: the last trade id that its history confirms; -1 if that was not requested. A single
    response is not trusted.
    breaks: how often its feed had been interrupted before the request.
    taken: when the response arrived, in seconds, monotonic.
    """

    symbol: str
    last_trade: LastTrade
    proven: int
    breaks: int
    taken: float

    def is_old(self, connected_at: float) -> bool:
        """Whether the last trade was made before the present connection could deliver it."""
        age = (self.last_trade.now - self.last_trade.traded) / MICROSECONDS
        return age > self.taken - connected_at - ON_ITS_WAY

    def is_mute(self, newest: int, connected_at: float) -> bool:
        """Whether the symbol was traded since the present connection was opened, but no frame of it
        came, up to the newest trade id of the tape.
        """
        return self.last_trade.last > newest and not self.is_old(connected_at)

    def is_passed(self, newest: int) -> bool:
        """Whether everything traded by then is on the tape, or in a known gap.

        A response that lags behind the tape proves nothing about what comes after it.
        """
        return newest <= self.last_trade.last <= max(newest, self.proven)
