-- Some ticks at either end of one symbol's tape, by first trade id. On a short tape the same ones
-- come twice.
(
    SELECT first_trade, trades, price, quantity, timestamp, false AS newest FROM prices_price
    WHERE symbol_id = %(symbol)s ORDER BY first_trade LIMIT %(limit)s
)
UNION ALL
(
    SELECT first_trade, trades, price, quantity, timestamp, true AS newest FROM prices_price
    WHERE symbol_id = %(symbol)s ORDER BY first_trade DESC LIMIT %(limit)s
)
ORDER BY newest, first_trade
