/*
 * Within lib/conf: identifiers that are bytes, as people write them: "01:02:0a", "0x01020a", or text.
 */
#pragma once

#include "conf/read.h"

/* A value of 1 to 255 bytes; what is wrong with it is listed. */
void conf_read_bytes(struct build *build, const struct conf_node *node, const struct conf_value *value,
                     struct dhcp_pattern *bytes);

/* A copy in the configuration's memory. False: no memory, which is noted. */
bool conf_keep_bytes(struct build *build, const uint8_t *bytes, size_t len, bool prefix, struct dhcp_pattern *kept);

/* KEY = "...", a line, so deep in blocks: as text if it reads as the same bytes. */
void conf_print_bytes(FILE *stream, int depth, const char *key, const struct dhcp_pattern *bytes);

/* The same as hexadecimal digits, with something in front of all and between each two. */
void conf_print_hex(FILE *stream, int depth, const char *key, const struct dhcp_pattern *bytes, const char *before,
                    const char *between);
