/*
 * Between the parent and the engine: a socket pair of sequenced packets, one packet a message.
 */
#pragma once

#define CONTROL_TEXT_BYTES 16384

enum control_kind {
    CONTROL_READY,   /* engine: it forwards */
    CONTROL_RELOAD,  /* engine: somebody asks for the configuration to be read anew */
    CONTROL_CONFIG,  /* parent: a configuration that has been checked; a descriptor of its text comes along */
    CONTROL_APPLIED, /* engine: that one is in force */
    CONTROL_REFUSED, /* parent: it was asked for, and is wrong; the text says why, a line for each error */
};

struct control_message {
    int kind; /* enum control_kind */
    char text[CONTROL_TEXT_BYTES];
};

/* fd: to be passed along, borrowed; -1 for none. text may be NULL. 0; -errno. */
int control_send(int socket, enum control_kind kind, const char *text, int fd);

/* *fd: what came along, for the caller to close; -1 for nothing. 1; 0: the other side is gone; -EAGAIN; -errno. */
int control_receive(int socket, struct control_message *message, int *fd);
