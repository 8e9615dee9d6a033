-- What surrounds the members that were copied in: consents, the beginning of timelines, tiers.
INSERT INTO identifiers (id, member_id, kind, cipher, hash, value_hash, last_four, verified,
    linked_by)
SELECT CAST(overlay(CAST(id AS text) PLACING '8006' FROM 20) AS uuid), id, 'phone', phone_cipher,
    phone_hash, phone_hash, last_four, false, CAST(%(associate)s AS uuid)
FROM members WHERE id BETWEEN pg_temp.id_of(1, 0) AND pg_temp.id_of(1, %(members)s) ORDER BY id;
INSERT INTO consents (member_id, purpose, channel, notice_version, granted, recorded_by,
    recorded_by_kind, store_id, proof)
SELECT id, 'membership', 'any', %(notice)s, true, CAST(%(associate)s AS uuid), 'staff',
    home_store_id, 'import'
FROM members WHERE id BETWEEN pg_temp.id_of(1, 0) AND pg_temp.id_of(1, %(members)s) ORDER BY id;
INSERT INTO consent_states (consent_id, member_id, purpose, channel, granted)
SELECT id, member_id, purpose, channel, granted FROM consents
WHERE member_id BETWEEN pg_temp.id_of(1, 0) AND pg_temp.id_of(1, %(members)s);
INSERT INTO happenings (id, member_id, at, kind, store_id, staff_id)
SELECT id, id, registered_at, 'joined', home_store_id, associate_id
FROM members WHERE id BETWEEN pg_temp.id_of(1, 0) AND pg_temp.id_of(1, %(members)s) ORDER BY id;
INSERT INTO member_tiers (member_id, version, tier)
SELECT id, 1, %(tier)s FROM members WHERE id BETWEEN pg_temp.id_of(1, 0) AND pg_temp.id_of(1, %(members)s) ORDER BY id;
