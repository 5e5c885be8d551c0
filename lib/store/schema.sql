-- Version 2. Addresses and times are integers (host order; seconds since 1970), so that rows are small and sort.

-- What became of each address last, but for what stands in `change`.
CREATE TABLE lease (
    address    INTEGER PRIMARY KEY,
    number     INTEGER NOT NULL, -- of the change that it is as of
    state      INTEGER NOT NULL, -- 1 bound, 2 released, 3 declined
    htype      INTEGER NOT NULL, -- hardware type (1 is Ethernet) and address
    hardware   BLOB    NOT NULL,
    by_mac     INTEGER NOT NULL, -- 1: the client is known by its hardware address although it sent an identifier
    client_id  BLOB,             -- DHCP options 61, 12 and 82; NULL: not sent
    host_name  BLOB,
    relay_info BLOB,
    began      INTEGER NOT NULL, -- when this client got the address
    last       INTEGER NOT NULL, -- when it was last heard of
    ends       INTEGER           -- NULL: never
);
-- Changes in the order in which they happened. They are moved into `lease` and `history` in quiet moments; the latest
-- stays, so that numbers go on.
CREATE TABLE change (
    number     INTEGER PRIMARY KEY,
    address    INTEGER NOT NULL,
    state      INTEGER NOT NULL, -- and so on, as above
    htype      INTEGER NOT NULL,
    hardware   BLOB    NOT NULL,
    by_mac     INTEGER NOT NULL,
    client_id  BLOB,
    host_name  BLOB,
    relay_info BLOB,
    began      INTEGER NOT NULL,
    last       INTEGER NOT NULL,
    ends       INTEGER
);
-- Who had an address before.
CREATE TABLE history (
    number     INTEGER PRIMARY KEY,
    address    INTEGER NOT NULL,
    state      INTEGER NOT NULL, -- in which it was left: 1, its time was over; 2; 3
    htype      INTEGER NOT NULL,
    hardware   BLOB    NOT NULL,
    client_id  BLOB,
    host_name  BLOB,
    relay_info BLOB,
    began      INTEGER NOT NULL,
    ended      INTEGER NOT NULL
);
CREATE INDEX history_of_address ON history(address, began);
-- The clock that all these times are of, which nobody sets: in one row, what it was compared with last.
CREATE TABLE clock (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    boot   TEXT    NOT NULL, -- the system's boot (/proc/sys/kernel/random/boot_id)
    offset INTEGER NOT NULL, -- in that boot it was the time since boot (CLOCK_BOOTTIME) plus this
    skew   INTEGER NOT NULL  -- the system's clock was ahead of it by this
);
INSERT INTO clock VALUES (1, '', 0, 0);

-- What became of each address last.
CREATE VIEW latest AS
SELECT address, number, state, htype, hardware, by_mac, client_id, host_name, relay_info, began, last, ends
FROM lease WHERE address NOT IN (SELECT address FROM change)
UNION ALL
SELECT address, max(number), state, htype, hardware, by_mac, client_id, host_name, relay_info, began, last, ends
FROM change GROUP BY address;

-- Who had an address from when to when: `history`, and what will become history. ended NULL: never.
CREATE VIEW binding AS
SELECT address, state, htype, hardware, client_id, host_name, relay_info, began, ended FROM history
UNION ALL
SELECT address, state, htype, hardware, client_id, host_name, relay_info, began,
       CASE WHEN ends IS NULL THEN next ELSE min(ends, ifnull(next, ends)) END
FROM (
    SELECT address, state, htype, hardware, client_id, host_name, relay_info, began,
           CASE state WHEN 3 THEN last ELSE ends END AS ends,
           lead(CASE length(hardware) + ifnull(length(client_id), 0) WHEN 0 THEN last ELSE began END)
               OVER (PARTITION BY address ORDER BY number) AS next
    FROM (
        SELECT address, state, htype, hardware, client_id, host_name, relay_info, began, last, ends,
               max(number) AS number
        FROM (
            SELECT * FROM lease
            UNION ALL
            SELECT address, number, state, htype, hardware, by_mac, client_id, host_name, relay_info, began, last, ends
            FROM change WHERE number > ifnull((SELECT number FROM lease WHERE lease.address = change.address), 0)
        ) GROUP BY address, began, htype, hardware, CASE by_mac WHEN 1 THEN NULL ELSE client_id END
    )
) WHERE length(hardware) + ifnull(length(client_id), 0) > 0;

-- The same two for people.
CREATE VIEW leases AS SELECT
    (address >> 24) || '.' || (address >> 16 & 255) || '.' || (address >> 8 & 255) || '.' || (address & 255) AS address,
    CASE state WHEN 1 THEN CASE WHEN ends + skew <= unixepoch() THEN 'ended' ELSE 'bound' END
               WHEN 2 THEN 'released' WHEN 3 THEN 'declined' END AS state,
    rtrim(lower(substr(hex(hardware), 1, 2) || ':' || substr(hex(hardware), 3, 2) || ':' || substr(hex(hardware), 5, 2) ||
          ':' || substr(hex(hardware), 7, 2) || ':' || substr(hex(hardware), 9, 2) || ':' ||
          substr(hex(hardware), 11, 2)), ':') AS mac,
    CAST(host_name AS TEXT) AS host_name,
    lower(hex(client_id)) AS client_id,
    lower(hex(relay_info)) AS relay_info,
    datetime(began + skew, 'unixepoch') AS began,
    datetime(last + skew, 'unixepoch') AS last,
    datetime(ends + skew, 'unixepoch') AS ends
FROM latest, clock;
CREATE VIEW bindings AS SELECT
    (address >> 24) || '.' || (address >> 16 & 255) || '.' || (address >> 8 & 255) || '.' || (address & 255) AS address,
    CASE state WHEN 1 THEN CASE WHEN ended + skew <= unixepoch() THEN 'ended' ELSE 'bound' END
               WHEN 2 THEN 'released' WHEN 3 THEN 'declined' END AS state,
    rtrim(lower(substr(hex(hardware), 1, 2) || ':' || substr(hex(hardware), 3, 2) || ':' || substr(hex(hardware), 5, 2) ||
          ':' || substr(hex(hardware), 7, 2) || ':' || substr(hex(hardware), 9, 2) || ':' ||
          substr(hex(hardware), 11, 2)), ':') AS mac,
    CAST(host_name AS TEXT) AS host_name,
    lower(hex(client_id)) AS client_id,
    lower(hex(relay_info)) AS relay_info,
    datetime(began + skew, 'unixepoch') AS began,
    datetime(ended + skew, 'unixepoch') AS ended
FROM binding, clock;
