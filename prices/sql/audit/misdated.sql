-- Ticks of one symbol whose times may be wrong, by first trade id: before the exchange existed, in
-- the future, or earlier than the tick before. The limits are those of exchange.event_times.
SELECT first_trade FROM (
    SELECT first_trade, timestamp, lag(timestamp) OVER (ORDER BY first_trade) AS before
    FROM prices_price WHERE symbol_id = %(symbol)s
) AS walked
WHERE timestamp < before - interval '1 second'
    OR timestamp < '2017-07-01Z' OR timestamp > now() + interval '1 hour'
ORDER BY first_trade LIMIT %(limit)s
