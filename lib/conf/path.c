#include "conf/path.h"

#include "base/compiler.h"
#include "conf/contract.h"
#include "conf/shape.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define MTU     1500
#define MTU_MIN 68 /* RFC 791 */
#define MTU_MAX 9000

/* --- reading ----------------------------------------------------------------------------------------------------- */

static void *begin_hop(struct build *build, void *within, const struct conf_node *node)
{
    static_assert(CONF_HOP_NAME_SIZE == 16 && CONF_HOP_NAME_SIZE <= CONF_NAME_SIZE, "the text says so");
    struct conf_path *path = within;

    if (!conf_is_name(node->label, CONF_HOP_NAME_SIZE, "-_.")) {
        conf_wrong(build->errors, node->line, "hop '%s': expected a name: 1 to 15 letters, digits, '-', '_' and '.'",
                   node->label);
        return NULL;
    }
    struct conf_hop *hop = conf_append(build, &path->hops, &path->hop_count, sizeof(*path->hops));
    if (!hop)
        return NULL;
    *hop = (struct conf_hop){.mtu = MTU, .line = node->line};
    memcpy(hop->name, node->label, strlen(node->label) + 1);
    conf_begin_shape(&hop->shape);
    return hop;
}

static void read_hop_rate(struct build *build, void *thing, const struct conf_node *node,
                          const struct conf_value *value)
{
    conf_read_bits(build, node, value, &((struct conf_hop *)thing)->shape.rate);
}

static void read_hop_link(struct build *build, void *thing, const struct conf_node *node,
                          const struct conf_value *value)
{
    conf_read_link_kind(build, node, value, &((struct conf_hop *)thing)->shape.link);
}

static void read_mtu(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    conf_read_number(build, node, value, MTU_MIN, MTU_MAX, "an MTU from 68 to 9000", &((struct conf_hop *)thing)->mtu);
}

static void read_hop_delay(struct build *build, void *thing, const struct conf_node *node,
                           const struct conf_value *value)
{
    conf_read_time(build, node, value, false, &((struct conf_hop *)thing)->delay_ns);
}

static void read_line(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    conf_read_time(build, node, value, true, &((struct conf_hop *)thing)->line_ns);
}

static const struct setting hop_settings[] = {
    {"rate", read_hop_rate, false},   {"link", read_hop_link, false}, {"mtu", read_mtu, false},
    {"delay", read_hop_delay, false}, {"line", read_line, false},
};

static const struct block hop_block = {.key = "hop",
                                       .label = "the hop's name",
                                       .begin = begin_hop,
                                       .settings = hop_settings,
                                       .setting_count = ARRAY_SIZE(hop_settings)};

static const struct block *const path_blocks[] = {&hop_block};

/* Settings of a contract are read into a path. */
static_assert(offsetof(struct conf_path, contract) == 0, "a path begins with its contract");

static const struct block path_block = {.key = "", /* nothing is around it */
                                        .extends = &conf_contract_block,
                                        .blocks = path_blocks,
                                        .block_count = ARRAY_SIZE(path_blocks)};

/* --- checking ---------------------------------------------------------------------------------------------------- */

static void wrong_hop(const struct conf_hop *hop, struct conf_errors *errors, const char *what)
{
    conf_wrong(errors, hop->line, "hop %s: %s", hop->name, what);
}

/* What is said from end to end is wanted, and each hop has a delay of its own. */
static void take_wanted(struct conf_path *path)
{
    struct conf_contract *contract = &path->contract;
    bool has_delay = conf_contract_has_delay(contract);

    path->wanted_delay_ns = contract->terms.delay_ns;
    path->wanted_jitter_ns = contract->terms.jitter_ns;
    if (contract->words == CONF_WORDS_ATM && has_delay) {
        if (contract->atm.ctd_ns >= 0)
            path->wanted_delay_ns = contract->atm.ctd_ns;
        if (contract->atm.cdv_ns >= 0)
            path->wanted_jitter_ns = contract->atm.cdv_ns;
        contract->atm.ctd_ns = contract->atm.cdv_ns = -1;
    }
    contract->terms.jitter_ns = 0;
    contract->terms.delay_ns = contract->words == CONF_WORDS_OWN || has_delay ? 1 : 0;
}

static void check_contract(struct conf_path *path, struct conf_errors *errors)
{
    struct conf_contract *contract = &path->contract;

    if (contract->out[0] || contract->match_said)
        conf_wrong(errors, contract->line, "path: out and match: expected none: it is a path for any packets");
    if (contract->excess_said || contract->terms.wait_ns >= 0)
        conf_wrong(errors, contract->line, "path: excess and wait: expected none: they follow from the hops in front");
    if (contract->rspec.R)
        conf_wrong(errors, contract->line, "path: rspec: expected none: hops say their delays");
    if (contract->words == CONF_WORDS_ATM && contract->atm.category == ATM_UBR)
        conf_wrong(errors, contract->line, "path: atm: ubr promises nothing, so nothing adds up: expected another");
    if (!contract->rspec.R)
        take_wanted(path);
    conf_check_words(contract, errors);
}

static void check_hops(const struct conf_path *path, struct conf_errors *errors)
{
    if (!path->hop_count)
        conf_wrong(errors, path->contract.line, "path: expected hops, as hop edge-1 rate 50Mbit delay 5ms");
    if (path->hop_count > CONF_HOPS_MAX)
        conf_wrong(errors, path->hops[CONF_HOPS_MAX].line, "path: too many hops: at most %d expected", CONF_HOPS_MAX);
    for (size_t i = 0; i < path->hop_count; i++) {
        const struct conf_hop *hop = &path->hops[i];
        if (!hop->shape.rate)
            wrong_hop(hop, errors, "expected the rate of its port, as rate 50Mbit");
        if (path->contract.words != CONF_WORDS_INTSERV && hop->shape.link != path->hops[0].shape.link)
            wrong_hop(hop, errors,
                      "link: rates are as on the link, and that of the first hop is another: expected a tspec, which "
                      "is of IP packets");
    }
}

/* --- what follows ------------------------------------------------------------------------------------------------ */

/* What an otherwise empty port keeps, in the place of one delay or of none. False: nothing; that is listed. */
static bool admit_at(const struct conf_contract *contract, const struct conf_hop *hop, struct contract *terms,
                     struct conf_errors *errors, int *error)
{
    const struct capacity capacity = conf_shape_capacity(&hop->shape, hop->mtu, true);
    struct admission *admission = admission_new(&capacity.admission);
    struct admission_refusal refusal;
    char text[CONF_ERROR_TEXT_SIZE];
    bool said = hop->delay_ns != 0;

    *error = admission ? 0 : -ENOMEM;
    if (!admission)
        return false;
    terms->delay_ns = said ? hop->delay_ns : capacity.admission.bucket_ns + 1;
    if (!conf_contract_sound(contract, terms, &capacity, text)) {
        conf_wrong(errors, hop->line, "hop %s: %s", hop->name, text);
    } else if (!admission_test(admission, terms, &refusal)) {
        struct admission_offer offer = admission_offer(admission, terms);
        if (!said && offer.delay_ns) {
            terms->delay_ns = (offer.delay_ns + 999) / 1000 * 1000;
        } else {
            conf_contract_refused(contract, &refusal, "", &offer, text);
            conf_wrong(errors, hop->line, "hop %s: %s", hop->name, text);
        }
    }
    admission_free(admission);
    return errors->count == 0;
}

/* What each hop must keep. The first one has the packets as they are sent; behind it they may come as much too early as
 * the hop in front may be late, and wait for so long. */
static int follow(struct conf_path *path, struct conf_errors *errors)
{
    int64_t waits_ns = 0;
    int error;

    for (size_t i = 0; i < path->hop_count; i++) {
        const struct conf_hop *hop = &path->hops[i];
        struct conf_contract contract = path->contract;
        struct contract *terms = &path->terms[i];
        memcpy(contract.out, hop->name, CONF_HOP_NAME_SIZE);
        *terms = conf_contract_on_link(&contract, hop->shape.link);
        terms->wait_ns = waits_ns;
        if (i)
            terms->treatment = CONTRACT_SHAPE;
        if (!admit_at(&contract, hop, terms, errors, &error))
            return error;
        waits_ns = contract_within_ns(terms);
        path->delay_ns += waits_ns + hop->line_ns;
        path->jitter_ns += waits_ns; /* if one waits nowhere, and another everywhere */
    }
    return 0;
}

/* --- all of it --------------------------------------------------------------------------------------------------- */

static int read_path(struct conf_path *path, const char *text, size_t len, struct conf_errors *errors)
{
    struct conf_node root;
    int error = conf_tree_parse(text, len, &path->memory->arena, &root, errors);

    if (error == -ENOMEM)
        return error;
    path->contract = (struct conf_contract){.name = "path", .terms = {.wait_ns = -1}, .line = 1};
    error = conf_model_read(&path_block, &root, path->memory, path, errors);
    if (error || errors->count)
        return error;
    check_contract(path, errors);
    check_hops(path, errors);
    if (errors->count)
        return 0;
    path->terms = arena_get(&path->memory->arena, path->hop_count * sizeof(*path->terms));
    return path->terms ? follow(path, errors) : -ENOMEM;
}

int conf_path_parse(const char *text, size_t len, struct conf_path **result, struct conf_errors *errors)
{
    struct conf_path *path = calloc(1, sizeof(*path));
    int error = -ENOMEM;

    if (path && (path->memory = calloc(1, sizeof(*path->memory))))
        error = read_path(path, text, len, errors);
    if (!error && errors->count)
        error = -EINVAL;
    if (error)
        conf_path_free(path);
    else
        *result = path;
    return error;
}

struct conf_path *conf_path_free(struct conf_path *path)
{
    if (path && path->memory)
        arena_clear(&path->memory->arena);
    if (path)
        free(path->memory);
    free(path);
    return NULL;
}
