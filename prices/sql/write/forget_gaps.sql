-- Forget the open gaps of one symbol that no longer lie between two of its ticks. The caller holds
-- the writer lock of the symbol.
DELETE FROM prices_gap AS gap
WHERE
    gap.symbol_id = %(symbol)s
    AND gap.status = 'open'
    AND NOT (
        EXISTS (
            SELECT FROM prices_price AS tick
            WHERE tick.symbol_id = %(symbol)s AND tick.first_trade < gap.first_trade
        )
        AND EXISTS (
            SELECT FROM prices_price AS tick
            WHERE tick.symbol_id = %(symbol)s AND tick.first_trade > gap.last_trade
        )
    )
