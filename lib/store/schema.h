/* Within lib/store: statements that are files of SQL. */
#pragma once

extern const char store_schema[];       /* schema.sql: makes an empty database ours */
extern const char store_upgrade[];      /* upgrade.sql: takes over what version 1 left */
extern const char store_reservations[]; /* reservations.sql: what version 2 did not have */
extern const char store_plan[];         /* plan.sql: makes an empty database one of the address plan */
