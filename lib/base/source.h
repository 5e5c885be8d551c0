/*
 * The text of a file, as far as it has been read.
 */
#pragma once

#include <errno.h>

struct source {
    const char *at, *end;
    unsigned line;        /* of `at`, from 1 on */
    const char *expected; /* after -EINVAL: what was, in that line; static storage */
};

/* Always returns -EINVAL, so that a reader can say `return source_wrong(...)`. */
static inline int source_wrong(struct source *source, const char *expected)
{
    source->expected = expected;
    return -EINVAL;
}
