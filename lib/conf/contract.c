#include "conf/contract.h"

#include "base/compiler.h"
#include "conf/shape.h"

#include <string.h>

#define PACKET_MIN 20 /* bytes: what can be said */
#define PACKET_MAX 9000

/* --- reading ----------------------------------------------------------------------------------------------------- */

static void *begin_contract(struct build *build, void *within, const struct conf_node *node)
{
    static_assert(CONF_CONTRACT_NAME_SIZE == 32, "the text says so");
    struct conf *conf = within;

    if (!conf_is_name(node->label, CONF_CONTRACT_NAME_SIZE, "-_.")) {
        conf_wrong(build->errors, node->line,
                   "contract '%s': expected a name: 1 to 31 letters, digits, '-', '_' and '.'", node->label);
        return NULL;
    }
    struct conf_contract *contract =
        conf_append(build, &conf->contracts, &conf->contract_count, sizeof(*conf->contracts));
    if (!contract)
        return NULL;
    *contract = (struct conf_contract){.terms = {.wait_ns = -1}, .line = node->line};
    memcpy(contract->name, node->label, strlen(node->label) + 1);
    return contract;
}

static void read_out(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    size_t len = strlen(value->text);

    if (len == 0 || len >= CONF_NAME_SIZE)
        conf_wrong(build->errors, value->line, "%s: '%s': expected the name of an interface: 1 to %d characters",
                   node->key, value->text, CONF_NAME_SIZE - 1);
    else
        memcpy(((struct conf_contract *)thing)->out, value->text, len + 1);
}

static void read_match(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_contract *contract = thing;
    struct text_error err;
    struct match match, *added;

    contract->match_said = true;
    if (match_parse(value->text, strlen(value->text), &match, &err))
        conf_wrong_text(build, node, value, &err);
    else if ((added = conf_append(build, &contract->matches, &contract->match_count, sizeof(*contract->matches))))
        *added = match;
}

static void read_rate_into(struct build *build, const struct conf_node *node, const struct conf_value *value,
                           uint64_t *rate)
{
    if (!conf_read_bits(build, node, value, rate))
        *rate = GCRA_RATE_MIN; /* so that it is not missed, too */
}

static void read_rate(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    read_rate_into(build, node, value, &((struct conf_contract *)thing)->terms.rate);
}

static void read_peak(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    read_rate_into(build, node, value, &((struct conf_contract *)thing)->terms.peak_rate);
}

static void read_bytes(struct build *build, const struct conf_node *node, const struct conf_value *value, uint32_t min,
                       uint32_t max, const char *expected, uint32_t *bytes)
{
    struct queue_length length;
    struct text_error err;

    if (queue_length_parse(value->text, strlen(value->text), &length, &err) || length.unit != QUEUE_BYTES ||
        length.value < min || length.value > max)
        conf_wrong(build->errors, value->line, "%s: '%s': expected %s", node->key, value->text, expected);
    else
        *bytes = (uint32_t)length.value;
}

static void read_burst(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    read_bytes(build, node, value, 1, CONF_BURST_MAX, "bytes on the link, as \"6kB\", to 4GB",
               &((struct conf_contract *)thing)->terms.burst);
}

static void read_peak_burst(struct build *build, void *thing, const struct conf_node *node,
                            const struct conf_value *value)
{
    read_bytes(build, node, value, 1, CONF_BURST_MAX, "bytes on the link, as \"3kB\", to 4GB",
               &((struct conf_contract *)thing)->terms.peak_burst);
}

static const char packet_expected[] = "the size of an IP packet, from \"20B\" to \"9000B\"";

static void read_packet(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    static_assert(PACKET_MIN == 20 && PACKET_MAX == 9000, "the text says so");
    read_bytes(build, node, value, PACKET_MIN, PACKET_MAX, packet_expected,
               &((struct conf_contract *)thing)->terms.packet_max);
}

static void read_packet_min(struct build *build, void *thing, const struct conf_node *node,
                            const struct conf_value *value)
{
    read_bytes(build, node, value, PACKET_MIN, PACKET_MAX, packet_expected,
               &((struct conf_contract *)thing)->terms.packet_min);
}

void conf_read_time(struct build *build, const struct conf_node *node, const struct conf_value *value, bool zero,
                    int64_t *ns)
{
    struct queue_length length;
    struct text_error err;

    if (zero && (strcmp(value->text, "0") == 0 || strcmp(value->text, "0s") == 0 || strcmp(value->text, "0ms") == 0))
        *ns = 0;
    else if (queue_length_parse(value->text, strlen(value->text), &length, &err) || length.unit != QUEUE_NS)
        conf_wrong(build->errors, value->line, "%s: '%s': expected a time, as \"5ms\" or \"800us\"", node->key,
                   value->text);
    else
        *ns = (int64_t)length.value;
    if (!*ns && !zero)
        *ns = 100000000; /* so that it is not missed, too */
}

static void read_delay(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    conf_read_time(build, node, value, false, &((struct conf_contract *)thing)->terms.delay_ns);
}

static void read_jitter(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    conf_read_time(build, node, value, false, &((struct conf_contract *)thing)->terms.jitter_ns);
}

static void read_wait(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    conf_read_time(build, node, value, true, &((struct conf_contract *)thing)->terms.wait_ns);
}

static void read_excess(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_contract *contract = thing;
    unsigned treatment;

    contract->excess_said = true;
    if (conf_read_choice(build, node, value, contract_treatment_name, CONTRACT_TREATMENT_COUNT, &treatment))
        contract->terms.treatment = (enum contract_treatment)treatment;
}

/* Words of others have been read, or not. */
static void take_words(struct build *build, struct conf_contract *contract, const struct conf_node *node,
                       const struct conf_value *value, int error, const struct text_error *err)
{
    if (error)
        conf_wrong_text(build, node, value, err);
    contract->damaged |= error != 0;
}

static void read_atm(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_contract *contract = thing;
    struct text_error err;

    contract->atm_said = true;
    if (contract->words == CONF_WORDS_OWN)
        contract->words = CONF_WORDS_ATM;
    int error = atm_parse(value->text, strlen(value->text), &contract->atm, &err);
    take_words(build, contract, node, value, error, &err);
}

static void read_tspec(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_contract *contract = thing;
    struct text_error err;

    contract->words = CONF_WORDS_INTSERV;
    int error = tspec_parse(value->text, strlen(value->text), &contract->tspec, &err);
    take_words(build, contract, node, value, error, &err);
}

static void read_rspec(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_contract *contract = thing;
    struct text_error err;

    contract->words = CONF_WORDS_INTSERV;
    int error = rspec_parse(value->text, strlen(value->text), &contract->rspec, &err);
    take_words(build, contract, node, value, error, &err);
}

static const struct setting contract_settings[] = {
    {"out", read_out, false},       {"match", read_match, true},
    {"rate", read_rate, false},     {"burst", read_burst, false},
    {"peak", read_peak, false},     {"peak-burst", read_peak_burst, false},
    {"packet", read_packet, false}, {"packet-min", read_packet_min, false},
    {"delay", read_delay, false},   {"jitter", read_jitter, false},
    {"excess", read_excess, false}, {"wait", read_wait, false},
    {"atm", read_atm, false},       {"tspec", read_tspec, false},
    {"rspec", read_rspec, false},
};

const struct block conf_contract_block = {.key = "contract",
                                          .label = "the contract's name",
                                          .begin = begin_contract,
                                          .settings = contract_settings,
                                          .setting_count = ARRAY_SIZE(contract_settings)};

/* --- printing ---------------------------------------------------------------------------------------------------- */

static void print_length(FILE *stream, const char *key, enum queue_unit unit, uint64_t value)
{
    const struct queue_length length = {.unit = unit, .value = value};
    char text[QUEUE_LENGTH_TEXT_SIZE];

    queue_length_format(&length, text);
    if (value)
        conf_print_named(stream, 1, key, text);
}

static void print_words(const struct conf_contract *contract, FILE *stream)
{
    char text[ATM_TEXT_SIZE];

    static_assert(ATM_TEXT_SIZE == TSPEC_TEXT_SIZE && RSPEC_TEXT_SIZE <= ATM_TEXT_SIZE, "each fits");
    if (contract->words == CONF_WORDS_ATM) {
        atm_format(&contract->atm, text);
        conf_print_named(stream, 1, "atm", text);
    } else if (contract->words == CONF_WORDS_INTSERV) {
        tspec_format(&contract->tspec, text);
        conf_print_named(stream, 1, "tspec", text);
        rspec_format(&contract->rspec, text);
        if (contract->rspec.R)
            conf_print_named(stream, 1, "rspec", text);
    }
}

static void print(const struct conf_contract *contract, const struct match *matches, size_t match_count, FILE *stream)
{
    const struct contract *terms = &contract->terms;
    char text[MATCH_TEXT_SIZE];

    fprintf(stream, "\ncontract \"%s\" {\n", contract->name);
    if (contract->out[0])
        conf_print_named(stream, 1, "out", contract->out);
    for (size_t i = 0; i < match_count; i++) {
        match_format(&matches[i], text);
        conf_print_named(stream, 1, "match", text);
    }
    print_words(contract, stream);
    conf_print_bits(stream, 1, "rate", terms->rate);
    print_length(stream, "burst", QUEUE_BYTES, terms->burst);
    conf_print_bits(stream, 1, "peak", terms->peak_rate);
    print_length(stream, "peak-burst", QUEUE_BYTES, terms->peak_burst);
    if (contract->words != CONF_WORDS_INTSERV)
        print_length(stream, "packet", QUEUE_BYTES, conf_contract_packet(contract));
    print_length(stream, "packet-min", QUEUE_BYTES, terms->packet_min);
    print_length(stream, "delay", QUEUE_NS, (uint64_t)terms->delay_ns);
    print_length(stream, "jitter", QUEUE_NS, (uint64_t)terms->jitter_ns);
    conf_print_named(stream, 1, "excess", contract_treatment_name(conf_contract_excess(contract)));
    if (terms->wait_ns == 0)
        conf_print_named(stream, 1, "wait", "0");
    else if (terms->wait_ns > 0)
        print_length(stream, "wait", QUEUE_NS, (uint64_t)terms->wait_ns);
    fputs("}\n", stream);
}

void conf_print_contract(const struct conf_contract *contract, FILE *stream)
{
    if (contract->of_classes)
        print(contract, contract->said, contract->said_count, stream);
    else
        print(contract, contract->matches, contract->match_count, stream);
}

/* What it means, and not what is written. */
static void print_meant(const void *thing, FILE *stream)
{
    const struct conf_contract *contract = thing;

    print(contract, contract->matches, contract->match_count, stream);
}

bool conf_contract_equal(const struct conf_contract *a, const struct conf_contract *b)
{
    return conf_prints_equal(print_meant, a, b);
}
