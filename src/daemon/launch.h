/*
 * Becoming a daemon, and telling the one who started it how that went.
 */
#pragma once

/*
 * Fork: the launcher never returns; it waits for launch_started() in the daemon, passing on what the daemon says on
 * standard error until then (to its own, and into the log that is to be: log_path as for log_into()), and exits with
 * the daemon's status. In the daemon this returns 0, in a session of its
 * own, without a terminal, its working directory /, its umask 0 (files get their modes explicitly), terminal stop
 * signals ignored, descriptors beyond standard error closed, standard error a pipe to the launcher. -errno: no process.
 */
int launch(const char *log_path);

/* In the daemon: it has started, or not (status is not 0). Call log_into() next, in every process: the pipe is gone. */
void launch_started(int status);
