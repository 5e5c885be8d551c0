-- Since version 3. Addresses that people have reserved while the daemon ran (those of the configuration are not here).
CREATE TABLE reservation (
    address  INTEGER PRIMARY KEY,
    hardware BLOB    NOT NULL, -- the Ethernet address that it is for
    made     INTEGER NOT NULL
);
CREATE VIEW reservations AS SELECT
    (address >> 24) || '.' || (address >> 16 & 255) || '.' || (address >> 8 & 255) || '.' || (address & 255) AS address,
    lower(substr(hex(hardware), 1, 2) || ':' || substr(hex(hardware), 3, 2) || ':' || substr(hex(hardware), 5, 2) ||
          ':' || substr(hex(hardware), 7, 2) || ':' || substr(hex(hardware), 9, 2) || ':' ||
          substr(hex(hardware), 11, 2)) AS mac,
    datetime(made + skew, 'unixepoch') AS made
FROM reservation, clock;
