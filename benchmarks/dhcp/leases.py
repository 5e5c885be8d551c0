"""Leases of others, more than could be asked for in reasonable time."""
import os

from lab import run


def fill(source, state, first, step, count, lease_s):
    """A database in a state directory, written with SQL: leases of every so many addresses."""
    with open(os.path.join(source, "lib/store/schema.sql"), encoding="utf-8") as schema:
        run("sqlite3", os.path.join(state, "fairlead.db"), timeout=300, input=f"""
            PRAGMA application_id = 1180789106; PRAGMA user_version = 2;
            {schema.read()}
            WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {count - 1})
            INSERT INTO lease SELECT {first} + i * {step}, 0, 1, 1,
                CAST(printf('%06d', i) AS BLOB), 0, NULL, CAST('host-' || i AS BLOB), NULL, unixepoch(), unixepoch(),
                unixepoch() + {lease_s} FROM n;""")
