-- Of some minutes of one symbol, those that an open gap touches or of which ticks were pruned.
SELECT wanted.minute FROM unnest(%(minutes)s::timestamptz[]) AS wanted (minute)
WHERE EXISTS (
    SELECT FROM prices_gap
    WHERE symbol_id = %(symbol)s AND status = 'open'
        AND tstzrange(starts, ends, '[]')
        && tstzrange(wanted.minute, wanted.minute + interval '1 minute')
) OR EXISTS (
    SELECT FROM prices_candle
    WHERE symbol_id = %(symbol)s AND minute = wanted.minute
        AND first_trade < (SELECT kept_from FROM prices_symbol WHERE id = %(symbol)s)
)
