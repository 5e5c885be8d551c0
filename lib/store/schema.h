/* Within lib/store: the statements of schema.sql, which make an empty database ours. */
#pragma once

extern const char store_schema[];
