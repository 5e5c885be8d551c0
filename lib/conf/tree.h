/*
 * The syntax of a configuration, without its meaning:
 *
 *     # a comment, to the end of the line
 *     key = "value"                       a setting; a value is a string, or a bare word ([A-Za-z0-9._:/+-]+)
 *     key = ["value", "value"]            a list, over several lines if need be
 *     key "label" { ... }                 a block, with or without a label (string or word); settings and blocks in it
 *
 * In strings \" is a quotation mark and \\ a backslash; they end in the line that they begin in.
 */
#pragma once

#include "base/arena.h"
#include "conf/errors.h"

#include <stdbool.h>

#define CONF_DEPTH_MAX 8        /* blocks within blocks */
#define CONF_TEXT_MAX  16777216 /* bytes */

struct conf_value {
    const char *text;
    unsigned line;
};

struct conf_node {
    const char *key;
    const char *label; /* of a block; NULL for none */
    unsigned line;
    bool is_block, is_list;
    struct conf_value *values; /* of a setting: one, or those of its list */
    size_t value_count;
    struct conf_node *children; /* of a block */
    size_t child_count;
};

/* The root is a block without key and label. Everything in it is in the arena. 0; -EINVAL with errors listed, and in
 * the tree what could be read nevertheless; -ENOMEM. */
int conf_tree_parse(const char *text, size_t len, struct arena *arena, struct conf_node *root,
                    struct conf_errors *errors);
