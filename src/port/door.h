/*
 * The front door's BPF programs: loaded into the kernel, attached to ports, and their memory mapped.
 *
 * All functions return 0 or -errno and log what went wrong.
 */
#pragma once

#include "bpf/trace.h"

#include <stdbool.h>

struct door;

/*
 * Load the programs and map their memory, in which everything is still the kernel's.
 *
 * What outlives its engine is pinned in `pins` (port/pins.h; "" for nowhere), which is borrowed. An engine after one
 * that was killed so finds doors that go on with the old memory. Each of its ports takes the old one's place at once
 * (door_attach()), and it goes on counting where that left off. What the old doors lift passes by from now on.
 */
int door_new(const char *pins, struct door **door);
/* Detach from nothing: ports are detached before, or left to the next engine. Takes NULL, returns NULL. */
struct door *door_free(struct door *door);

/* The memory of the doors that were left, if counters and bindings are theirs still: a port that is there keeps its
 * number. NULL: there are none. Until door_establish(). */
const struct door_memory *door_left(const struct door *door);

/* All ports are attached: it is this door's memory that the next engine is to find. Logs what it cannot pin. */
void door_establish(struct door *door);

/*
 * Alarms: rules for forwarded packets are about to change, or have just changed. From then on the doors leave
 * everything to the kernel, until it is acknowledged. Whoever does that asks first how many there have been, looks at
 * the rules then, sees to it that ports stand aside, and acknowledges as many: what came meanwhile stays an alarm.
 *
 * Where the kernel allows for it, its own functions raise the alarm (bpf/alarm.bpf.c). Whoever hears of changes
 * otherwise does it with door_raise_alarm(), from any thread. It reaches doors that were left, too.
 */
uint32_t door_alarms(struct door *door);
bool door_is_in_alarm(const struct door *door);
void door_raise_alarm(struct door *door);
void door_acknowledge(struct door *door, uint32_t alarms);
/* Raise it at the doors that are pinned, by whomever, if there are any. */
void door_raise_alarm_left(const char *pins);

/* As given to door_new(). */
const char *door_pins(const struct door *door);

/* Valid until door_free(). */
struct door_memory *door_memory(struct door *door);

/* TCP segments that came in at a port with DOOR_SAMPLE. */
const struct door_samples *door_samples(const struct door *door, unsigned port);

/* The trace of a number below DOOR_TRACES, of what passes at ports with DOOR_TRACE. Valid until door_free(). */
struct door_trace *door_trace(const struct door *door, unsigned number);

/* The counters, of so many CPUs (door_counters_index()): a descriptor for others that can only read them (where
 * CAP_SYS_ADMIN is missing: that should), which the caller closes; -errno. */
unsigned door_cpus(const struct door *door);
int door_counters_fd(const struct door *door);
void door_counters_clear(struct door *door, unsigned port);

/* Somebody who may speak at ports with source guard, from now on; no longer. -E2BIG: there are DOOR_BINDINGS already.
 * Not logged. */
int door_bind(struct door *door, const struct door_binding *binding);
void door_unbind(struct door *door, const struct door_binding *binding);
/* No longer any but those that stay. 0; -ENOMEM. */
int door_unbind_others(struct door *door, bool (*stays)(const void *arg, const struct door_binding *binding),
                       const void *arg);

/*
 * Whether the interface takes frames that an XDP door redirects to it: tried with one frame to its own address `mac`,
 * of an EtherType kept for experiments, which nobody answers. 0; -EOPNOTSUPP if not, or if it cannot be known.
 */
int door_probe(struct door *door, unsigned ifindex, const uint8_t mac[ETH_ADDR_SIZE]);

/* Wait until every packet that was under way in any door when this was called has left it. The argument is for nothing:
 * it makes this what those who hand out numbers anew call to wait for their readers. */
void door_wait_for_packets(void *nothing);
