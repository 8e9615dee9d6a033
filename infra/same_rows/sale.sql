-- The rows of one sale, all in one transaction: order, stock, loyalty, promotion, member, outbox and inbox.
\set store random(1, 4)
\set till random(1, 4)
\set member random(1, 200)
\set a random(1, 13)
\set b random(14, 26)
\set c random(27, 40)
SELECT gen_random_uuid() AS sale, gen_random_uuid() AS e1, gen_random_uuid() AS e2, gen_random_uuid() AS e3, lpad(to_hex(:store::int), 32, '0') AS shop \gset
BEGIN;
INSERT INTO orders (id, status, content, store_id, business_date) VALUES (:sale::uuid, 'pending', md5(:sale::text), :shop::uuid, current_date);
INSERT INTO reservations (order_id, store_id, status, sku_ids, quantities) VALUES (:sale::uuid, :shop::uuid, 'held', ARRAY[:e1, :e2, :e3]::uuid[], '{1,1,1}');
UPDATE stock SET reserved = reserved + 1, version = version + 1 WHERE store_id = :shop::uuid AND sku IN (:a, :b, :c) AND on_hand - reserved >= 1;
UPDATE orders SET status = 'placed', placed_at = now(), total_minor = 30000, receipt_number = :sale::text, promotions = '[{"promotion_id": "x", "discount_minor": 3000}]' WHERE id = :sale::uuid;
INSERT INTO order_lines SELECT :sale::uuid, n, :e1::uuid, 'a piece of clothing', 1, 10000, '[{"code": "APPLIED", "text": "10% off, since it is on offer in this store today"}]' FROM generate_series(1, 3) AS n;
INSERT INTO order_tenders VALUES (:sale::uuid, 0, 'cash', 30000);
INSERT INTO outbox (event_id, type, subject, envelope) VALUES (:e1::uuid, 'order.placed', :sale::text, repeat('x', 1500));
UPDATE outbox SET published_at = now() WHERE event_id = :e1::uuid;
INSERT INTO inbox (event_id, handler) VALUES (:e1::uuid, 'inventory');
UPDATE reservations SET status = 'settled', closed_at = now() WHERE order_id = :sale::uuid;
UPDATE stock SET on_hand = on_hand - 1, reserved = reserved - 1, version = version + 1 WHERE store_id = :shop::uuid AND sku IN (:a, :b, :c);
INSERT INTO movements (store_id, sku, quantity, reason, document_id, on_hand_after) SELECT :shop::uuid, sku, -1, 'sale', :sale::uuid, 0 FROM unnest(ARRAY[:a::int, :b::int, :c::int]) AS sku;
INSERT INTO outbox (event_id, type, subject, envelope) VALUES (:e2::uuid, 'inventory.stock_changed', :sale, repeat('x', 900));
UPDATE outbox SET published_at = now() WHERE event_id = :e2::uuid;
INSERT INTO inbox (event_id, handler) VALUES (:e1::uuid, 'loyalty');
UPDATE balances SET balance = balance + 300 WHERE account_id = :member;
INSERT INTO transactions (id, document_id, kind) VALUES (:e1::uuid, :sale::uuid, 'sale');
INSERT INTO entries (transaction_id, account_id, amount, reason, document_id) SELECT :e1::uuid, account, 300, 'earned', :sale::uuid FROM unnest(ARRAY[:member::int, 1000 + :store::int]) AS account;
INSERT INTO orders_booked (order_id, kind, member, business_date, spend_minor) VALUES (:sale::uuid, 'sale', :member, current_date, 30000);
INSERT INTO outbox (event_id, type, subject, envelope) VALUES (:e3::uuid, 'loyalty.order_booked', :sale, repeat('x', 700));
UPDATE outbox SET published_at = now() WHERE event_id = :e3::uuid;
INSERT INTO inbox (event_id, handler) VALUES (:e1::uuid, 'campaign');
INSERT INTO redemptions (order_id, promotion_id, orders, discount_minor) VALUES (:sale::uuid, :e1::uuid, 1, 3000);
INSERT INTO inbox (event_id, handler) VALUES (:e1::uuid, 'member');
INSERT INTO member_orders (order_id, member, store_id, total_minor, lines) VALUES (:sale::uuid, :member, :shop::uuid, 30000, '[{"sku_id": "x", "category": "y", "quantity": 1}]');
UPDATE purchase_facts SET orders = orders + 1, spent_minor = spent_minor + 30000 WHERE member = :member;
INSERT INTO purchased_skus SELECT :member::int, sku, 1 FROM unnest(ARRAY[:a::int, :b::int, :c::int]) AS sku ORDER BY sku ON CONFLICT (member, sku) DO UPDATE SET pieces = purchased_skus.pieces + 1;
INSERT INTO purchased_categories SELECT :member::int, n, 1 FROM generate_series(1, 2) AS n ON CONFLICT (member, category) DO UPDATE SET pieces = purchased_categories.pieces + 1;
-- Rows that many sales share come last, so that they are locked for as short a time as can be.
UPDATE receipt_counters SET last = last + 1 WHERE store_id = :shop::uuid AND device_code = 'D' || :till::int::text;
UPDATE usages SET used = used + 1 WHERE subject_id = 1;
COMMIT;
