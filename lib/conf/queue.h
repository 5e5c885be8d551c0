/*
 * Within lib/conf: the queue of a class (or of an interface, whose default class that is).
 *
 *     queue = "fq-codel"
 *     queue "red" { min = "20ms"  max = "60ms"  profile { dscp = ["af12", "af13"]  min = "10ms"  max = "30ms" } }
 *
 * What is read into is a struct conf_traffic_class.
 */
#pragma once

#include "conf/read.h"

extern const struct block conf_queue_block;
extern const struct block *const conf_queue_blocks[1]; /* within it */

read_value conf_read_queue;

void conf_print_queue(const struct queue_settings *queue, int depth, FILE *stream);
