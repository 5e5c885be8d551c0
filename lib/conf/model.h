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

/* A string that reads as this text. */
void conf_print_text(const char *text, FILE *stream);

/* Lists what does not fit together. 0; -ENOMEM. */
int conf_check(const struct conf *conf, struct conf_errors *errors);
