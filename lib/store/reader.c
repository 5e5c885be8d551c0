/* Looking back. What a reader sees is one state of the database, whatever is written meanwhile. */
#include "base/compiler.h"
#include "store/internal.h"

#include <errno.h>
#include <stdlib.h>

#define BUSY_MS 1000

struct store_reader {
    sqlite3 *db;
    sqlite3_stmt *bindings;
};

/* As the view `binding`, with the addresses named where rows are searched for, not when they have all been made. */
static const char bindings[] =
    "SELECT address, 0, state, htype, hardware, 0, client_id, host_name, relay_info, began, 0, NULL, ended FROM ("
    "  SELECT address, state, htype, hardware, client_id, host_name, relay_info, began, ended FROM history"
    "  WHERE address BETWEEN ?1 AND ?2"
    "  UNION ALL"
    "  SELECT address, state, htype, hardware, client_id, host_name, relay_info, began,"
    "         CASE WHEN ends IS NULL THEN next ELSE min(ends, ifnull(next, ends)) END AS ended"
    "  FROM ("
    "    SELECT address, state, htype, hardware, client_id, host_name, relay_info, began,"
    "           CASE state WHEN 3 THEN last ELSE ends END AS ends,"
    "           lead(CASE length(hardware) + ifnull(length(client_id), 0) WHEN 0 THEN last ELSE began END)"
    "               OVER (PARTITION BY address ORDER BY number) AS next"
    "    FROM ("
    "      SELECT address, state, htype, hardware, client_id, host_name, relay_info, began, last, ends,"
    "             max(number) AS number"
    "      FROM ("
    "        SELECT * FROM lease WHERE address BETWEEN ?1 AND ?2"
    "        UNION ALL"
    "        SELECT address, number, " LEASE_COLUMNS " FROM change WHERE address BETWEEN ?1 AND ?2"
    "          AND number > ifnull((SELECT number FROM lease WHERE lease.address = change.address), 0)"
    "      ) GROUP BY address, began, htype, hardware, CASE by_mac WHEN 1 THEN NULL ELSE client_id END"
    "    )"
    "  ) WHERE length(hardware) + ifnull(length(client_id), 0) > 0"
    ") WHERE began <= ?4 AND ifnull(ended > ?3, 1) AND (address, began) > (?5, ?6) ORDER BY address, began";

int store_reader_open(const char *path, struct store_reader **result)
{
    struct store_reader *reader = calloc(1, sizeof(*reader));

    if (!reader)
        return -ENOMEM;
    int rc = sqlite3_open_v2(path, &reader->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(reader->db, BUSY_MS);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(reader->db, "PRAGMA temp_store = MEMORY; SELECT count(*) FROM clock", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v3(reader->db, bindings, -1, SQLITE_PREPARE_PERSISTENT, &reader->bindings, NULL);
    if (rc != SQLITE_OK) {
        store_reader_close(reader);
        return database_error_of(rc);
    }
    *result = reader;
    return 0;
}

struct store_reader *store_reader_close(struct store_reader *reader)
{
    if (!reader)
        return NULL;
    sqlite3_finalize(reader->bindings);
    sqlite3_close(reader->db);
    free(reader);
    return NULL;
}

int store_each_binding(struct store_reader *reader, const struct store_question *question,
                       int (*each)(void *arg, const struct store_binding *binding), void *arg)
{
    struct store_binding binding;
    sqlite3_stmt *rows = reader->bindings;
    int error = 0, rc;

    sqlite3_bind_int64(rows, 1, question->first);
    sqlite3_bind_int64(rows, 2, question->last);
    sqlite3_bind_int64(rows, 3, (sqlite3_int64)question->from_s);
    sqlite3_bind_int64(rows, 4, question->to_s > INT64_MAX ? INT64_MAX : (sqlite3_int64)question->to_s);
    sqlite3_bind_int64(rows, 5, question->started ? (sqlite3_int64)question->after : -1);
    sqlite3_bind_int64(rows, 6, question->started ? (sqlite3_int64)question->after_s : 0);
    while ((rc = sqlite3_step(rows)) == SQLITE_ROW) {
        store_read_lease(rows, 2, &binding.lease);
        binding.ended_s =
            sqlite3_column_type(rows, 12) == SQLITE_NULL ? DHCP_NEVER : (uint64_t)sqlite3_column_int64(rows, 12);
        error = each(arg, &binding);
        if (error)
            break;
    }
    sqlite3_reset(rows);
    return error ? error : database_error_of(rc);
}
