/*
 * The configuration's file, together with what it refers to: the address plan, and the contracts that were added by
 * hand.
 */
#pragma once

#include "conf/conf.h"

struct configuration_source {
    const char *program; /* begins a line about the file as a whole; NULL */
    const char *path;
    const char *state_directory;
    bool by_hand; /* it must go together with the contracts that were added by hand */
    bool at_all;  /* the daemon starts: what the plan does not say any more is as it was the last time */
};

struct configuration {
    struct conf *conf;
    char *text; /* the file, and behind it what the plan says of names in it (conf/planned.h) */
    size_t len, file_len;
};

/* Read and check. 0; -errno with nothing in *configuration. What is wrong stands in the report, a line for each error;
 * there also stands what else is to be known. */
int configuration_read(const struct configuration_source *source, struct configuration *configuration, FILE *report);

/* It is in force: keep what the plan said for the next start. 0; -errno. */
int configuration_keep(const char *state_directory, const struct configuration *configuration);

void configuration_forget_text(struct configuration *configuration);
