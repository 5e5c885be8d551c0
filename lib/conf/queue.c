#include "conf/queue.h"

#include "base/compiler.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* What an interface usually carries, for checking: what really is becomes known when it is there. */
#define MTU_BYTES 1538 /* on Ethernet, with all that comes around */

/* --- what a queue can be told ------------------------------------------------------------------------------------ */

enum type { LENGTH, TIME, FRACTION, FACTOR, NUMBER, PERCENT, FLAG, FLAG_NOT };

#define OF(kind) (1u << QUEUE_##kind)
#define ALL      (OF(DROP_TAIL) | OF(RED) | OF(CODEL) | OF(FQ_CODEL) | OF(DUALPI2))

/* X(key, kinds that know it, type, member of struct queue_settings) */
#define SETTINGS(X)                                                                \
    X("limit", ALL, LENGTH, limit)                                                 \
    X("ecn", OF(RED) | OF(CODEL) | OF(FQ_CODEL), FLAG_NOT, no_ecn)                 \
    X("min", OF(RED), LENGTH, red[0].min)                                          \
    X("max", OF(RED), LENGTH, red[0].max)                                          \
    X("probability", OF(RED), FRACTION, red[0].probability)                        \
    X("weight", OF(RED), FRACTION, weight)                                         \
    X("gentle", OF(RED), FLAG_NOT, not_gentle)                                     \
    X("byte-mode", OF(RED), FLAG, byte_mode)                                       \
    X("adaptive", OF(RED), FLAG, adaptive)                                         \
    X("target", OF(RED) | OF(CODEL) | OF(FQ_CODEL) | OF(DUALPI2), TIME, target_ns) \
    X("interval", OF(CODEL) | OF(FQ_CODEL) | OF(DUALPI2), TIME, interval_ns)       \
    X("flows", OF(FQ_CODEL), NUMBER, flows)                                        \
    X("quantum", OF(FQ_CODEL), NUMBER, quantum)                                    \
    X("step", OF(DUALPI2), TIME, step_ns)                                          \
    X("coupling", OF(DUALPI2), FACTOR, coupling)                                   \
    X("low-latency-share", OF(DUALPI2), PERCENT, low_latency_percent)

static const struct {
    const char *key;
    unsigned kinds;
    enum type type;
    size_t at;
} table[] = {
#define X(key, kinds, type, member) {key, kinds, type, offsetof(struct queue_settings, member)},
    SETTINGS(X)
#undef X
};

/* --- reading ----------------------------------------------------------------------------------------------------- */

void conf_read_rate(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_shape *shape = &((struct conf_interface *)thing)->shape;
    struct text_error err;

    shape->line = value->line;
    if (link_rate_parse(value->text, strlen(value->text), &shape->rate, &err))
        conf_wrong_text(build, node, value, &err);
}

static unsigned link_kinds(void)
{
    unsigned count = 0;

    while (link_kind_name(count))
        count++;
    return count;
}

void conf_read_link(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_shape *shape = &((struct conf_interface *)thing)->shape;

    conf_read_choice(build, node, value, link_kind_name, link_kinds(), &shape->link);
}

void conf_read_queue(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_shape *shape = &((struct conf_interface *)thing)->shape;
    unsigned kind = QUEUE_KIND_COUNT;

    shape->queue_line = value->line;
    if (conf_read_choice(build, node, value, queue_kind_name, QUEUE_KIND_COUNT, &kind))
        shape->queue.kind = (enum queue_kind)kind;
    shape->queue.adaptive = kind == QUEUE_RED; /* as long as nothing else is said */
}

static void *begin_queue(struct build *build, void *within, const struct conf_node *node)
{
    struct conf_shape *shape = &((struct conf_interface *)within)->shape;
    const struct conf_value label = {.text = node->label, .line = node->line};

    if (shape->queue_line) {
        conf_wrong(build->errors, node->line, "queue is there already, in line %u", shape->queue_line);
        return NULL;
    }
    conf_read_queue(build, within, node, &label);
    return shape;
}

/* "0.02", "2%"; of a factor "2", "1.5". */
static bool read_decimal(const char *text, double *result)
{
    size_t at = 0, len = strlen(text);
    uint32_t whole, digits = 0;
    double scale = 1;

    if (text_decimal(text, len, &at, 1000000, "", &whole, NULL))
        return false;
    if (at < len && text[at] == '.') {
        size_t begin = ++at;
        while (at < len && text[at] >= '0' && text[at] <= '9' && at - begin < 9)
            digits = digits * 10 + (uint32_t)(text[at++] - '0');
        if (at == begin)
            return false;
        for (size_t i = begin; i < at; i++)
            scale *= 10;
    }
    double percent = at < len && text[at] == '%' ? 100 : 1;
    if (percent > 1)
        at++;
    *result = (whole + digits / scale) / percent;
    return at == len;
}

static void read_length(struct build *build, const struct conf_node *node, const struct conf_value *value, bool time,
                        struct queue_length *length)
{
    struct text_error err;

    if (queue_length_parse(value->text, strlen(value->text), length, &err))
        conf_wrong_text(build, node, value, &err);
    else if (time && length->unit != QUEUE_NS)
        conf_wrong(build->errors, value->line, "%s: '%s': expected a time, as \"5ms\"", node->key, value->text);
}

/* RED looks after itself, unless its thresholds are said, or that it is not to. */
static void note_red(struct conf_shape *shape, const char *key)
{
    if (strcmp(key, "adaptive") == 0)
        shape->adaptive_said = true;
    else if (!shape->adaptive_said && (strcmp(key, "min") == 0 || strcmp(key, "max") == 0))
        shape->queue.adaptive = false;
}

static void read_setting(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_shape *shape = thing;
    struct queue_settings *queue = &shape->queue;
    struct queue_length length = {.unit = QUEUE_UNSET};
    size_t i = 0;
    bool flag;

    while (strcmp(table[i].key, node->key) != 0) /* it is one of them, or would not be read here */
        i++;
    char *at = (char *)queue + table[i].at;
    if (!(table[i].kinds & 1u << queue->kind)) {
        conf_wrong(build->errors, node->line, "%s: a %s queue has none", node->key, queue_kind_name(queue->kind));
        return;
    }
    note_red(shape, node->key);
    switch (table[i].type) {
    case LENGTH:
        read_length(build, node, value, false, (struct queue_length *)at);
        break;
    case TIME:
        read_length(build, node, value, true, &length);
        *(int64_t *)at = (int64_t)length.value;
        break;
    case FRACTION:
    case FACTOR:
        if (!read_decimal(value->text, (double *)at) || !*(double *)at ||
            (table[i].type == FRACTION && *(double *)at > 1))
            conf_wrong(build->errors, value->line, "%s: '%s': expected %s", node->key, value->text,
                       table[i].type == FRACTION ? "more than 0 and at most 1, as \"0.02\" or \"2%\""
                                                 : "a number from 1 to 100, as \"2\" or \"1.5\"");
        break;
    case NUMBER:
        conf_read_number(build, node, value, 1, 1u << 30, "a number from 1 to 1073741824", (uint32_t *)at);
        break;
    case PERCENT:
        conf_read_number(build, node, value, 1, 99, "a number from 1 to 99 (of a hundred)", (uint32_t *)at);
        break;
    case FLAG:
    case FLAG_NOT:
        flag = table[i].type == FLAG_NOT;
        conf_read_flag(build, node, value, &flag);
        *(bool *)at = flag != (table[i].type == FLAG_NOT);
        break;
    }
}

static const struct setting settings[] = {
#define X(key, kinds, type, member) {key, read_setting, false},
    SETTINGS(X)
#undef X
};

const struct block conf_queue_block = {.key = "queue",
                                       .label = "the queue's kind",
                                       .once = true,
                                       .begin = begin_queue,
                                       .settings = settings,
                                       .setting_count = ARRAY_SIZE(settings)};

/* --- checking ---------------------------------------------------------------------------------------------------- */

void conf_check_shape(const struct conf_interface *interface, struct conf_errors *errors)
{
    const struct conf_shape *shape = &interface->shape;
    struct queue_config config;
    struct queue_fault fault;

    if (!shape->rate) {
        if (shape->queue_line && !shape->line)
            conf_wrong(errors, shape->queue_line,
                       "interface %s: a queue needs a rate: without one nothing waits here, but in the card",
                       interface->name);
        return;
    }
    if (queue_configure(&shape->queue, shape->rate, MTU_BYTES, &config, &fault))
        conf_wrong(errors, shape->queue_line ? shape->queue_line : shape->line, "interface %s: queue: %s: %s",
                   interface->name, fault.setting, fault.why);
}

/* --- printing ---------------------------------------------------------------------------------------------------- */

/* As read_decimal() reads it: no exponent, no zeros behind. */
static void print_decimal(double value, char text[static QUEUE_LENGTH_TEXT_SIZE])
{
    int len = snprintf(text, QUEUE_LENGTH_TEXT_SIZE, "%.9f", value);

    while (len > 1 && text[len - 1] == '0')
        text[--len] = '\0';
    if (text[len - 1] == '.')
        text[len - 1] = '\0';
}

static void print_setting(const struct queue_settings *queue, size_t i, FILE *stream)
{
    const char *at = (const char *)queue + table[i].at;
    struct queue_length length = {QUEUE_NS, 0};
    char text[QUEUE_LENGTH_TEXT_SIZE] = "";

    switch (table[i].type) {
    case LENGTH:
        queue_length_format((const struct queue_length *)at, text);
        break;
    case TIME:
        length.value = (uint64_t) * (const int64_t *)at;
        if (length.value)
            queue_length_format(&length, text);
        break;
    case FRACTION:
    case FACTOR:
        if (*(const double *)at > 0)
            print_decimal(*(const double *)at, text);
        break;
    case NUMBER:
    case PERCENT:
        if (*(const uint32_t *)at)
            fprintf(stream, "        %s = %u\n", table[i].key, *(const uint32_t *)at);
        return;
    case FLAG:
    case FLAG_NOT:
        conf_print_flag(stream, 2, table[i].key, *(const bool *)at != (table[i].type == FLAG_NOT));
        return;
    }
    if (text[0])
        conf_print_named(stream, 2, table[i].key, text);
}

void conf_print_shape(const struct conf_shape *shape, FILE *stream)
{
    char rate[LINK_RATE_TEXT_SIZE];

    if (!shape->rate)
        return;
    link_rate_format(shape->rate, rate);
    conf_print_named(stream, 1, "rate", rate);
    conf_print_named(stream, 1, "link", link_kind_name(shape->link));
    fprintf(stream, "    queue \"%s\" {\n", queue_kind_name(shape->queue.kind));
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (table[i].kinds & 1u << shape->queue.kind)
            print_setting(&shape->queue, i, stream);
    fputs("    }\n", stream);
}

bool conf_shape_equal(const struct conf_shape *a, const struct conf_shape *b)
{
    const struct conf_shape *shapes[] = {a, b};
    char *texts[2] = {NULL, NULL};
    bool whole = true;

    for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
        size_t bytes;
        FILE *stream = open_memstream(&texts[i], &bytes);
        if (stream)
            conf_print_shape(shapes[i], stream);
        whole &= stream && fclose(stream) == 0;
    }
    bool equal = whole && strcmp(texts[0], texts[1]) == 0;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        free(texts[i]);
    return equal;
}
