/*
 * Within fairlead show: lists that stand in files of their own.
 */
#pragma once

#include "client/table.h"

#define QUEUES_COLUMNS 14
extern const struct table_column queues_columns[QUEUES_COLUMNS];

#define CONTRACTS_COLUMNS 13
extern const struct table_column contracts_columns[CONTRACTS_COLUMNS];

#define PROBES_COLUMNS     12
#define REFLECTORS_COLUMNS 6
extern const struct table_column probes_columns[PROBES_COLUMNS], reflectors_columns[REFLECTORS_COLUMNS];
