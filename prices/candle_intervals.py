"""How long candles are, and where they begin. No database."""

# The candles that are stored beside those of minutes: how many minutes each has, and of how many
# minutes the stored ones are that it is folded from. No interval that is served is folded from more
# than seven rows, but a month.
KEPT = ((15, 1), (60, 15), (240, 60), (1440, 240))
