/*
 * The syntax of ISC's dhcpd.conf and dhcpd.leases: words, strings, and blocks in braces.
 */
#pragma once

#include "base/source.h"

#include <stdbool.h>
#include <stddef.h>

#define ISC_TOKEN_MAX 2048 /* characters */

struct isc_token {
    char text[ISC_TOKEN_MAX + 1]; /* of a string: what it means, which may have zero bytes in it */
    size_t len;
    bool is_string;
};

/* The next word, string, '{', '}' or ';'. 1; 0: the file ends; -EINVAL. */
int isc_next(struct source *source, struct isc_token *token);

/* Whether it is this word. */
bool isc_is(const struct isc_token *token, const char *word);

/* Skip the rest of a statement, whose token has been read: up to its ';', or the end of its block. `depth`: of blocks
 * that are open. 0; -EINVAL. */
int isc_skip(struct source *source, struct isc_token *token, unsigned depth);
