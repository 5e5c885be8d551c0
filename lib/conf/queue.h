/*
 * Within lib/conf: rate, link and queue of an interface.
 *
 *     rate = "20Mbit"  link = "docsis"  queue = "fq-codel"
 *     queue "red" { min = "20ms"  max = "60ms" }
 */
#pragma once

#include "conf/read.h"

extern const struct block conf_queue_block;

read_value conf_read_rate, conf_read_link, conf_read_queue;

void conf_check_shape(const struct conf_interface *interface, struct conf_errors *errors);
void conf_print_shape(const struct conf_shape *shape, FILE *stream);
