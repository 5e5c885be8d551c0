/*
 * Within lib/conf: which packets, by their DSCPs.
 */
#pragma once

#include "conf/read.h"

/* False: it is none, which is listed. */
bool conf_read_dscp(struct build *build, const struct conf_node *node, const struct conf_value *value, uint8_t *dscp);

/* A line each; bit i: DSCP i is among them. */
void conf_print_dscps(FILE *stream, int depth, uint64_t dscps);
