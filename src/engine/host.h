/*
 * What Fairlead changes in the system for its ports, and puts back: interfaces are switched on, forwarding is switched
 * on at them, the addresses of the configuration are given to them, and cards leave VLAN tags in their frames.
 *
 * What was otherwise before is written down in a file before it is changed, so that it is put back even by a daemon
 * that was started after this one was killed. Our addresses and routes are known by their protocol number.
 */
#pragma once

#include "conf/conf.h"
#include "netlink/netlink.h"
#include "route/link.h"

struct host;

/* The file is `before` in the directory. 0; -errno, logged. */
int host_open(const char *directory, struct host **host);
struct host *host_close(struct host *host); /* takes NULL, returns NULL; puts nothing back */

/* An interface is to be as the configuration says. What fails is logged, and the rest done. */
void host_take(struct host *host, const struct link *link, const struct conf_interface *interface);

/* An interface is to leave the tags of VLANs in the frames that it receives. -EPERM: it cannot be changed; -EIO: it
 * could not be written down, which is logged. And it is to do with them as it did before. */
int host_show_tags(struct host *host, const struct link *link);
void host_put_tags_back(struct host *host, const struct link *link);

/* Put back what was changed at an interface, and take our addresses away. The link may be NULL: it is not there. */
void host_give_back(struct host *host, const char *name, const struct link *link);

/* The same for every interface that anything was ever changed at. */
void host_give_back_all(struct host *host, const struct links *links);

/* The same for those that the configuration does not name. */
void host_give_back_others(struct host *host, const struct links *links, const struct conf *conf);
