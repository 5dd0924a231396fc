"""Audits for tests: of one symbol, in looks as small as a test wants them."""

import io

from django.core.management import call_command

from prices.audit.candle_audit import FIRST_MINUTES, CandleAudit
from prices.audit.coarse_audit import CoarseAudit
from prices.audit.findings import Findings
from prices.audit.report import lines
from prices.audit.scan import IDS, Scan
from prices.audit.tick_audit import TickAudit
from prices.management.commands.verify_prices import Command
from prices.recording.tape import Tape
from pricetracker.process.progress import Progress

SYMBOL = "BTCUSDT"


def audit(
    tape: Tape,
    symbol: str = SYMBOL,
    *,
    refold: bool = False,
    ids: int = IDS,
    minutes: int = FIRST_MINUTES,
) -> Findings:
    findings = Findings(symbol)
    scan = Scan(tape, symbol, ids)
    progress = Progress(io.StringIO(), "ticks read")
    TickAudit(tape, scan, findings, progress).run()
    CandleAudit(tape, scan, findings, progress).run(refold=refold, span=minutes)
    CoarseAudit(tape, scan, findings, progress).run(refold=refold, minutes=minutes)
    return findings


def told(findings: Findings) -> list[str]:
    return list(lines(findings))


def verify(*arguments: str, stderr: io.StringIO | None = None) -> tuple[int, str]:
    """How the command ends, and what it finds. It does not wait for an exchange that is away."""
    out, command = io.StringIO(), Command()
    command.sleep = lambda seconds: None
    try:
        call_command(command, *arguments, stdout=out, stderr=stderr)
    except SystemExit as end:
        return end.code, out.getvalue()
    return 0, out.getvalue()
