"""The LISTEN/NOTIFY channels on which commits to the tape are announced."""

# Ticks or candles of some symbols have changed. Payload: their numbers, separated by blanks. 1024
# of them, the most on one connection to the exchange, take 6,144 of the 7,999 bytes of a
# notification.
TICKS = "prices_tick"

# A gap was opened, filled in part or closed. Payload: its id. Sent by a trigger on the table, for
# each row, whoever wrote it.
GAPS = "prices_gap"
