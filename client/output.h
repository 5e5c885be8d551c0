/*
 * What a command has to say, once, and its renderings: lines for people, one JSON object for scripts (-j).
 *
 * A command adds its fields in order; output_print() writes them. Every field has a key (for scripts: snake_case,
 * stable) and a label (for people). Memory failure ends the client: there is nothing it could do without.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct output;

/* The caller owns it; output_free() takes NULL too and returns NULL. */
struct output *output_new(void);
struct output *output_free(struct output *out);

/*
 * Add a field. `value` is what scripts get; its reference is taken. `text` is what people get, NULL to leave the field
 * out for them; a label of NULL leaves it out as well. `aside` stands in a column of its own behind it, or is NULL.
 * Strings are copied, but key and label are borrowed (string literals).
 */
void output_field(struct output *out, const char *key, json_t *value, const char *label, const char *text,
                  const char *aside);

/* A line for people only; a text of NULL leaves it out. */
void output_line(struct output *out, const char *label, const char *text);

/* Write everything; 0, or -EIO if the stream would not take it. */
int output_print(const struct output *out, bool json, FILE *stream);
