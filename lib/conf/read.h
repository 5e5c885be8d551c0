/*
 * Within lib/conf: how blocks are read. A block is a table of settings, each with the function that reads its value,
 * and of blocks within it.
 */
#pragma once

#include "conf/model.h"

struct build {
    struct conf *conf;
    struct conf_memory *memory;
    struct conf_errors *errors;
    bool no_memory;
};

/* Reads one value into the thing that its block describes. */
typedef void read_value(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value);

struct setting {
    const char *key;
    read_value *read;
    bool list; /* several values, and several times */
};

struct block {
    const char *key;
    const char *label; /* what stands there, for errors; NULL: it has none */
    bool once;
    /* The thing that the block describes, within that of the block around it; NULL: its label is wrong (listed), or
     * there is no memory (noted). */
    void *(*begin)(struct build *build, void *within, const struct conf_node *node);
    const struct setting *settings;
    size_t setting_count;
    const struct block *extends;       /* whose settings may stand in it too; NULL for none */
    const struct block *const *blocks; /* within it, read after its settings, kind by kind; NULL for none */
    size_t block_count;
    /* A setting that is in neither table; NULL, or false: there is none of that name. */
    bool (*other)(struct build *build, void *thing, const struct conf_node *in, const struct conf_node *node);
};

/* Lists that a value is wrong, and where. */
void conf_wrong_text(struct build *build, const struct conf_node *node, const struct conf_value *value,
                     const struct text_error *err);

/* Whether a setting stands there as it must: with a value, once unless it is a list. What is wrong is listed. */
bool conf_setting_stands(struct build *build, const struct conf_node *in, const struct conf_node *node, bool list);

/* true or false. */
void conf_read_flag(struct build *build, const struct conf_node *node, const struct conf_value *value, bool *flag);

/* Which of `count` words; false: none of them, and all are listed. */
bool conf_read_choice(struct build *build, const struct conf_node *node, const struct conf_value *value,
                      const char *(*name)(unsigned), unsigned count, unsigned *choice);

/* Numbers, from min to max; false: it is none, which is listed. */
bool conf_read_number(struct build *build, const struct conf_node *node, const struct conf_value *value, uint32_t min,
                      uint32_t max, const char *expected, uint32_t *number);

/* Addresses and prefixes; false: it is none, which is listed. A host's; an address is a prefix of 32 bits too. */
bool conf_read_address(struct build *build, const struct conf_node *node, const struct conf_value *value,
                       uint32_t *addr);
bool conf_read_host(struct build *build, const struct conf_node *node, const struct conf_value *value, uint32_t *addr);
bool conf_read_prefix(struct build *build, const struct conf_node *node, const struct conf_value *value,
                      struct ipv4_prefix *prefix);

/* Whether it is 1 to size - 1 letters, digits and `others`. */
bool conf_is_name(const char *text, size_t size, const char *others);

/* Seconds, at least `min`; UINT32_MAX is for ever. */
void conf_read_duration(struct build *build, const struct conf_node *node, const struct conf_value *value, uint32_t min,
                        uint32_t *seconds);

/* A copy of a text in the configuration's memory. NULL: no memory, which is noted. */
const char *conf_keep(struct build *build, const char *text);

/* One more element, as arena_append(); that there is no memory is noted. */
void *conf_append(struct build *build, void *array, size_t *count, size_t bytes);
