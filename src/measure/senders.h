/*
 * Probes: each sends test packets to a reflector by the system's UDP, which knows the way and the neighbour, and keeps
 * what comes back.
 */
#pragma once

#include "conf/conf.h"
#include "loop/watch.h"
#include "query/measured.h"
#include "query/service.h"

struct sender;

struct senders {
    int epoll;
    struct sender **all; /* in the order of the configuration */
    size_t count;
    struct sender *ended; /* whose struct watch may still be among events */
};

void senders_open(struct senders *senders, int epoll);
void senders_close(struct senders *senders);

/* These are the probes now; those that stay the same keep what they know. 0; -errno, with nothing changed. */
int senders_configure(struct senders *senders, const struct conf *conf);

/* Send what is due. How many milliseconds until more is, `most` at most. */
int senders_turn(struct senders *senders, int64_t now_ns, int most);

/* As QUERY_PROBES says. */
size_t senders_list(const struct senders *senders, const struct query_range *range, union query_buffer *buffer);
