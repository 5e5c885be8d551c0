#include "base/isc_text.h"

#include <stdint.h>
#include <string.h>

static void skip_space(struct source *source)
{
    bool comment = false;

    for (; source->at < source->end; source->at++) {
        char c = *source->at;
        if (c == '\n') {
            source->line++;
            comment = false;
        } else if (c == '#') {
            comment = true;
        } else if (!comment && c != ' ' && c != '\t' && c != '\r') {
            return;
        }
    }
}

/* One character of a string: itself, \", \\, or \ooo. */
static bool read_escaped(struct source *source, char *c)
{
    *c = *source->at++;
    if (*c != '\\')
        return true;
    if (source->at == source->end)
        return false;
    *c = *source->at++;
    if (*c < '0' || *c > '7')
        return true;
    unsigned value = (unsigned)(*c - '0');
    for (int i = 0; i < 2 && source->at < source->end && *source->at >= '0' && *source->at <= '7'; i++)
        value = value * 8 + (unsigned)(*source->at++ - '0');
    *c = (char)value;
    return value <= UINT8_MAX;
}

int isc_next(struct source *source, struct isc_token *token)
{
    token->len = 0;
    token->text[0] = '\0';
    token->is_string = false;
    skip_space(source);
    if (source->at == source->end)
        return 0;
    if (strchr("{};", *source->at)) {
        token->text[token->len++] = *source->at++;
        token->text[token->len] = '\0';
        return 1;
    }
    token->is_string = *source->at == '"';
    source->at += token->is_string;
    while (source->at < source->end && token->len < ISC_TOKEN_MAX) {
        char c = *source->at;
        if (token->is_string ? c == '"' : strchr(" \t\r\n{};\"#", c) != NULL)
            break;
        if (c == '\n')
            return source_wrong(source, "expected '\"' at the end of the string");
        if (token->is_string ? !read_escaped(source, &c) : (source->at++, false))
            return source_wrong(source, "expected a character behind '\\'");
        token->text[token->len++] = c;
    }
    token->text[token->len] = '\0';
    if (token->len == ISC_TOKEN_MAX)
        return source_wrong(source, "expected a word of at most 2048 characters");
    if (token->is_string && source->at == source->end)
        return source_wrong(source, "expected '\"' at the end of the string");
    source->at += token->is_string;
    return 1;
}

bool isc_is(const struct isc_token *token, const char *word)
{
    return !token->is_string && strcmp(token->text, word) == 0;
}

int isc_skip(struct source *source, struct isc_token *token, unsigned depth)
{
    for (;;) {
        if (isc_is(token, "{"))
            depth++;
        else if (isc_is(token, "}") && depth > 0)
            depth--;
        if (!depth && (isc_is(token, ";") || isc_is(token, "}")))
            return 0;
        int rc = isc_next(source, token);
        if (rc <= 0)
            return rc ? rc : source_wrong(source, "expected '}' or ';', found the end of the file");
    }
}
