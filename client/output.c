/* What a command has to say, and its renderings. */
#include "client/output.h"

#include "base/compiler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct line {
    const char *label;
    char *text;
    char *aside;
};

struct output {
    json_t *object;
    struct line *lines;
    size_t line_count;
};

static void *checked(void *memory)
{
    if (!memory) {
        fputs("fairlead: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return memory;
}

struct output *output_new(void)
{
    struct output *out = checked(calloc(1, sizeof(*out)));

    out->object = checked(json_object());
    return out;
}

struct output *output_free(struct output *out)
{
    if (!out)
        return NULL;
    for (size_t i = 0; i < out->line_count; i++) {
        free(out->lines[i].text);
        free(out->lines[i].aside);
    }
    free(out->lines);
    json_decref(out->object);
    free(out);
    return NULL;
}

static void add_line(struct output *out, const char *label, const char *text, const char *aside)
{
    out->lines = checked(reallocarray(out->lines, out->line_count + 1, sizeof(*out->lines)));
    out->lines[out->line_count++] = (struct line){
        .label = label,
        .text = checked(strdup(text)),
        .aside = aside ? checked(strdup(aside)) : NULL,
    };
}

void output_field(struct output *out, const char *key, json_t *value, const char *label, const char *text,
                  const char *aside)
{
    if (json_object_set_new(out->object, key, checked(value)) < 0)
        checked(NULL);
    if (label && text)
        add_line(out, label, text, aside);
}

void output_line(struct output *out, const char *label, const char *text)
{
    if (text)
        add_line(out, label, text, NULL);
}

static void print_lines(const struct output *out, FILE *stream)
{
    size_t label_width = 0, text_width = 0;

    for (size_t i = 0; i < out->line_count; i++) {
        const struct line *line = &out->lines[i];
        if (strlen(line->label) > label_width)
            label_width = strlen(line->label);
        if (line->aside && strlen(line->text) > text_width)
            text_width = strlen(line->text);
    }
    for (size_t i = 0; i < out->line_count; i++) {
        const struct line *line = &out->lines[i];
        fprintf(stream, "%-*s  ", (int)label_width, line->label);
        if (line->aside)
            fprintf(stream, "%-*s  %s\n", (int)text_width, line->text, line->aside);
        else
            fprintf(stream, "%s\n", line->text);
    }
}

int output_print(const struct output *out, bool json, FILE *stream)
{
    if (json) {
        if (json_dumpf(out->object, stream, JSON_INDENT(2)) < 0)
            return -EIO;
        fputc('\n', stream);
    } else {
        print_lines(out, stream);
    }
    return fflush(stream) == EOF || ferror(stream) ? -EIO : 0;
}
