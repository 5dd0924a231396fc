COPY prices_price (
    timestamp, first_trade, trades, symbol_id, is_buyer_maker, price, quantity
) FROM STDIN
