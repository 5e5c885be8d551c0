#include "conf/queue.h"

#include "base/compiler.h"
#include "conf/dscp.h"
#include "net/dscp.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

/* --- what a queue can be told ------------------------------------------------------------------------------------ */

enum type { LIMIT, LENGTH, TIME, FRACTION, FACTOR, NUMBER, PERCENT, FLAG, FLAG_NOT };

#define OF(kind) (1u << QUEUE_##kind)
#define ALL      (OF(DROP_TAIL) | OF(RED) | OF(CODEL) | OF(FQ_CODEL) | OF(DUALPI2))

/* X(key, kinds that know it, type, member of struct queue_settings) */
#define SETTINGS(X)                                                                \
    X("limit", ALL, LIMIT, limit)                                                  \
    X("limit-min", OF(DROP_TAIL), LENGTH, limit_min)                               \
    X("limit-max", OF(DROP_TAIL), LENGTH, limit_max)                               \
    X("factor", OF(DROP_TAIL), FACTOR, factor)                                     \
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

/* False: it has one already. */
static bool set_queue(struct build *build, struct conf_traffic_class *class, const struct conf_node *node,
                      const struct conf_value *value)
{
    unsigned kind = QUEUE_KIND_COUNT;

    if (class->queue_line) {
        conf_wrong(build->errors, node->line, "queue is there already, in line %u", class->queue_line);
        return false;
    }
    class->queue_line = value->line;
    if (conf_read_choice(build, node, value, queue_kind_name, QUEUE_KIND_COUNT, &kind))
        class->queue.kind = (enum queue_kind)kind;
    class->queue.adaptive = kind == QUEUE_RED; /* as long as nothing else is said */
    return true;
}

void conf_read_queue(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    set_queue(build, thing, node, value);
}

static void *begin_queue(struct build *build, void *within, const struct conf_node *node)
{
    const struct conf_value label = {.text = node->label, .line = node->line};

    return set_queue(build, within, node, &label) ? within : NULL;
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

static void read_limit(struct build *build, const struct conf_node *node, const struct conf_value *value,
                       struct queue_length *limit)
{
    if (strcmp(value->text, "auto") == 0)
        *limit = (struct queue_length){.unit = QUEUE_AUTO};
    else if (queue_length_parse(value->text, strlen(value->text), limit, NULL))
        conf_wrong(build->errors, value->line,
                   "%s: '%s': expected a number and us, ms, s, B, kB, MB, GB or p (packets), or auto", node->key,
                   value->text);
}

/* RED looks after itself, unless its thresholds are said, or that it is not to. */
static void note_red(struct conf_traffic_class *class, const char *key)
{
    if (strcmp(key, "adaptive") == 0)
        class->adaptive_said = true;
    else if (!class->adaptive_said && (strcmp(key, "min") == 0 || strcmp(key, "max") == 0))
        class->queue.adaptive = false;
}

static void read_typed(struct build *build, const struct conf_node *node, const struct conf_value *value,
                       enum type type, void *at)
{
    struct queue_length length = {.unit = QUEUE_UNSET};
    bool flag = type == FLAG_NOT;

    switch (type) {
    case LIMIT:
        read_limit(build, node, value, at);
        break;
    case LENGTH:
        read_length(build, node, value, false, at);
        break;
    case TIME:
        read_length(build, node, value, true, &length);
        *(int64_t *)at = (int64_t)length.value;
        break;
    case FRACTION:
    case FACTOR:
        if (!read_decimal(value->text, at) || !*(double *)at || (type == FRACTION && *(double *)at > 1))
            conf_wrong(build->errors, value->line, "%s: '%s': expected %s", node->key, value->text,
                       type == FRACTION ? "more than 0 and at most 1, as \"0.02\" or \"2%\""
                                        : "a number from 1 to 100, as \"2\" or \"1.5\"");
        break;
    case NUMBER:
        conf_read_number(build, node, value, 1, 1u << 30, "a number from 1 to 1073741824", at);
        break;
    case PERCENT:
        conf_read_number(build, node, value, 1, 99, "a number from 1 to 99 (of a hundred)", at);
        break;
    case FLAG:
    case FLAG_NOT:
        conf_read_flag(build, node, value, &flag);
        *(bool *)at = flag != (type == FLAG_NOT);
        break;
    }
}

/* Where in the table a setting is; it is there, or would not be read here. */
static size_t find(const char *key)
{
    size_t i = 0;

    while (strcmp(table[i].key, key) != 0)
        i++;
    return i;
}

static void read_setting(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_traffic_class *class = thing;
    size_t i = find(node->key);

    if (!(table[i].kinds & 1u << class->queue.kind)) {
        conf_wrong(build->errors, node->line, "%s: a %s queue has none", node->key, queue_kind_name(class->queue.kind));
        return;
    }
    note_red(class, node->key);
    read_typed(build, node, value, table[i].type, (char *)&class->queue + table[i].at);
}

/* --- profiles of RED: thresholds of packets of some DSCPs -------------------------------------------------------- */

static void *begin_profile(struct build *build, void *within, const struct conf_node *node)
{
    static_assert(RED_PROFILES == 4, "the text says so");
    struct conf_traffic_class *class = within;
    struct queue_settings *queue = &class->queue;

    if (queue->kind != QUEUE_RED) {
        conf_wrong(build->errors, node->line, "profile: a %s queue has none", queue_kind_name(queue->kind));
        return NULL;
    }
    if (!class->adaptive_said)
        queue->adaptive = false;
    if (!queue->red_count)
        queue->red_count = 1; /* that of all other packets */
    if (queue->red_count == RED_PROFILES) {
        conf_wrong(build->errors, node->line, "profile: too many: at most 3 expected");
        return NULL;
    }
    queue->red_count++;
    return class;
}

static void read_profile_setting(struct build *build, void *thing, const struct conf_node *node,
                                 const struct conf_value *value)
{
    struct queue_settings *queue = &((struct conf_traffic_class *)thing)->queue;
    size_t i = find(node->key);

    read_typed(build, node, value, table[i].type,
               (char *)queue + table[i].at + (queue->red_count - 1) * sizeof(queue->red[0]));
}

static void read_profile_dscp(struct build *build, void *thing, const struct conf_node *node,
                              const struct conf_value *value)
{
    static_assert(DSCP_COUNT == PACKET_DSCPS, "each can have a profile");
    struct queue_settings *queue = &((struct conf_traffic_class *)thing)->queue;
    uint8_t dscp;

    if (!conf_read_dscp(build, node, value, &dscp))
        return;
    if (queue->profile_of[dscp])
        conf_wrong(build->errors, value->line, "%s: '%s': it has a profile already", node->key, value->text);
    else
        queue->profile_of[dscp] = (uint8_t)(queue->red_count - 1);
}

static const struct setting profile_settings[] = {{"min", read_profile_setting, false},
                                                  {"max", read_profile_setting, false},
                                                  {"probability", read_profile_setting, false},
                                                  {"dscp", read_profile_dscp, true}};

static const struct block profile_block = {.key = "profile",
                                           .begin = begin_profile,
                                           .settings = profile_settings,
                                           .setting_count = ARRAY_SIZE(profile_settings)};

const struct block *const conf_queue_blocks[] = {&profile_block};

/* --- the block --------------------------------------------------------------------------------------------------- */

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
                                       .setting_count = ARRAY_SIZE(settings),
                                       .blocks = conf_queue_blocks,
                                       .block_count = ARRAY_SIZE(conf_queue_blocks)};

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

static void print_setting(const void *at, size_t i, int depth, FILE *stream)
{
    struct queue_length length = {QUEUE_NS, 0};
    char text[QUEUE_LENGTH_TEXT_SIZE] = "";

    switch (table[i].type) {
    case LIMIT:
    case LENGTH:
        queue_length_format(at, text);
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
            snprintf(text, sizeof(text), "%u", *(const uint32_t *)at);
        break;
    case FLAG:
    case FLAG_NOT:
        conf_print_flag(stream, depth, table[i].key, *(const bool *)at != (table[i].type == FLAG_NOT));
        return;
    }
    if (text[0])
        conf_print_named(stream, depth, table[i].key, text);
}

static void print_profile(const struct queue_settings *queue, unsigned profile, int depth, FILE *stream)
{
    static const char *const keys[] = {"min", "max", "probability"};
    uint64_t dscps = 0;

    for (unsigned dscp = 0; dscp < DSCP_COUNT; dscp++)
        dscps |= (uint64_t)(queue->profile_of[dscp] == profile) << dscp;
    fprintf(stream, "%*sprofile {\n", depth * 4, "");
    conf_print_dscps(stream, depth + 1, dscps);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        size_t at = find(keys[i]);
        print_setting((const char *)queue + table[at].at + profile * sizeof(queue->red[0]), at, depth + 1, stream);
    }
    fprintf(stream, "%*s}\n", depth * 4, "");
}

void conf_print_queue(const struct queue_settings *queue, int depth, FILE *stream)
{
    fprintf(stream, "%*squeue \"%s\" {\n", depth * 4, "", queue_kind_name(queue->kind));
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (table[i].kinds & 1u << queue->kind)
            print_setting((const char *)queue + table[i].at, i, depth + 1, stream);
    for (unsigned i = 1; i < queue->red_count; i++)
        print_profile(queue, i, depth + 1, stream);
    fprintf(stream, "%*s}\n", depth * 4, "");
}
