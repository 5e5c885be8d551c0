/*
 * Reflectors at ports: frames come in by sockets that the engine opens, through net/udp_mux.h to twamp/reflector.h, and
 * the answer leaves by the same port, to whom the frame came from.
 */
#pragma once

#include "conf/conf.h"
#include "loop/watch.h"
#include "net/udp_mux.h"
#include "query/measured.h"
#include "query/service.h"
#include "role/packet_batch.h"

#define REFLECT_PORTS UDP_MUX_PORTS

struct reflect_port {
    char name[QUERY_NAME_SIZE]; /* empty: this number is free */
    struct watch watch;         /* of its packet socket; fd -1: none */
    int sink;                   /* that keeps the kernel from answering; -1: none */
    uint32_t ifindex;           /* 0: the interface is not there */
    uint32_t tried_for;         /* the ifindex that sockets were asked for */
    int error;                  /* why there are none; 0 */
    uint16_t udp_port;
    struct ipv4_prefix *from; /* its own copy of the configuration's */
    struct twamp_reflector_config config;
    struct twamp_reflector reflector;
    uint64_t missed, unsent;
    bool rests; /* it is not looked at for a moment, so that a flood costs little */
};

struct reflect {
    struct udp_mux *mux;
    int epoll;
    struct reflect_port ports[REFLECT_PORTS]; /* by number, from 1; a name keeps its number */
    struct query_address *addresses;          /* as the engine last told */
    size_t address_count;
    struct {
        uint32_t addr;
        uint16_t udp_port;
    } * registered; /* with the mux */
    size_t registered_count;
    struct packet_batch *batch; /* that frames are received into */
    int64_t arrived_ns;         /* since 1970: of the frame that the mux has */
    int64_t rest_until_ns;
    bool resting; /* some port does */
};

/* 0; -ENOMEM. Close it in any case. */
int reflect_open(struct reflect *reflect, int epoll);
void reflect_close(struct reflect *reflect);

/* There are reflectors where this says so; those that are there already go on. 0; -ENOMEM. */
int reflect_configure(struct reflect *reflect, const struct conf *conf);

/* What the engine tells of ports and addresses; copied. 0; -ENOMEM. */
int reflect_take_addresses(struct reflect *reflect, const struct query_address *addresses, size_t count);

/* A port that still needs sockets. False: none does. */
bool reflect_next_without_sockets(const struct reflect *reflect, unsigned *number, uint32_t *ifindex);
/* Those of QUERY_REFLECTOR_SOCKETS, which are taken over, for `udp_port`; or the reason why there are none: then it is
 * tried again when there is news. */
void reflect_take_sockets(struct reflect *reflect, unsigned number, int error, unsigned udp_port, const int *fds,
                          unsigned count);

/* The end of a turn of the loop. How many milliseconds it may wait, `most` at most. */
int reflect_turn(struct reflect *reflect, int64_t now_ns, int most);

/* As QUERY_REFLECTORS says. */
size_t reflect_list(struct reflect *reflect, const struct query_range *range, union query_buffer *buffer);
