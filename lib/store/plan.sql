-- Version 1. Addresses and times are integers (host order; seconds since 1970), so that rows are small and sort.

-- The plan as it is: what nodes are, docs/plan.md says.
CREATE TABLE node (
    first       INTEGER NOT NULL, -- addresses
    last        INTEGER NOT NULL,
    kind        INTEGER NOT NULL, -- 0 block, 1 subnet, 2 pool, 3 host
    status      INTEGER NOT NULL, -- 0 allocated, 1 assigned, 2 reserved, 3 quarantined
    delegated   INTEGER NOT NULL, -- 1: to its owner
    for_sibling INTEGER NOT NULL, -- 1: kept for the other half of the block twice as large
    name        TEXT,
    owner       TEXT,
    provider    TEXT,
    contract    TEXT,
    note        TEXT,
    created     INTEGER NOT NULL,
    changed     INTEGER NOT NULL,
    until       INTEGER NOT NULL, -- 0: not said
    PRIMARY KEY (first, last DESC) -- outer ones come before what lies in them
) WITHOUT ROWID;

-- What was done, in its order.
CREATE TABLE operation (
    number  INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    who     TEXT    NOT NULL, -- the system's user
    holder  TEXT,             -- for whom, in whose delegation; NULL: outside of all of them
    what    TEXT    NOT NULL, -- add, allocate, ...
    steps   INTEGER NOT NULL, -- how many
    undoes  INTEGER,          -- the operation that it undid
    undone  INTEGER,          -- the operation by which it was undone, if that was not undone itself
    key     TEXT,             -- the request's own name, so that it is not carried out twice
    request INTEGER           -- with a key: a hash of all that was asked for
);

-- What an operation changed: of each node what it was and what it is. All of one side is NULL if there was none, or is
-- none any more.
CREATE TABLE step (
    operation       INTEGER NOT NULL,
    number          INTEGER NOT NULL, -- from 0 on; the first is the node that the operation is about
    was_first       INTEGER,
    was_last        INTEGER,
    was_kind        INTEGER,
    was_status      INTEGER,
    was_delegated   INTEGER,
    was_for_sibling INTEGER,
    was_name        TEXT,
    was_owner       TEXT,
    was_provider    TEXT,
    was_contract    TEXT,
    was_note        TEXT,
    was_created     INTEGER,
    was_changed     INTEGER,
    was_until       INTEGER,
    is_first        INTEGER,
    is_last         INTEGER,
    is_kind         INTEGER,
    is_status       INTEGER,
    is_delegated    INTEGER,
    is_for_sibling  INTEGER,
    is_name         TEXT,
    is_owner        TEXT,
    is_provider     TEXT,
    is_contract     TEXT,
    is_note         TEXT,
    is_created      INTEGER,
    is_changed      INTEGER,
    is_until        INTEGER,
    PRIMARY KEY (operation, number)
) WITHOUT ROWID;

-- For people.
CREATE VIEW nodes AS SELECT
    (first >> 24) || '.' || (first >> 16 & 255) || '.' || (first >> 8 & 255) || '.' || (first & 255) AS first,
    (last >> 24) || '.' || (last >> 16 & 255) || '.' || (last >> 8 & 255) || '.' || (last & 255) AS last,
    CASE kind WHEN 0 THEN 'block' WHEN 1 THEN 'subnet' WHEN 2 THEN 'pool' ELSE 'host' END AS kind,
    CASE status WHEN 0 THEN 'allocated' WHEN 1 THEN 'assigned' WHEN 2 THEN 'reserved' ELSE 'quarantined' END AS status,
    delegated, name, owner, provider, contract, note,
    datetime(created, 'unixepoch') AS created,
    datetime(changed, 'unixepoch') AS changed,
    CASE until WHEN 0 THEN NULL ELSE datetime(until, 'unixepoch') END AS until
FROM node;
