"""How values are read and written at every edge: decimals, instants, counts."""
