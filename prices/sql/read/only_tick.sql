-- The only tick of one symbol; no row when there is none, or more, or some were pruned.
SELECT first_trade, trades, price, quantity, timestamp FROM prices_price AS only_one
WHERE
    only_one.symbol_id = %(symbol)s
    AND NOT EXISTS (
        SELECT FROM prices_price AS other
        WHERE other.symbol_id = %(symbol)s AND other.first_trade <> only_one.first_trade
    )
    AND NOT EXISTS (
        SELECT FROM prices_symbol AS symbol
        WHERE symbol.id = %(symbol)s AND symbol.kept_from IS NOT NULL
    )
