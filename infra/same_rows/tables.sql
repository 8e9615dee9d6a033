-- The tables that one sale writes to, over all services, with their keys and indexes.
CREATE TABLE orders (id uuid PRIMARY KEY, status text NOT NULL, content text, store_id uuid, member_id uuid,
    business_date date, sold_at timestamptz DEFAULT now(), receipt_number text UNIQUE, placed_at timestamptz,
    total_minor bigint, promotions jsonb, created_at timestamptz DEFAULT now());
CREATE INDEX ON orders (store_id, business_date, sold_at, id);
CREATE INDEX ON orders (member_id, sold_at, id);
CREATE INDEX ON orders (created_at) WHERE status = 'pending';
CREATE TABLE order_lines (order_id uuid REFERENCES orders, line int, sku_id uuid, name text, quantity int,
    net_minor bigint, reasons jsonb, PRIMARY KEY (order_id, line));
CREATE TABLE order_tenders (order_id uuid REFERENCES orders, position int, kind text, amount_minor bigint,
    PRIMARY KEY (order_id, position));
CREATE TABLE receipt_counters (store_id uuid, device_code text, last bigint, PRIMARY KEY (store_id, device_code));
CREATE TABLE outbox (id bigserial PRIMARY KEY, event_id uuid UNIQUE, type text, subject text, envelope text,
    created_at timestamptz DEFAULT now(), published_at timestamptz);
CREATE INDEX ON outbox (id) WHERE published_at IS NULL;
CREATE INDEX ON outbox (published_at);
CREATE TABLE inbox (event_id uuid, handler text, handled_at timestamptz DEFAULT now(), PRIMARY KEY (event_id, handler));
CREATE INDEX ON inbox (handled_at);
CREATE TABLE reservations (order_id uuid PRIMARY KEY, store_id uuid, status text, sku_ids uuid[], quantities bigint[],
    made_at timestamptz DEFAULT now(), closed_at timestamptz);
CREATE INDEX ON reservations (made_at) WHERE status = 'held';
CREATE TABLE stock (store_id uuid, sku int, on_hand bigint DEFAULT 1000000000, reserved bigint DEFAULT 0,
    version bigint DEFAULT 1, PRIMARY KEY (store_id, sku)) WITH (fillfactor = 70);
CREATE TABLE movements (id bigserial PRIMARY KEY, at timestamptz DEFAULT now(), store_id uuid, sku int, quantity bigint,
    reason text, document_id uuid, on_hand_after bigint, UNIQUE (document_id, sku, reason));
CREATE INDEX ON movements (store_id, sku, id);
CREATE TABLE transactions (id uuid PRIMARY KEY, document_id uuid, kind text, at timestamptz DEFAULT now(),
    UNIQUE (document_id, kind));
CREATE TABLE entries (id bigserial PRIMARY KEY, transaction_id uuid, account_id int, amount bigint, reason text,
    document_id uuid, at timestamptz DEFAULT now());
CREATE INDEX ON entries (transaction_id);
CREATE INDEX ON entries (account_id, id);
CREATE TABLE balances (account_id int PRIMARY KEY, balance bigint DEFAULT 0);
CREATE TABLE orders_booked (order_id uuid, kind text, member int, business_date date, spend_minor bigint,
    booked_at timestamptz DEFAULT now(), PRIMARY KEY (order_id, kind));
CREATE INDEX ON orders_booked (member, business_date);
CREATE TABLE redemptions (order_id uuid, promotion_id uuid, orders int, discount_minor bigint, at timestamptz DEFAULT now(),
    PRIMARY KEY (order_id, promotion_id, orders));
CREATE INDEX ON redemptions (promotion_id);
CREATE TABLE usages (subject_id int PRIMARY KEY, used bigint DEFAULT 0);
CREATE TABLE member_orders (order_id uuid PRIMARY KEY, member int, store_id uuid, placed_at timestamptz DEFAULT now(),
    total_minor bigint, lines jsonb, voided boolean DEFAULT false);
CREATE INDEX ON member_orders (member, placed_at) WHERE NOT voided;
CREATE TABLE purchase_facts (member int PRIMARY KEY, orders int DEFAULT 0, spent_minor bigint DEFAULT 0);
CREATE TABLE purchased_skus (member int, sku int, pieces bigint, PRIMARY KEY (member, sku));
CREATE TABLE purchased_categories (member int, category int, pieces bigint, PRIMARY KEY (member, category));
INSERT INTO stock (store_id, sku) SELECT lpad(to_hex(store), 32, '0')::uuid, sku
    FROM generate_series(1, 4) AS store, generate_series(1, 40) AS sku;
INSERT INTO receipt_counters SELECT lpad(to_hex(store), 32, '0')::uuid, 'D' || till, 0
    FROM generate_series(1, 4) AS store, generate_series(1, 4) AS till;
INSERT INTO balances (account_id) SELECT generate_series(1, 200);
INSERT INTO purchase_facts (member) SELECT generate_series(1, 200);
INSERT INTO usages (subject_id) VALUES (1);
