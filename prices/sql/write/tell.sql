-- Tell those who listen that the ticks or candles of some symbols have changed: their numbers, with
-- blanks between. It is sent when the transaction is committed, and not at all when it is not. The
-- channel is that of `prices.channels`.
SELECT pg_notify('prices_tick', %(numbers)s)
