/*
 * The planner: the role that keeps the address plan (book/book.h). One thread, one loop, the plan's one writer.
 *
 * Orders that come within a turn of the loop are carried out one after the other and stored together, with one flush;
 * only then are they answered. So are questions: nobody hears of what is not stored. The configuration does not concern
 * it.
 */
#pragma once

#include <stdint.h>

#define PLANNER_BOOK_NAME "plan.db" /* the database, in the state directory */

struct planner_config {
    const char *book_path;         /* the database */
    const uint8_t *token;          /* of those who may ask; borrowed */
    int control;                   /* the parent's socket (control/control.h) */
    int listener;                  /* on which others ask */
    void (*drop_privileges)(void); /* called when the database is open */
};

/* Run until SIGTERM, or until the parent is gone: 0. -errno, logged, if it could not begin or go on. */
int planner_run(const struct planner_config *config);
