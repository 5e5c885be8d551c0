-- Version 1. Addresses and times are integers (host order; seconds since 1970), so that rows are small and sort.
CREATE TABLE lease (
    address    INTEGER PRIMARY KEY,
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
-- The same for people.
CREATE VIEW leases AS SELECT
    (address >> 24) || '.' || (address >> 16 & 255) || '.' || (address >> 8 & 255) || '.' || (address & 255) AS address,
    CASE state WHEN 1 THEN CASE WHEN ends <= unixepoch() THEN 'ended' ELSE 'bound' END
               WHEN 2 THEN 'released' WHEN 3 THEN 'declined' END AS state,
    lower(substr(hex(hardware), 1, 2) || ':' || substr(hex(hardware), 3, 2) || ':' || substr(hex(hardware), 5, 2) || ':' ||
          substr(hex(hardware), 7, 2) || ':' || substr(hex(hardware), 9, 2) || ':' || substr(hex(hardware), 11, 2)) AS mac,
    CAST(host_name AS TEXT) AS host_name,
    lower(hex(client_id)) AS client_id,
    lower(hex(relay_info)) AS relay_info,
    datetime(began, 'unixepoch') AS began,
    datetime(last, 'unixepoch') AS last,
    datetime(ends, 'unixepoch') AS ends
FROM lease;
