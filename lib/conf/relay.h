/*
 * Within lib/conf: relay { ... } of an interface: reading it, checking it, printing it.
 */
#pragma once

#include "conf/read.h"

extern const struct block conf_relay_block;

/* Lists what does not fit together. */
void conf_check_relays(const struct conf *conf, struct conf_errors *errors);

void conf_print_relay(const struct conf_relay *relay, FILE *stream);
