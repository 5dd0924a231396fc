"""Log lines about what repeats: when it begins, when it changes, and once a minute in between."""

from prices.recording.symbol_log import INTERVAL, RepeatedReason


class Log:
    def __init__(self) -> None:
        self.now = 0.0
        self.repeated = RepeatedReason(lambda: self.now)

    def lines(self, *reasons: str) -> list[str]:
        """What is written of reasons that come one second after the other."""
        written = []
        for reason in reasons:
            self.now += 1
            if self.repeated.due(reason):
                written.append(reason)
        return written


def test_a_reason_is_written_once_a_minute() -> None:
    log = Log()
    assert log.lines(*["refused"] * 10) == ["refused"]
    log.now += INTERVAL
    assert log.lines(*["refused"] * 10) == ["refused"]


def test_another_reason_is_written_at_once() -> None:
    assert Log().lines("refused", "refused", "no DNS", "refused") == [
        *["refused", "no DNS", "refused"]
    ]


def test_what_begins_again_is_written_again() -> None:
    log = Log()
    assert log.lines("refused") == ["refused"]
    log.repeated.over()
    assert log.lines("refused") == ["refused"]
