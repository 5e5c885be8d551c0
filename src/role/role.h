/*
 * What the loops of roles that the engine does not run have in common: signals, the parent's word, the configuration in
 * force, and others' questions (query/service.h).
 */
#pragma once

#include "conf/conf.h"
#include "loop/watch.h"
#include "query/service.h"

struct role_config {
    const char *name;        /* for the log */
    const struct conf *conf; /* to begin with; borrowed, like what follows; NULL: the parent tells it of none */
    const uint8_t *token;    /* of those who may ask */
    int control;             /* the parent's socket (control/control.h) */
    int listener;            /* on which others ask */
    /* From query_service_config. */
    void (*answer)(void *arg, const struct query *query, union query_buffer *buffer, struct query_made *made);
    void *answer_arg;
    /* NULL, where there is none. A configuration is to be in force; the one that is stays valid until this is done. 0;
     * -errno, with nothing changed. */
    int (*configure)(void *arg, const struct conf *conf);
    /* All that has happened in a turn has been heard of: who waits may be answered. NULL: nobody does. */
    void (*turned)(void *arg);
    void *arg;
};

struct role {
    struct role_config config;
    const struct conf *conf; /* in force */
    struct conf *own_conf;   /* the same, if it is not config.conf */
    struct query_service *service;
    int epoll, signals;
    struct watch control_watch, signal_watch, listener_watch;
    bool stop; /* SIGTERM has come, or the parent is gone */
};

/* 0; -errno, logged. Close it in any case; zeros are closed. */
int role_open(struct role *role, const struct role_config *config);
void role_close(struct role *role);

/* One turn: what has happened within so many milliseconds, and whom it concerns is called. 0; -errno. */
int role_turn(struct role *role, int timeout_ms);

/* The role does what it is for. */
void role_is_ready(const struct role *role);
