"""What REST tells wrongly of the past, checked against a plain list of rows that were bent
by hand.
"""

from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from replay.archive import read
from replay.faults.fault import Fault
from replay.faults.schedule import FaultSchedule
from replay.ledger import Ledger
from replay.limits import Limits
from replay.recording import Recording
from replay.rest import Rest
from tests.support.local_exchange import BTC, ETH, agg_trades

ROWS = agg_trades(BTC)[:300]
END = ROWS[-1]["T"]
MINUTE = 60_000_000  # µs


def ledger(rows, **options):
    recording = Recording("BTCUSDT")
    for row in rows:
        cells = [row[key] for key in "apqflT"]
        recording.append(*cells, row["m"] | row["M"] << 1)
    return Ledger([recording], **options)


REST = Rest(ledger(ROWS), Limits())


def schedule(*faults):
    """These faults, under way for ever."""
    schedule = FaultSchedule(clock=lambda: 0)
    for fault in faults:
        schedule.add(fault)
    schedule.start()
    return schedule


def lie(name, symbol="", **options):
    return Fault(name=name, symbol=symbol, options={k: str(v) for k, v in options.items()})


def ask(path, faults, now=END, rest=REST, **params):
    params = {"symbol": "BTCUSDT"} | params
    pairs = [(name, str(value)) for name, value in params.items() if value is not None]
    status, body = rest.answer(path, pairs, "MICROSECOND", now, faults)
    assert status == 200, body
    return body


# --- Ids and times that are bent -----------------------------------------------------------------


def bent(rows, tombstones=None, twice=None, back=None):
    """All that is told, row after row."""
    told, moved = [], 0
    for nth, row in enumerate(rows, 1):
        if twice and nth % twice == 0:
            moved -= 1
        row = row | {"a": row["a"] + moved}
        if back and nth % back == 0:
            row["T"] = max(row["T"] - 5000, row["T"] // MINUTE * MINUTE)
        told.append(row)
        if tombstones and nth % tombstones == 0:
            moved += 1
            told.append(row | {"a": row["a"] + 1, "p": "0", "q": "0", "f": -1, "l": -1})
    return told


def chosen(rows, limit=500, from_id=None, start=None, end=None):
    """The rules of selection, as one would write them for a list."""
    if from_id is not None:
        return [row for row in rows if row["a"] >= from_id][:limit]
    rows = [
        row
        for row in rows
        if (start is None or row["T"] >= start) and (end is None or row["T"] <= end)
    ]
    return rows[-limit:] if start is None else rows[:limit]


def test_a_tombstone_has_an_aggregate_id_and_no_trades():
    first, second, third = ROWS[:3]
    told = ask("aggTrades", schedule(lie("tombstones", every=2)), startTime=first["T"], limit=4)
    assert told == [
        first,
        second,
        second | {"a": second["a"] + 1, "p": "0", "q": "0", "f": -1, "l": -1},
        third | {"a": third["a"] + 1},
    ]


def test_two_aggregates_have_one_id_and_the_next_follows():
    told = ask("aggTrades", schedule(lie("twice", every=2)), startTime=ROWS[0]["T"], limit=4)
    first = ROWS[0]["a"]
    assert [row["a"] for row in told] == [first, first, first + 1, first + 1]
    assert [row["f"] for row in told] == [row["f"] for row in ROWS[:4]]


def test_time_goes_back_by_5_ms():
    told = ask("aggTrades", schedule(lie("time-back", every=3)), limit=1000)
    moved = [row["T"] - lied["T"] for row, lied in zip(ROWS, told, strict=True)]
    assert moved[:6] == [0, 0, 5000, 0, 0, 5000]
    assert any(later["T"] < earlier["T"] for earlier, later in pairwise(told))


def test_no_time_goes_back_beyond_its_minute():
    opens = ROWS[0]["T"] // MINUTE * MINUTE + MINUTE
    rows = [
        ROWS[0] | {"T": opens - 1},
        ROWS[1] | {"T": opens + 3000},
        ROWS[2] | {"T": opens + 9000},
    ]
    told = ask(
        "aggTrades",
        schedule(lie("time-back", every=1)),
        opens + MINUTE,
        Rest(ledger(rows), Limits()),
    )
    assert [row["T"] - opens for row in told] == [-5001, 0, 4000]


def test_a_page_by_time_goes_by_the_times_that_are_told():
    faults, rows = schedule(lie("time-back", every=4)), bent(ROWS, back=4)
    for told in rows[3:80:4]:
        assert told in ask("aggTrades", faults, startTime=told["T"], endTime=told["T"])
        assert told not in ask("aggTrades", faults, startTime=told["T"] + 1)


every = st.none() | st.integers(1, 12)
at_least_two = st.none() | st.integers(2, 12)
instants = st.builds(
    lambda row, moved: row["T"] + moved,
    st.sampled_from(ROWS),
    st.sampled_from([0, -1, 1, -5000, 5000, -1_000_000, 1_000_000]),
)


@st.composite
def liars(draw):
    """How rows are bent, and the faults that bend them so."""
    how = {
        "tombstones": draw(every),
        "twice": draw(at_least_two),
        "back": draw(every),
    }
    names = {"tombstones": "tombstones", "twice": "twice", "back": "time-back"}
    return how, schedule(*(lie(names[key], every=n) for key, n in how.items() if n))


@given(liars(), instants, st.none() | instants, st.none() | instants, st.integers(1, 1000))
def test_pages_are_chosen_as_from_a_list(liar, now, start, end, limit):
    how, faults = liar
    rows = bent([row for row in ROWS if row["T"] <= now], **how)
    told = ask("aggTrades", faults, now, startTime=start, endTime=end, limit=limit)
    assert told == chosen(rows, limit, start=start, end=end)


@given(liars(), instants, st.integers(-10, 350), st.integers(1, 1000))
def test_pages_by_id_are_chosen_as_from_a_list(liar, now, ahead, limit):
    how, faults = liar
    rows = bent([row for row in ROWS if row["T"] <= now], **how)
    from_id = ROWS[0]["a"] + ahead
    told = ask("aggTrades", faults, now, fromId=from_id, limit=limit)
    assert told == chosen(rows, limit, from_id=from_id)


@given(liars(), st.integers(2, 6) | st.integers(2, 400), st.integers(0, len(ROWS) - 1))
def test_walking_by_last_ids_meets_each_aggregate_once(liar, limit, since):
    """A page of one row could not show the second bearer of an id: from two on, any will do."""
    _, faults = liar
    met, from_id = [], ask("aggTrades", faults, startTime=ROWS[since]["T"] - 5000, limit=1)[0]["a"]
    while page := ask("aggTrades", faults, fromId=from_id, limit=limit):
        met += [row for row in page if row not in met[-2 * limit :]]
        from_id = page[-1]["a"] if page[-1]["a"] > from_id else from_id + 1
    real = [row["f"] for row in met if row["f"] >= 0]
    assert real == [row["f"] for row in ROWS[-len(real) :]]
    assert len(real) >= len(ROWS) - since
    ids = [row["a"] for row in met]
    assert all(later - earlier in (0, 1) for earlier, later in pairwise(ids))


@given(liars())
def test_nothing_but_ids_and_times_is_bent(liar):
    how, faults = liar
    told = [row for row in ask("aggTrades", faults, limit=1000) if row["f"] >= 0]
    kept = "pqflmM"
    assert [[row[key] for key in kept] for row in told] == [
        [row[key] for key in kept] for row in ROWS
    ]
    if not how["tombstones"] and not how["twice"]:
        assert [row["a"] for row in told] == [row["a"] for row in ROWS]


def test_a_looped_ledger_is_bent_from_its_beginning_to_its_end():
    rest = Rest(ledger(ROWS, loop=True), Limits())
    faults = schedule(lie("tombstones", every=7), lie("twice", every=5))
    now = END + 10_000 * MINUTE
    newest = ask("aggTrades", faults, now, rest, limit=1000)
    ids = [row["a"] for row in newest]
    assert all(later - earlier in (0, 1) for earlier, later in pairwise(ids))
    for middle in (200, 500, 800):
        by_id = ask("aggTrades", faults, now, rest, fromId=newest[middle]["a"], limit=3)
        assert by_id[0] in newest[middle - 1 : middle + 1]
        by_time = ask("aggTrades", faults, now, rest, startTime=newest[middle]["T"], limit=3)
        assert by_time[0] in newest


def test_who_lies_about_one_symbol_is_honest_about_the_others():
    rest = Rest(Ledger(read([BTC, ETH])), Limits())
    faults = schedule(lie("tombstones", symbol="ETHUSDT", every=1))
    eth = ask("aggTrades", faults, END, rest, symbol="ETHUSDT")
    assert [row for row in eth if row["f"] < 0] != []
    assert ask("aggTrades", faults, END, rest) == ask("aggTrades", schedule(), END, rest)


# --- What is left out, forgotten, or not known yet ------------------------------------------------


@given(
    liars(),
    st.integers(0, len(ROWS) - 1),
    st.integers(0, 40),
    instants,
    st.none() | instants,
    st.integers(1, 1000),
)
def test_what_is_left_out_is_missing_from_every_page(liar, first, count, start, end, limit):
    how, _ = liar
    gone = ROWS[first : first + count + 1]
    first_id, last_id = gone[0]["l"], gone[-1]["f"]  # a part of it is enough
    faults = schedule(
        lie("rest-omit", first=first_id, last=last_id),
        *(lie(name, every=how[name]) for name in ("twice",) if how[name]),
    )
    rows = [
        row
        for row in bent(ROWS, twice=how["twice"])
        if not (row["f"] <= last_id and row["l"] >= first_id)
    ]
    assert len(rows) == len(ROWS) - len(gone)
    assert ask("aggTrades", faults, limit=limit) == chosen(rows, limit)
    for params in ({"end": end}, {"start": start, "end": end}, {"from_id": gone[0]["a"] - 3}):
        names = {"start": "startTime", "end": "endTime", "from_id": "fromId"}
        query = {names[key]: value for key, value in params.items()}
        assert ask("aggTrades", faults, limit=limit, **query) == chosen(rows, limit, **params)


def test_ids_jump_over_what_is_left_out():
    faults = schedule(lie("rest-omit", first=ROWS[100]["f"], last=ROWS[109]["l"]))
    told = ask("aggTrades", faults, fromId=ROWS[99]["a"], limit=2)
    assert told == [ROWS[99], ROWS[110]]


def test_what_is_forgotten_is_passed_over_without_an_error():
    faults = schedule(lie("rest-retention", first=ROWS[120]["f"]))
    assert ask("aggTrades", faults, fromId=1, limit=3) == ROWS[120:123]
    assert ask("aggTrades", faults, startTime=ROWS[0]["T"], limit=3) == ROWS[120:123]
    assert ask("aggTrades", faults, limit=1000) == ROWS[120:]
    assert ask("aggTrades", faults, endTime=ROWS[119]["T"] - 1) == []
    assert ask("aggTrades", faults, fromId=ROWS[150]["a"], limit=3) == ROWS[150:153]


def test_an_aggregate_that_is_forgotten_in_part_is_forgotten():
    cut = next(row for row in ROWS[100:] if row["l"] > row["f"])
    faults = schedule(lie("rest-retention", first=cut["f"] + 1))
    assert ask("aggTrades", faults, fromId=1, limit=1)[0]["f"] == cut["l"] + 1


@given(instants, st.integers(0, 20_000), liars())
def test_a_stale_exchange_is_the_exchange_of_so_long_ago(now, lag, liar):
    assume(now - lag * 1000 >= ROWS[0]["T"])
    how, _ = liar
    bends = [lie("tombstones", every=how["tombstones"])] if how["tombstones"] else []
    faults = schedule(lie("rest-stale", lag=lag / 1000), *bends)
    earlier = now - int(lag / 1000 * 1_000_000)
    assert ask("aggTrades", faults, now) == ask("aggTrades", schedule(*bends), earlier)
    candles = {"interval": "1m"}
    assert ask("klines", faults, now, **candles) == ask("klines", schedule(), earlier, **candles)


def test_what_is_told_from_memory_is_never_stale():
    faults = schedule(lie("rest-stale", lag=10), lie("tombstones", every=1), lie("twice", every=2))
    assert ask("trades", faults) == ask("trades", schedule())
    assert ask("aggTrades", faults)[-1]["T"] < END


def test_candles_are_not_bent():
    faults = schedule(lie("tombstones", every=1), lie("time-back", every=1))
    assert ask("klines", faults, interval="1m") == ask("klines", schedule(), interval="1m")


# --- The listing ---------------------------------------------------------------------------------


def test_the_listing_gives_the_status_of_a_symbol():
    rest = Rest(Ledger(read([BTC, ETH])), Limits())
    faults = schedule(lie("status", symbol="ETHUSDT", status="BREAK"))
    listing = ask("exchangeInfo", faults, END, rest, symbol=None)
    statuses = {symbol["symbol"]: symbol["status"] for symbol in listing["symbols"]}
    assert statuses == {"BTCUSDT": "TRADING", "ETHUSDT": "BREAK"}
