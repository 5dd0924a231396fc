-- A digest of the ticks of one symbol within some trade ids, over a line for each, in order. NULL
-- without any; a tick without a side is left out, so that the digest differs.
--
-- Parameters: the number of the symbol; the range of first trade ids, both included; and how many
-- ticks are read at most.
SELECT
    encode(
        sha256(
            convert_to(
                string_agg(
                    tick.first_trade || ' ' || tick.trades || ' '
                    || (extract(epoch FROM tick.timestamp) * 1000000)::bigint || ' '
                    || tick.price || ' ' || tick.quantity || ' ' || tick.is_buyer_maker,
                    E'\n' ORDER BY tick.first_trade
                ),
                'UTF8'
            )
        ),
        'hex'
    )
FROM (
    SELECT * FROM prices_price
    WHERE symbol_id = %(symbol)s AND first_trade >= %(first)s AND first_trade <= %(last)s
    ORDER BY first_trade LIMIT %(most)s
) AS tick
