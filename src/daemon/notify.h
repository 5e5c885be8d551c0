/*
 * The service manager's notify protocol (sd_notify(3)): a datagram to the socket that NOTIFY_SOCKET names, if it does.
 */
#pragma once

/* "READY=1", "STOPPING=1", ... */
void notify(const char *text);

/* "RELOADING=1" with the time that goes with it. */
void notify_reloading(void);
