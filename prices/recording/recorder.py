"""The recorder: one thread reads the feed, another writes the tape, a buffer is between them."""

import logging
import threading

from pricetracker.process.signals import StopRequest

from ..exchange.stream import Down, Event, Idle, Renewed, Stream, Up
from .buffer import Buffer
from .check_result import CheckResult
from .database_errors import Refusal
from .id_witness import IdVerdict
from .symbol_log import RepeatedReason
from .writer import Writer

logger = logging.getLogger(__name__)

# Seconds between two checks whether the writer has finished.
CHECK_INTERVAL = 0.2

# Seconds of flushing after which the log says how much is left.
REPORT_AFTER = 2


class Recorder:
    """Records until `stop` is requested; the stream checks it as well.

    If the writer fails, the recorder requests the stop itself.
    """

    def __init__(
        self,
        stream: Stream,
        buffer: Buffer[Event | CheckResult | IdVerdict],
        writer: Writer,
        stop: StopRequest,
    ) -> None:
        self._stream = stream
        self._buffer = buffer
        self._writer = writer
        self._stop = stop
        self._down = RepeatedReason(stream.clock)
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Record until a stop is requested, then commit everything that was received.

        A KeyboardInterrupt quits at once and loses what is not committed. Raises the writer's
        exception if it failed, otherwise the stream's.
        """
        thread = threading.Thread(target=self.write, name="writer", daemon=True)
        thread.start()
        try:
            self.read()
        except Exception as error:
            self._finish(thread)
            if self.failure is not None:
                # Chained: neither hides the other.
                raise self.failure from error
            raise
        self._finish(thread)
        if self.failure is not None:
            raise self.failure

    def _finish(self, thread: threading.Thread) -> None:
        self._writer.finishing = True
        thread.join(REPORT_AFTER)
        if thread.is_alive():
            logger.warning(
                "Flushing %d buffered frames; press Ctrl-C again to quit without saving them.",
                len(self._buffer),
            )
        while thread.is_alive():
            thread.join(CHECK_INTERVAL)

    def read(self) -> None:
        for event in self._stream:
            if type(event) is bytes:
                self._buffer.put(event)
            elif not isinstance(event, Idle):
                self._note(event)
                self._buffer.put(event)

    def _note(self, event: bytes | Up | Down | Renewed) -> None:
        if isinstance(event, Up):
            logger.info("Connected to %s", self._stream.subscription.url)
            self._down.over()
        elif isinstance(event, Renewed) and event.joined:
            logger.info("%s Handed over to the standby connection.", event.reason)
        elif isinstance(event, Renewed):
            logger.warning(
                "%s Switched to the standby connection; trades may be missing.", event.reason
            )
        elif isinstance(event, Down) and self._down.due(event.reason):
            # In an outage there are attempts every few seconds.
            logger.warning("%s Next attempt in %.1f s.", event.reason, event.wait)

    def write(self) -> None:
        try:
            self._writer.run()
        except BaseException as error:  # noqa: BLE001 - raised again in the main thread
            if isinstance(error, Refusal):
                logger.error(  # noqa: TRY400 - the message says it all
                    "%s The current batch and %d buffered frames are not stored; "
                    "the next recorder finds what is missing and fetches it.",
                    error,
                    len(self._buffer),
                )
            self.failure = error
            self._stop.requested = True
