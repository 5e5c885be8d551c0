#include "conf/shape.h"

#include "base/compiler.h"
#include "conf/dscp.h"
#include "conf/queue.h"
#include "net/dscp.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What an interface usually carries, for checking: what really is becomes known when it is there. */
#define MTU_BYTES 1538 /* on Ethernet, with all that comes around */

static const char default_name[] = "default";

static void begin_class(struct conf_traffic_class *class, const char *name, unsigned line)
{
    *class = (struct conf_traffic_class){
        .name = name, .priority = CONF_PRIORITY, .weight = 1, .queue = {.kind = QUEUE_FQ_CODEL}, .line = line};
}

void conf_begin_shape(struct conf_shape *shape)
{
    *shape = (struct conf_shape){.class_count = 1};
    begin_class(&shape->classes[0], default_name, 0);
}

/* --- the port ---------------------------------------------------------------------------------------------------- */

bool conf_read_bits(struct build *build, const struct conf_node *node, const struct conf_value *value, uint64_t *rate)
{
    struct text_error err;
    int error = link_rate_parse(value->text, strlen(value->text), rate, &err);

    if (error)
        conf_wrong_text(build, node, value, &err);
    return !error;
}

void conf_read_rate(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_shape *shape = &((struct conf_interface *)thing)->shape;

    shape->line = value->line;
    conf_read_bits(build, node, value, &shape->rate);
}

static unsigned link_kinds(void)
{
    unsigned count = 0;

    while (link_kind_name(count))
        count++;
    return count;
}

void conf_read_link_kind(struct build *build, const struct conf_node *node, const struct conf_value *value,
                         unsigned *link)
{
    conf_read_choice(build, node, value, link_kind_name, link_kinds(), link);
}

void conf_read_link(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    conf_read_link_kind(build, node, value, &((struct conf_interface *)thing)->shape.link);
}

/* The interface's own queue is that of its default class. */
void conf_read_shape_queue(struct build *build, void *thing, const struct conf_node *node,
                           const struct conf_value *value)
{
    conf_read_queue(build, &((struct conf_interface *)thing)->shape.classes[0], node, value);
}

static void *begin_shape_queue(struct build *build, void *within, const struct conf_node *node)
{
    return conf_queue_block.begin(build, &((struct conf_interface *)within)->shape.classes[0], node);
}

const struct block conf_shape_queue_block = {.key = "queue",
                                             .label = "the queue's kind",
                                             .once = true,
                                             .begin = begin_shape_queue,
                                             .extends = &conf_queue_block,
                                             .blocks = conf_queue_blocks,
                                             .block_count = ARRAY_SIZE(conf_queue_blocks)};

/* --- classes ----------------------------------------------------------------------------------------------------- */

static void *begin_class_block(struct build *build, void *within, const struct conf_node *node)
{
    static_assert(CONF_TRAFFIC_CLASSES == 8 && CONF_TRAFFIC_NAME_SIZE == 16, "the texts say so");
    struct conf_shape *shape = &((struct conf_interface *)within)->shape;

    if (!conf_is_name(node->label, CONF_TRAFFIC_NAME_SIZE, "-_")) {
        conf_wrong(build->errors, node->line, "class '%s': expected a name: 1 to 15 letters, digits, '-' and '_'",
                   node->label);
        return NULL;
    }
    for (unsigned i = 0; i < shape->class_count; i++) {
        struct conf_traffic_class *class = &shape->classes[i];
        if (strcmp(class->name, node->label) != 0)
            continue;
        if (class->line) {
            conf_wrong(build->errors, node->line, "class %s is there already, in line %u", class->name, class->line);
            return NULL;
        }
        class->line = node->line; /* the default one, which is there before it is said */
        return class;
    }
    if (shape->class_count == CONF_TRAFFIC_CLASSES) {
        conf_wrong(build->errors, node->line, "class %s: too many: at most 7 beside the default one expected",
                   node->label);
        return NULL;
    }
    const char *name = conf_keep(build, node->label);
    if (!name)
        return NULL;
    struct conf_traffic_class *class = &shape->classes[shape->class_count++];
    begin_class(class, name, node->line);
    return class;
}

static void read_class_dscp(struct build *build, void *thing, const struct conf_node *node,
                            const struct conf_value *value)
{
    uint8_t dscp;

    if (conf_read_dscp(build, node, value, &dscp))
        ((struct conf_traffic_class *)thing)->dscps |= UINT64_C(1) << dscp;
}

static void read_class_priority(struct build *build, void *thing, const struct conf_node *node,
                                const struct conf_value *value)
{
    static_assert(CONF_PRIORITY_MAX == 7, "the text says so");
    conf_read_number(build, node, value, 0, CONF_PRIORITY_MAX, "a number from 0 (goes first) to 7",
                     &((struct conf_traffic_class *)thing)->priority);
}

static void read_class_weight(struct build *build, void *thing, const struct conf_node *node,
                              const struct conf_value *value)
{
    static_assert(CONF_WEIGHT_MAX == 100, "the text says so");
    conf_read_number(build, node, value, 1, CONF_WEIGHT_MAX, "a number from 1 to 100",
                     &((struct conf_traffic_class *)thing)->weight);
}

static void read_class_rate(struct build *build, void *thing, const struct conf_node *node,
                            const struct conf_value *value)
{
    conf_read_bits(build, node, value, &((struct conf_traffic_class *)thing)->rate);
}

static const struct setting class_settings[] = {{"dscp", read_class_dscp, true},
                                                {"priority", read_class_priority, false},
                                                {"weight", read_class_weight, false},
                                                {"rate", read_class_rate, false},
                                                {"queue", conf_read_queue, false}};

static const struct block *const class_blocks[] = {&conf_queue_block};

const struct block conf_traffic_class_block = {.key = "class",
                                               .label = "the class's name",
                                               .begin = begin_class_block,
                                               .settings = class_settings,
                                               .setting_count = ARRAY_SIZE(class_settings),
                                               .blocks = class_blocks,
                                               .block_count = ARRAY_SIZE(class_blocks)};

/* --- checking ---------------------------------------------------------------------------------------------------- */

uint64_t conf_traffic_class_rate(const struct conf_shape *shape, const struct conf_traffic_class *class)
{
    return class->rate && class->rate < shape->rate ? class->rate : shape->rate;
}

static void check_dscps(const struct conf_interface *interface, unsigned number, struct conf_errors *errors)
{
    const struct conf_traffic_class *class = &interface->shape.classes[number];
    char text[DSCP_TEXT_SIZE];

    if (number == 0 && class->dscps)
        conf_wrong(errors, class->line,
                   "interface %s: class default takes what no other does, so that it has no dscp of its own",
                   interface->name);
    if (number > 0 && !class->dscps)
        conf_wrong(errors, class->line, "interface %s: class %s takes nothing: expected dscp = [...]", interface->name,
                   class->name);
    for (unsigned i = 1; i < number; i++) {
        const struct conf_traffic_class *other = &interface->shape.classes[i];
        uint64_t both = class->dscps & other->dscps;
        if (!both)
            continue;
        dscp_format((uint8_t)__builtin_ctzll(both), text);
        conf_wrong(errors, class->line, "interface %s: class %s: %s is that of class %s already, in line %u",
                   interface->name, class->name, text, other->name, other->line);
    }
}

static void check_profiles(const struct conf_interface *interface, const struct conf_traffic_class *class,
                           struct conf_errors *errors)
{
    unsigned used = 1;

    for (unsigned dscp = 0; dscp < DSCP_COUNT; dscp++)
        used |= 1u << class->queue.profile_of[dscp];
    for (unsigned i = 1; i < class->queue.red_count; i++)
        if (!(used >> i & 1))
            conf_wrong(errors, class->queue_line, "interface %s: a profile takes nothing: expected dscp = [...]",
                       interface->name);
}

/* The line in which something is said of a class; 0: none. */
static unsigned said_of(const struct conf_traffic_class *class)
{
    return class->queue_line ? class->queue_line : class->line;
}

void conf_check_shape(const struct conf_interface *interface, struct conf_errors *errors)
{
    const struct conf_shape *shape = &interface->shape;
    struct queue_config config;
    struct queue_fault fault;

    for (unsigned i = 0; i < shape->class_count; i++) {
        const struct conf_traffic_class *class = &shape->classes[i];
        if (!shape->rate) {
            if (said_of(class) && !shape->line)
                conf_wrong(errors, said_of(class),
                           "interface %s: a %s needs a rate: without one nothing waits here, but in the card",
                           interface->name, class->line ? "class" : "queue");
            continue;
        }
        check_dscps(interface, i, errors);
        check_profiles(interface, class, errors);
        if (class->rate > shape->rate)
            conf_wrong(errors, class->line, "interface %s: class %s: its rate is more than that of the interface",
                       interface->name, class->name);
        if (queue_configure(&class->queue, conf_traffic_class_rate(shape, class), MTU_BYTES, &config, &fault))
            conf_wrong(errors, said_of(class) ? said_of(class) : shape->line, "interface %s: %s%s%squeue: %s: %s",
                       interface->name, i ? "class " : "", i ? class->name : "", i ? ": " : "", fault.setting,
                       fault.why);
    }
}

/* --- printing ---------------------------------------------------------------------------------------------------- */

void conf_print_bits(FILE *stream, int depth, const char *key, uint64_t rate)
{
    char text[LINK_RATE_TEXT_SIZE];

    if (!rate)
        return;
    link_rate_format(rate, text);
    conf_print_named(stream, depth, key, text);
}

static void print_class(const struct conf_traffic_class *class, FILE *stream)
{
    fprintf(stream, "    class \"%s\" {\n", class->name);
    conf_print_dscps(stream, 2, class->dscps);
    fprintf(stream, "        priority = %u\n        weight = %u\n", class->priority, class->weight);
    conf_print_bits(stream, 2, "rate", class->rate);
    conf_print_queue(&class->queue, 2, stream);
    fputs("    }\n", stream);
}

void conf_print_shape(const struct conf_shape *shape, FILE *stream)
{
    if (!shape->rate)
        return;
    conf_print_bits(stream, 1, "rate", shape->rate);
    conf_print_named(stream, 1, "link", link_kind_name(shape->link));
    if (shape->class_count == 1 && !shape->classes[0].line) {
        conf_print_queue(&shape->classes[0].queue, 1, stream);
        return;
    }
    for (unsigned i = 0; i < shape->class_count; i++)
        print_class(&shape->classes[i], stream);
}

const struct conf_interface *conf_find_shaped(const struct conf *conf, const char *name, const char *program,
                                              const char *path, FILE *stream)
{
    const struct conf_interface *interface = conf_find_interface(conf, name);

    if (interface && interface->shape.rate)
        return interface;
    fprintf(stream, "%s: %s: %s: %s\n", program, path, name,
            interface ? "the interface has no rate, so nothing waits there" : "there is no such interface");
    return NULL;
}

bool conf_shape_measures(const struct conf_shape *shape)
{
    bool measures = false;

    for (unsigned i = 0; i < shape->class_count; i++)
        measures |= shape->classes[i].queue.limit.unit == QUEUE_AUTO;
    return shape->rate && measures;
}

static void print_shape(const void *shape, FILE *stream)
{
    conf_print_shape(shape, stream);
}

bool conf_shape_equal(const struct conf_shape *a, const struct conf_shape *b)
{
    return conf_prints_equal(print_shape, a, b);
}
