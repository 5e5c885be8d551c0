/*
 * To which of many conditions (net/match.h) a packet belongs, in a time that depends on how many kinds of conditions
 * there are, and not on how many of each kind: tuple space search (Srinivasan, Suri, Varghese 1999). Conditions that
 * look at the same bits are of one kind, and one lookup in a hash table answers for all of them; a range of ports is up
 * to 30 conditions of up to 16 kinds.
 *
 * Conditions must not overlap, so there is never more than one answer. A classifier does not change: for other
 * conditions there is another.
 */
#pragma once

#include "net/match.h"

#define CLASSIFIER_NONE UINT32_MAX

struct classifier_rule {
    const struct match *match; /* looked at only in classifier_new() */
    uint8_t in;                /* where it says an interface: that one's number, from 1 */
    uint32_t number;           /* the answer; below CLASSIFIER_NONE */
};

struct classifier;

/* NULL if there is no memory. */
struct classifier *classifier_new(const struct classifier_rule *rules, size_t count);
/* Takes NULL, returns NULL. */
struct classifier *classifier_free(struct classifier *classifier);

/* The rule that holds for a packet that came in at `in` (0: at none); CLASSIFIER_NONE: none does. */
uint32_t classifier_find(const struct classifier *classifier, const struct flow *flow, uint8_t in);
