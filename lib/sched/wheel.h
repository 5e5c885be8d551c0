/*
 * A timing wheel: members, known by number, that are wanted again at a time each. All is O(1).
 *
 * It never gives a member back early, and at most one slot late; except that a time further away than the wheel reaches
 * comes up early, so whoever takes a member out looks at the time that it knows.
 */
#pragma once

#include <stdint.h>

#define WHEEL_NONE     UINT32_MAX
#define WHEEL_SLOTS    4096u
#define WHEEL_SLOT_LOG 14 /* a slot is 2^14 ns: 16 us; the wheel reaches 67 ms */
#define WHEEL_SLOT_NS  (INT64_C(1) << WHEEL_SLOT_LOG)

struct wheel {
    int64_t hand;    /* the slot that is now, counted from time 0 */
    uint32_t count;  /* members on it */
    uint32_t *links; /* by member: the next in its slot */
    uint32_t slots[WHEEL_SLOTS];
    uint64_t used[WHEEL_SLOTS / 64]; /* a bit a slot */
};

/* For members 0 to `members` - 1, at least one. now_ns: not below 0. 0; -ENOMEM. */
int wheel_open(struct wheel *wheel, uint32_t members, int64_t now_ns);
void wheel_close(struct wheel *wheel);

/* The member is not on the wheel. */
void wheel_put(struct wheel *wheel, uint32_t member, int64_t at_ns);

/* One whose time has come, in the order of slots; WHEEL_NONE: there is none. now_ns never goes back. */
uint32_t wheel_take(struct wheel *wheel, int64_t now_ns);

/* When wheel_take may have one; INT64_MAX: none is on it. */
int64_t wheel_next_ns(const struct wheel *wheel);
