-- From version 1: a lease had no number, and there was nothing else. What schema.sql makes stands in between.
INSERT INTO lease SELECT address, 0, state, htype, hardware, by_mac, client_id, host_name, relay_info, began, last, ends
FROM lease_1;
DROP TABLE lease_1;
