/*
 * Within lib/conf: what is served to DHCP clients: reading it, checking it, printing it.
 */
#pragma once

#include "conf/read.h"

/* dhcp { ... } for itself: in general, and in an interface. */
extern const struct block conf_dhcp_general_block, conf_dhcp_interface_block;

/* What holds if nothing else is said, before anything is read; and what follows afterwards from what was said. */
void conf_dhcp_begin(struct conf *conf);
void conf_dhcp_end(struct conf *conf);

/* Lists what does not fit together. 0; -ENOMEM. */
int conf_check_dhcp(const struct conf *conf, struct conf_errors *errors);

void conf_print_dhcp(const struct conf_dhcp *dhcp, FILE *stream); /* of an interface */
void conf_print_dhcp_general(const struct conf_dhcp_general *general, FILE *stream);

/* --- parts ------------------------------------------------------------------------------------------------------- */

/* Settings of every block that has a struct conf_scope in front, options among them. */
extern const struct block conf_scope_block;

/* What stands in a block around this one. 0; -ENOMEM. */
void conf_scope_inherit(struct build *build, struct conf_scope *scope, const struct conf_scope *around);

/* class "NAME" { ... }, reservation "NAME" { ... }; the latter in a struct conf_dhcp. */
extern const struct block conf_class_block, conf_reservation_block;
