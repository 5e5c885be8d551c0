/*
 * Within lib/conf: from the tree to the model, and the checks of the model as a whole.
 */
#pragma once

#include "conf/conf.h"
#include "conf/tree.h"

/* What a struct conf points into. */
struct conf_memory {
    struct arena arena;
};

/* Fills in *conf, with what could be read, and lists what is wrong. 0; -ENOMEM. */
int conf_model_build(const struct conf_node *root, struct conf_memory *memory, struct conf *conf,
                     struct conf_errors *errors);

/* The same of a text that has nothing but contracts, which are added by hand: they are added to those in *conf. */
int conf_model_add_contracts(const struct conf_node *root, struct conf_memory *memory, struct conf *conf,
                             struct conf_errors *errors);

/* A text that is no configuration: one thing, which a block describes whose values need no other (conf/read.h). 0;
 * -ENOMEM. */
struct block;
int conf_model_read(const struct block *block, const struct conf_node *root, struct conf_memory *memory, void *thing,
                    struct conf_errors *errors);

/* KEY = VALUE, a line, so deep in blocks; an address only if it is not 0. */
void conf_print_named(FILE *stream, int depth, const char *key, const char *text);
void conf_print_duration(FILE *stream, int depth, const char *key, uint32_t seconds);
void conf_print_flag(FILE *stream, int depth, const char *key, bool set);
void conf_print_address(FILE *stream, int depth, const char *key, uint32_t addr);
void conf_print_prefixes(FILE *stream, int depth, const char *key, const struct ipv4_prefix *prefixes, size_t count);

/* Whether two things are printed alike. False: perhaps not (there is no memory to compare them). */
bool conf_prints_equal(void (*print)(const void *thing, FILE *stream), const void *a, const void *b);

/* Lists what does not fit together. 0; -ENOMEM. */
int conf_check(const struct conf *conf, struct conf_errors *errors);
