-- Looked up first: even ADD COLUMN IF NOT EXISTS has to wait for every reader of the table.
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = 'prices_symbol'::regclass AND attname = 'pruned_through' AND NOT attisdropped
    ) THEN
        ALTER TABLE prices_symbol ADD COLUMN pruned_through timestamp with time zone;
    END IF;
END $$;

-- Where such a tape was pruned, nobody noted how far by time. The oldest tick that was kept is a
-- safe bound: trade times follow trade ids, but for small steps back.
UPDATE prices_symbol symbol SET pruned_through = (
    SELECT timestamp FROM prices_price
    WHERE symbol_id = symbol.id AND id >= symbol.id::bigint << 44 | symbol.kept_from
    ORDER BY id LIMIT 1
)
WHERE kept_from IS NOT NULL AND pruned_through IS NULL;
