/*
 * Text that people write: where it is wrong and what was expected there, and the strict number that all parsers share.
 *
 * Every parser of Fairlead takes (text, length), so that the text need not end in a zero byte, and reports through a
 * struct text_error. The caller knows which file and line the text came from; the parser knows only the place in it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text_error {
    size_t at;            /* offset in bytes of the first character that is wrong; the length if text is missing */
    const char *expected; /* what would have been right there, as a noun phrase; static storage */
};

/*
 * Read an unsigned decimal number, without sign, without leading zeros (they mean octal to some readers), from
 * text[*at] on and leave *at behind it. Reads digits only as long as the number may still be in range.
 *
 * 0; -EINVAL if there is no number between 0 and max at *at, with err->at and err->expected (the caller's `expected`)
 * filled in. On failure *at and *value are untouched. err may be NULL.
 */
int text_decimal(const char *text, size_t len, size_t *at, uint32_t max, const char *expected, uint32_t *value,
                 struct text_error *err);

/* The same of a whole text. False: it is no number between 0 and max, and *value is untouched. */
bool text_number(const char *text, uint32_t max, uint32_t *value);

/*
 * Read a duration: numbers with a unit each, w, d, h, m or s, the larger ones first ("1h", "1h30m"), as long as the
 * text. At most max seconds; "infinite" is UINT32_MAX, if max is. As text_decimal() otherwise.
 */
int text_duration(const char *text, size_t len, uint32_t max, uint32_t *seconds, struct text_error *err);

#define TEXT_DURATION_SIZE 32

/* As text_duration() reads it, with a zero byte. */
void text_format_duration(uint32_t seconds, char out[static TEXT_DURATION_SIZE]);

/* The next word from text[*at] on, between spaces: *at is where it begins (the text's length: there is none any more),
 * and the result how long it is. */
size_t text_word(const char *text, size_t len, size_t *at);

/* Whether these bytes are that word. */
bool text_is(const char *text, size_t len, const char *word);

/* Fill in err unless it is NULL; always returns -EINVAL, so that a parser can say `return text_wrong(...)`. */
int text_wrong(struct text_error *err, size_t at, const char *expected);
