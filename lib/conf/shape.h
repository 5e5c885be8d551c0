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

/* As it is before anything is said. */
void conf_begin_shape(struct conf_shape *shape);
void conf_check_shape(const struct conf_interface *interface, struct conf_errors *errors);
void conf_print_shape(const struct conf_shape *shape, FILE *stream);
