/*
 * Within lib/conf: rate, link, queue and classes of an interface.
 *
 *     rate = "20Mbit"  link = "docsis"  queue = "fq-codel"
 *     class "voice" { dscp = ["ef", "cs5"]  priority = 0  rate = "2Mbit"  queue = "drop-tail" }
 */
#pragma once

#include "conf/read.h"

extern const struct block conf_shape_queue_block, conf_traffic_class_block;

read_value conf_read_rate, conf_read_link, conf_read_shape_queue;

/* A rate, in bytes a second; false: it is none, which is listed. It is printed only if it is not 0. */
bool conf_read_bits(struct build *build, const struct conf_node *node, const struct conf_value *value, uint64_t *rate);
void conf_print_bits(FILE *stream, int depth, const char *key, uint64_t rate);

void conf_read_link_kind(struct build *build, const struct conf_node *node, const struct conf_value *value,
                         unsigned *link);

/* As it is before anything is said. */
void conf_begin_shape(struct conf_shape *shape);
void conf_check_shape(const struct conf_interface *interface, struct conf_errors *errors);
void conf_print_shape(const struct conf_shape *shape, FILE *stream);
