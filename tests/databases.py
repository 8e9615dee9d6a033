"""A database that has been used is made as good as new: a tenth of the time of another copy.

What the migrations put into it is remembered first; afterwards the rows of tables that hold any
are deleted and those put back, and sequences begin again. Tables and triggers stay as they are: a
test that changes those takes a database that nobody gets after it.
"""

import psycopg

_REMEMBER = """
CREATE SCHEMA at_first;
CREATE TABLE at_first.sequences AS
  SELECT schemaname, sequencename, start_value, last_value FROM pg_sequences;
DO $$
DECLARE
  name text;
  filled boolean;
BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', name) INTO filled;
    IF filled THEN
      EXECUTE format('CREATE TABLE at_first.%I AS TABLE public.%I', name, name);
    END IF;
  END LOOP;
END $$
"""
# Without triggers and foreign keys, which say what the services may do, in any order.
_EMPTY = """
SET session_replication_role = replica;
SET lock_timeout = '10s';
DO $$
DECLARE
  each record;
BEGIN
  -- Dead rows are read again for as long as the file is there, so large ones begin anew.
  FOR each IN
    SELECT relname AS name FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
      AND pg_relation_size(oid) > 1000000
  LOOP
    EXECUTE format('TRUNCATE public.%I CASCADE', each.name);
  END LOOP;
  FOR each IN
    SELECT * FROM (
      SELECT oid, relname AS name, to_regclass(format('at_first.%I', relname)) AS before
      FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    ) AS tables
    WHERE before IS NOT NULL OR pg_relation_size(oid) > 0
  LOOP
    EXECUTE format('DELETE FROM public.%I', each.name);
    IF each.before IS NOT NULL THEN
      EXECUTE format('INSERT INTO public.%I OVERRIDING SYSTEM VALUE TABLE %s', each.name,
        each.before);
    END IF;
  END LOOP;
  PERFORM setval(format('%I.%I', now.schemaname, now.sequencename)::regclass,
    coalesce(before.last_value, before.start_value), before.last_value IS NOT NULL)
  FROM pg_sequences now JOIN at_first.sequences before USING (schemaname, sequencename)
  WHERE now.last_value IS DISTINCT FROM before.last_value;
END $$
"""
_LEAVE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class OwnDatabase:
    """A new database at `url`, for one test after the other."""

    def __init__(self, url: str) -> None:
        self.url = url
        address = url.replace("postgresql+psycopg", "postgresql", 1)
        self._connection = psycopg.connect(address, autocommit=True)
        self._connection.execute(_REMEMBER)

    def make_as_new(self) -> None:
        """Take out what was put in; whoever is still connected is cut off."""
        self._connection.execute(_LEAVE)
        self._connection.execute(_EMPTY)

    def close(self) -> None:
        self._connection.close()
