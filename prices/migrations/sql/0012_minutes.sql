-- What the ticks of some ranges make of each minute: the one definition of a candle, for folding, for folding again and for the
-- audit. Each range is of one symbol: ticks made between two instants, both included, whose first trade ids lie between two
-- ids, both included. Ranges must not share a tick.
--
-- The tick with the lowest trade id opens a minute, the one with the highest closes it, whatever their times. The taker's
-- volumes are unknown as soon as one tick does not say who took liquidity.
CREATE FUNCTION prices_minutes(
    symbols smallint[], starts timestamptz[], ends timestamptz[], firsts bigint[], lasts bigint[]
) RETURNS TABLE (
    symbol_id smallint, minute timestamptz, first_trade bigint, last_trade bigint, trades bigint,
    open numeric, high numeric, low numeric, close numeric, volume numeric,
    quote_volume numeric, taker_buy_volume numeric, taker_buy_quote_volume numeric, ticks bigint
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT
        made.symbol_id, made.minute, made.first_trade, made.last_first + closing.trades - 1, made.trades,
        opening.price, made.high, made.low, closing.price, made.volume, made.quote_volume,
        CASE WHEN made.sided = made.ticks THEN coalesce(made.taker_buy_volume, 0) END,
        CASE WHEN made.sided = made.ticks THEN coalesce(made.taker_buy_quote_volume, 0) END,
        made.ticks
    FROM (
        SELECT
            tick.symbol_id, date_bin('1 minute', tick.timestamp, 'epoch') AS minute,
            min(tick.first_trade) AS first_trade, max(tick.first_trade) AS last_first, sum(tick.trades) AS trades,
            max(tick.price) AS high, min(tick.price) AS low,
            sum(tick.quantity) AS volume, sum(tick.price * tick.quantity) AS quote_volume,
            sum(tick.quantity) FILTER (WHERE NOT tick.is_buyer_maker) AS taker_buy_volume,
            sum(tick.price * tick.quantity) FILTER (WHERE NOT tick.is_buyer_maker) AS taker_buy_quote_volume,
            count(tick.is_buyer_maker) AS sided, count(*) AS ticks
        FROM unnest(symbols, starts, ends, firsts, lasts) AS range (symbol_id, starts, ends, first, last)
        CROSS JOIN LATERAL (
            SELECT * FROM prices_price stored
            WHERE stored.symbol_id = range.symbol_id
                AND stored.timestamp >= range.starts AND stored.timestamp <= range.ends
                -- By time, always: a range of all ids must not be read by the key. So the key cannot be used.
                AND stored.first_trade + 0 >= range.first AND stored.first_trade + 0 <= range.last
            -- The order, and the limit, which bounds nothing, keep the planner to one short range of the index by time. So do
            -- those below with the key: a plan that was made while the tape was empty might read all of it.
            ORDER BY stored.timestamp LIMIT 9223372036854775807
        ) AS tick
        GROUP BY 1, 2
    ) AS made
    CROSS JOIN LATERAL (
        SELECT price FROM prices_price stored
        WHERE stored.symbol_id = made.symbol_id AND stored.first_trade >= made.first_trade
        ORDER BY stored.first_trade LIMIT 1
    ) AS opening
    CROSS JOIN LATERAL (
        SELECT price, trades FROM prices_price stored
        WHERE stored.symbol_id = made.symbol_id AND stored.first_trade >= made.last_first
        ORDER BY stored.first_trade LIMIT 1
    ) AS closing
$$;
