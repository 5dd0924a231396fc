"""Files in the layout of Binance's public archive of aggTrades: found, unpacked and read, as
streams.

Imports nothing else of the project: the import of history and the local exchange both read with it.
"""
