/* Within lib/store. */
#pragma once

#include "store/database.h"
#include "store/store.h"

/* The columns that `lease` and `change` share behind address and number, and where the first of them stands. */
#define LEASE_COLUMNS "state, htype, hardware, by_mac, client_id, host_name, relay_info, began, last, ends"

enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    APPEND,
    PLAN,
    CHANGE_AT,
    LEASE_AT,
    PUT_LEASE,
    PUT_HISTORY,
    DROP_CHANGES,
    DROP_HISTORY,
    PUT_CLOCK,
    PUT_RESERVATION,
    DROP_RESERVATION,
    STATEMENT_COUNT
};

/* A change that is to be moved. */
struct fold_step {
    uint32_t addr;
    int64_t number;
};

struct store {
    struct database base;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    int64_t last, appended; /* numbers of changes: committed, and of the transaction that is open */
    int64_t folded;         /* up to this one they have been moved */
    struct fold_step *plan; /* of the fold that is under way; NULL at first */
    unsigned plan_count, plan_at;
    bool plan_ready;  /* it is complete, and sorted by address */
    int64_t plan_end; /* the number of its last change */
};

/* Run a statement to its end. */
int store_step(struct store *store, enum statement which);

/* A row that begins with address, and has LEASE_COLUMNS from column `at` on. */
void store_read_lease(sqlite3_stmt *row, int at, struct dhcp_lease *lease);
