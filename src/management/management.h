/*
 * The management role: a server on a Unix socket, one process a session (docs/protocol.md).
 *
 * The listener accepts, forks, and closes the connection; the child closes the listening socket and serves. Children
 * are reaped, counted and bounded: near the bound new connections are refused with rising probability, at it always.
 * The listener is single-threaded and small. Live figures come from the engine's shared memory, the rest is asked of
 * the engine with a time limit.
 */
#pragma once

#include "conf/conf.h"

#include <stdint.h>
#include <sys/types.h>

struct management_config {
    int listener;             /* the stream socket to serve on, borrowed; it outlives the role */
    const char *engine_path;  /* of the engine's (query/query.h) */
    const char *dhcp_path;    /* of the dhcp role's; NULL: DHCP is not served */
    const char *measure_path; /* of the measurement role's; NULL: nothing is measured */
    const char *planner_path; /* of the planner's */
    const uint8_t *token;     /* for all of them */
    const char *version;      /* of the program */
    const char *hostname;
    unsigned sessions; /* at most, at once */
    gid_t group;       /* its members may change things, beside root and `owner`; -1 for none */
    uid_t owner;
    pid_t parent;                  /* the daemon's process */
    void (*drop_privileges)(void); /* called at the beginning */
};

/* Serve until SIGTERM, which ends all sessions, or SIGHUP, after which it ends with the last of them: 0. -errno,
 * logged, if it could not begin. */
int management_run(const struct management_config *config);
