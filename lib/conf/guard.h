/*
 * Within lib/conf: who may speak at an interface: source-guard, and host "ADDRESS" { ... }.
 */
#pragma once

#include "conf/read.h"

extern const struct block conf_host_block;

/* source-guard = true|false, of an interface. */
void conf_read_guard(struct build *build, void *interface, const struct conf_node *node,
                     const struct conf_value *value);

/* Lists what does not fit together. 0; -ENOMEM. */
int conf_check_guards(const struct conf *conf, struct conf_errors *errors);

void conf_print_guard(const struct conf_interface *interface, FILE *stream);
