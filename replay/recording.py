"""One symbol's recorded trades, as columns."""

from array import array


class Recording:
    """Trades in the order of their ids.

    A big day has ten million. As columns of machine integers they take some fifty bytes each; as
    objects they would take five hundred.
    """

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.agg_ids = array("q")
        self.prices: list[str] = []
        self.quantities: list[str] = []
        self.first_ids = array("q")
        self.last_ids = array("q")
        self.times = array("q")  # microseconds since the epoch, UTC
        self.flags = bytearray()  # 1: the buyer was the maker, 2: best match

    def __len__(self) -> int:
        return len(self.agg_ids)

    def append(
        self,
        agg_id: int,
        price: str,
        quantity: str,
        first_id: int,
        last_id: int,
        time: int,
        flags: int,
    ) -> None:
        """Add the next trade. Ids and times are found by bisection, so they must not step back."""
        if self.agg_ids:
            if agg_id <= self.agg_ids[-1]:
                raise ValueError(f"aggregate id {agg_id} does not follow {self.agg_ids[-1]}")
            if first_id <= self.last_ids[-1]:
                raise ValueError(f"trade id {first_id} does not follow {self.last_ids[-1]}")
            if time < self.times[-1]:
                raise ValueError("its time is before that of the row above")
        self.agg_ids.append(agg_id)
        self.prices.append(price)
        self.quantities.append(quantity)
        self.first_ids.append(first_id)
        self.last_ids.append(last_id)
        self.times.append(time)
        self.flags.append(flags)
