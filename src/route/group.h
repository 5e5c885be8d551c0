/*
 * Groups of next hops, of which each flow follows one: equal-cost and weighted multipath (RFC 2992).
 *
 * A group is a row of buckets in the door's memory, each with the number of a next hop; a flow's hash says which bucket
 * is its own. Who has a bucket is decided by rendezvous hashing (Thaler and Ravishankar, 1998; highest random weight):
 * every member has a score for every bucket, that follows from nothing but the member, its weight and the bucket's
 * number, and the best score wins. So a member that is lost leaves only its own buckets to others, and one that comes
 * back gets them back, without anybody remembering anything: not even a restart of the engine moves a flow.
 */
#pragma once

#include "bpf/door.h"

#include <stdbool.h>
#include <stdint.h>

#define GROUP_MEMBERS_MAX 128u

struct group_member {
    uint16_t number; /* of its next hop */
    uint32_t weight; /* from 1 on */
    uint64_t key;    /* what it is known by, whatever its number */
};

/* Fill the buckets, as far as they are not so already: each has the best of those that are usable; where none is, the
 * best of all. `count` is from 1 to GROUP_MEMBERS_MAX. */
void group_fill(uint16_t buckets[static DOOR_BUCKETS], const struct group_member *members, const bool *usable,
                unsigned count);
