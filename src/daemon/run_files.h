/*
 * What is in the run directory while the daemon runs: two locked files, the sockets on which it is asked, and a BPF
 * file system.
 *
 * The pid file's lock is the parent's alone, and says that a daemon is there. The other lock is inherited by the
 * engine: it is free only when the last engine is gone, even if its parent was killed before it.
 */
#pragma once

#include "base/local_socket.h"

#include <sys/types.h>

struct run_files {
    char pid_path[LOCAL_PATH_SIZE], lock_path[LOCAL_PATH_SIZE], engine_path[LOCAL_PATH_SIZE],
        dhcp_path[LOCAL_PATH_SIZE], measure_path[LOCAL_PATH_SIZE], planner_path[LOCAL_PATH_SIZE],
        management_path[LOCAL_PATH_SIZE];
    char pins_path[LOCAL_PATH_SIZE]; /* where the engine pins what outlives it (port/pins.h); empty: it cannot */
    int pid_fd, lock_fd;
    int engine_fd;     /* on which the engine is asked */
    int dhcp_fd;       /* on which the dhcp role is asked */
    int measure_fd;    /* on which the measurement role is asked */
    int planner_fd;    /* on which the planner is asked */
    int management_fd; /* on which the management role serves: who connects while it is restarted waits */
};

/* Make the directory if it is not there, lock, and listen; the roles' sockets are for this user alone. 0; -errno,
 * logged: -EEXIST, a daemon is running there. */
int run_files_open(struct run_files *files, const char *directory, uid_t uid, gid_t gid);

/* Take the files away, and the directory if nothing else is in it. */
void run_files_remove(const struct run_files *files, const char *directory);
