/*
 * Within lib/sched: traffic described in words, each a name with a value, in any order: "pcr 2Mbit cdvt 1ms".
 */
#pragma once

#include "base/text.h"

#define WORDS_UNIT_NS UINT64_C(1000) /* times that are written are whole multiples */
#define WORDS_MAX     8
#define WORDS_UNSAID  UINT64_MAX

enum word_kind {
    WORD_RATE,    /* "2Mbit": bytes a second */
    WORD_BYTES,   /* "6kB", to 4 GB */
    WORD_NS,      /* "5ms", or "0"; to 60 s */
    WORD_PACKETS, /* "20", from 1 */
};

struct word {
    const char *name;
    enum word_kind kind;
};

/* From text[at] on; a value for each word, or WORDS_UNSAID. `expected`: what may stand there, for errors. 0; -EINVAL.
 */
int words_parse(const char *text, size_t len, size_t at, const struct word *words, unsigned count, const char *expected,
                uint64_t *values, struct text_error *err);

/* As they are read, those that are said, behind what stands in the text already. */
void words_append(const struct word *words, unsigned count, const uint64_t *values, char *text, size_t size);
