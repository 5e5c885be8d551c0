/*
 * The sessions that there are, in memory shared by the listener and all of its children: the listener writes who is
 * there, a child how much it has done.
 */
#pragma once

#include <stdint.h>

struct table_session {
    uint32_t pid;      /* of the child; 0: this place is free */
    uint32_t peer_pid; /* as SO_PEERCRED says */
    uint32_t uid, gid;
    uint64_t since_s;    /* seconds since 1970 */
    uint64_t requests;   /* written by the child */
    uint32_t may_change; /* 1: it may */
    uint32_t unused;
};

struct table {
    uint32_t max;             /* places */
    uint32_t count;           /* sessions now */
    uint64_t accepted, ended; /* since the listener began */
    uint64_t refused;         /* because there were too many */
    uint64_t failed;          /* could not be begun: no process, no memory */
    struct table_session all[];
};

/* NULL if there is no memory. */
struct table *table_new(unsigned max);
struct table *table_free(struct table *table); /* takes NULL, returns NULL */

/* A free place; NULL if there is none. */
struct table_session *table_find_free(struct table *table);
struct table_session *table_find(struct table *table, uint32_t pid);
