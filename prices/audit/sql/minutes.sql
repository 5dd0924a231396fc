-- The candles that the ticks make, as they are.
SELECT minute, first_trade, last_trade, trades, open, high, low, close, volume FROM made
