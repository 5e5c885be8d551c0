/* Within lib/store: statements that are files of SQL. */
#pragma once

extern const char store_schema[];  /* schema.sql: makes an empty database ours */
extern const char store_upgrade[]; /* upgrade.sql: takes over what an earlier version left */
