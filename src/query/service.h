/*
 * The answering side of query/query.h: connections, of which each has one question at a time; one question of each is
 * answered before the next of any. A connection that does not take its answer is closed.
 */
#pragma once

#include "base/local_socket.h"
#include "query/query.h"

#include <stddef.h>

#define QUERY_CONNECTIONS_MAX 4600 /* more than there may be sessions */

struct query_service;
struct query_asker;

/* What becomes of a question: the answer is in the buffer, or it comes later, by query_service_answer_waiting()
 * or query_service_answer_to(). */
struct query_made {
    size_t record_bytes;
    bool later;
    int fds[LOCAL_FDS_MAX]; /* that go along, borrowed */
    unsigned fd_count;
    bool close_fds; /* they were made for this answer */
};

struct query_service_config {
    const uint8_t *token; /* QUERY_TOKEN_BYTES, borrowed while the service lives */
    int epoll;            /* connections are watched there, with their struct watch as data.ptr */
    /* Answer a question of somebody trusted: *buffer is an empty answer before. */
    void (*answer)(void *arg, const struct query *query, union query_buffer *buffer, struct query_made *made);
    void *arg;
};

struct query_service *query_service_new(const struct query_service_config *config); /* NULL: no memory */
struct query_service *query_service_free(struct query_service *service);            /* takes NULL, returns NULL */

/* Somebody connects: call when `listener` is readable. */
void query_service_accept(struct query_service *service, int listener);

/* The buffer for query_service_answer_waiting(), an empty answer. */
union query_buffer *query_service_buffer(struct query_service *service);

/* What is in the buffer, to all who wait for an answer to a question of this kind. */
void query_service_answer_waiting(struct query_service *service, enum query_kind kind, size_t record_bytes);

/* Whose question it is that is being answered; valid until it is answered, and until the next query_service_sweep(). */
struct query_asker *query_service_asker(const struct query_service *service);

/* What is in the buffer, to one who waits; whoever has gone gets nothing. */
void query_service_answer_to(struct query_service *service, struct query_asker *asker, size_t record_bytes);

/* Whether anybody waits for an answer of this kind. */
bool query_service_waits(const struct query_service *service, enum query_kind kind);

/* Call when no struct watch of an ended connection can be among events any more. */
void query_service_sweep(struct query_service *service);

/* How many questions were answered, and how many connections were refused or closed by us. */
uint64_t query_service_given(const struct query_service *service);
uint64_t query_service_refused(const struct query_service *service);

/* Where a list of what a map holds goes on; NULL: nowhere. */
void *query_list_first(const struct ipv4_map *map, const struct query_range *range, struct ipv4_prefix *at);
