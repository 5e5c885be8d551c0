/*
 * The shaped ports: for each a lift, sockets, queues, and a thread that runs them.
 */
#pragma once

#include "conf/conf.h"
#include "port/attach.h"
#include "query/page.h"
#include "shape/shaped.h"

struct shaping;

/* A port that is to be shaped. */
struct shaping_port {
    unsigned number;
    const char *name;
    uint32_t ifindex, mtu;
    const struct conf_shape *shape; /* with a rate; looked at only while it begins */
    bool contracts;                 /* it begins with some */
    struct door_attachment *attachment;
};

/* What a killed engine left is taken away. The door is borrowed, and so is where queues are shown. 0; -errno, logged.
 */
int shaping_new(struct door *door, struct queues shown[DOOR_PORTS], struct shaping **shaping);
/* No port is shaped any more. Takes NULL, returns NULL. */
struct shaping *shaping_free(struct shaping *shaping);

/* From now on everything that leaves the port waits in its queues. 0; -errno, logged: it leaves as it did. */
int shaping_begin(struct shaping *shaping, const struct shaping_port *port);
/* It leaves directly again; what waits is lost. The port is that of before, and may not be there any more. */
void shaping_end(struct shaping *shaping, unsigned number, struct door_attachment *attachment);

/* A number that a port has each time that its queues begin anew; 0: it has none. */
uint64_t shaping_begun(const struct shaping *shaping, unsigned number);

/* What a port has for contracts; NULL: it has no queues. */
const struct capacity *shaping_capacity(const struct shaping *shaping, unsigned number);

/* Call a function on the thread of a port, if it has queues; returns when that has returned. */
void shaping_call(struct shaping *shaping, unsigned number, void (*function)(struct shaped *shaped, void *arg),
                  void *arg);
