/*
 * Each role keeps what it needs and gives up the rest, for good: no program that it might run gets it back.
 *
 * Failure ends the process: a role never goes on with more than it should have.
 */
#pragma once

#include <sys/types.h>

/* Root's files, and CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE, CAP_BPF, CAP_PERFMON, CAP_IPC_LOCK, as far as
 * they were there. */
void privileges_of_engine(void);

/* The user and group of those that need nothing: fairlead, if the system has such a user; nobody otherwise. */
void privileges_find_nobody(uid_t *uid, gid_t *gid);

/* Nothing: that user and group, no capabilities. */
void privileges_of_nobody(void);
