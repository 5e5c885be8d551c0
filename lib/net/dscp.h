/*
 * Differentiated services code points: what a packet says of how it is to be treated, and how people call that.
 */
#pragma once

#include "base/text.h"

#define DSCP_COUNT 64u

/* X(number, name, RFC) */
#define DSCP_NAMES(X)         \
    X(0, "cs0", "RFC 2474")   \
    X(1, "le", "RFC 8622")    \
    X(8, "cs1", "RFC 2474")   \
    X(10, "af11", "RFC 2597") \
    X(12, "af12", "RFC 2597") \
    X(14, "af13", "RFC 2597") \
    X(16, "cs2", "RFC 2474")  \
    X(18, "af21", "RFC 2597") \
    X(20, "af22", "RFC 2597") \
    X(22, "af23", "RFC 2597") \
    X(24, "cs3", "RFC 2474")  \
    X(26, "af31", "RFC 2597") \
    X(28, "af32", "RFC 2597") \
    X(30, "af33", "RFC 2597") \
    X(32, "cs4", "RFC 2474")  \
    X(34, "af41", "RFC 2597") \
    X(36, "af42", "RFC 2597") \
    X(38, "af43", "RFC 2597") \
    X(40, "cs5", "RFC 2474")  \
    X(44, "va", "RFC 5865")   \
    X(46, "ef", "RFC 3246")   \
    X(48, "cs6", "RFC 2474")  \
    X(56, "cs7", "RFC 2474")

/* Read "ef", "af41", or a number from 0 to 63. 0; -EINVAL, and what is wrong. */
int dscp_parse(const char *text, size_t len, uint8_t *dscp, struct text_error *err);

#define DSCP_TEXT_SIZE 8
/* Its name, or its number if it has none. */
void dscp_format(uint8_t dscp, char out[static DSCP_TEXT_SIZE]);
