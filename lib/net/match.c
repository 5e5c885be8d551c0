#include "net/match.h"

#include "base/compiler.h"
#include "net/dscp.h"
#include "net/ipv4.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    uint8_t number;
} protocols[] = {{"tcp", IPV4_PROTOCOL_TCP},   {"udp", IPV4_PROTOCOL_UDP},         {"sctp", IPV4_PROTOCOL_SCTP},
                 {"dccp", IPV4_PROTOCOL_DCCP}, {"udplite", IPV4_PROTOCOL_UDPLITE}, {"icmp", IPV4_PROTOCOL_ICMP},
                 {"gre", IPV4_PROTOCOL_GRE},   {"esp", IPV4_PROTOCOL_ESP}};

/* --- reading ----------------------------------------------------------------------------------------------------- */

/* Words, and which of them have been there. */
struct reader {
    const char *text;
    size_t len, at, word_len; /* the word at `at`; 0: there is none any more */
    bool from, to, dscp, in, protocol, from_ports, to_ports;
    size_t ports_at; /* of the last word `port` */
    struct match match;
};

static void find_word(struct reader *reader)
{
    reader->word_len = text_word(reader->text, reader->len, &reader->at);
}

static void next_word(struct reader *reader)
{
    reader->at += reader->word_len;
    find_word(reader);
}

static bool is_word(const struct reader *reader, const char *word)
{
    return text_is(reader->text + reader->at, reader->word_len, word);
}

/* What another parser found in the word. */
static int wrong_word(const struct reader *reader, struct text_error *err)
{
    if (err)
        err->at += reader->at;
    return -EINVAL;
}

static int read_prefix(struct reader *reader, struct ipv4_prefix *prefix, struct text_error *err)
{
    const char *word = reader->text + reader->at;

    if (!reader->word_len)
        return text_wrong(err, reader->at, "an address, a prefix, or any");
    if (is_word(reader, "any"))
        return 0;
    return ipv4_prefix_parse(word, reader->word_len, IPV4_PREFIX_ALLOW_ADDRESS, prefix, err) ? wrong_word(reader, err)
                                                                                             : 0;
}

static int read_ports(struct reader *reader, struct match_ports *ports, struct text_error *err)
{
    static const char expected[] = "a port from 0 to 65535, or a range of them, as 5004-5010";
    const char *word = reader->text + reader->at;
    uint32_t first, last;
    size_t at = 0;

    if (text_decimal(word, reader->word_len, &at, UINT16_MAX, expected, &first, err))
        return wrong_word(reader, err);
    last = first;
    if (at < reader->word_len && word[at] == '-') {
        at++;
        if (text_decimal(word, reader->word_len, &at, UINT16_MAX, expected, &last, err))
            return wrong_word(reader, err);
    }
    if (at != reader->word_len || last < first)
        return text_wrong(err, reader->at + (last < first ? 0 : at), expected);
    *ports = (struct match_ports){(uint16_t)first, (uint16_t)last};
    return 0;
}

/* `from` or `to`, and the ports behind. */
static int read_end(struct reader *reader, bool *there, struct ipv4_prefix *prefix, bool *ports_there,
                    struct match_ports *ports, struct text_error *err)
{
    if (*there)
        return text_wrong(err, reader->at, "each word once at most");
    *there = true;
    next_word(reader);
    int error = read_prefix(reader, prefix, err);
    if (error)
        return error;
    next_word(reader);
    if (!is_word(reader, "port"))
        return 0;
    *ports_there = true;
    reader->ports_at = reader->at;
    next_word(reader);
    error = read_ports(reader, ports, err);
    if (!error)
        next_word(reader);
    return error;
}

static int read_dscp(struct reader *reader, struct text_error *err)
{
    if (reader->dscp)
        return text_wrong(err, reader->at, "each word once at most");
    reader->dscp = true;
    next_word(reader);
    if (dscp_parse(reader->text + reader->at, reader->word_len, &reader->match.dscp, err))
        return wrong_word(reader, err);
    next_word(reader);
    return 0;
}

static int read_in(struct reader *reader, struct text_error *err)
{
    if (reader->in)
        return text_wrong(err, reader->at, "each word once at most");
    reader->in = true;
    next_word(reader);
    if (!reader->word_len || reader->word_len >= MATCH_NAME_SIZE)
        return text_wrong(err, reader->at, "the name of an interface: 1 to 15 characters");
    memcpy(reader->match.in, reader->text + reader->at, reader->word_len);
    next_word(reader);
    return 0;
}

/* A protocol by its name or number; -ENOENT: the word is none. */
static int read_protocol(struct reader *reader, struct text_error *err)
{
    size_t at = 0, number = ARRAY_SIZE(protocols);
    uint32_t read;

    for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
        if (is_word(reader, protocols[i].name))
            number = i;
    if (number == ARRAY_SIZE(protocols) && !is_word(reader, "protocol"))
        return -ENOENT;
    if (reader->protocol)
        return text_wrong(err, reader->at, "one protocol at most");
    reader->protocol = true;
    if (number < ARRAY_SIZE(protocols)) {
        reader->match.protocol = protocols[number].number;
    } else {
        static const char expected[] = "the number of a protocol, from 1 to 255";
        next_word(reader);
        const char *word = reader->text + reader->at;
        if (text_decimal(word, reader->word_len, &at, UINT8_MAX, expected, &read, err))
            return wrong_word(reader, err);
        if (at != reader->word_len || read == 0)
            return text_wrong(err, reader->at, expected);
        reader->match.protocol = (uint8_t)read;
    }
    next_word(reader);
    return 0;
}

static int read_word(struct reader *reader, struct text_error *err)
{
    struct match *match = &reader->match;

    if (is_word(reader, "from"))
        return read_end(reader, &reader->from, &match->from, &reader->from_ports, &match->from_ports, err);
    if (is_word(reader, "to"))
        return read_end(reader, &reader->to, &match->to, &reader->to_ports, &match->to_ports, err);
    if (is_word(reader, "dscp"))
        return read_dscp(reader, err);
    if (is_word(reader, "in"))
        return read_in(reader, err);
    int error = read_protocol(reader, err);
    return error == -ENOENT
               ? text_wrong(err, reader->at, "a protocol (tcp, udp, icmp, ..., protocol NUMBER), from, to, dscp or in")
               : error;
}

int match_parse(const char *text, size_t len, struct match *match, struct text_error *err)
{
    struct reader reader = {.text = text, .len = len, .match = MATCH_ANY};

    find_word(&reader);
    if (!reader.word_len)
        return text_wrong(err, 0, "which packets, as \"dscp ef\" or \"udp to 192.0.2.7 port 5004\"");
    if (is_word(&reader, "any")) {
        next_word(&reader);
        if (reader.word_len)
            return text_wrong(err, reader.at, "nothing behind any");
    }
    while (reader.word_len) {
        int error = read_word(&reader, err);
        if (error)
            return error;
    }
    if ((reader.from_ports || reader.to_ports) && !ipv4_protocol_has_ports(reader.match.protocol))
        return text_wrong(err, reader.ports_at, "a protocol with ports too: tcp, udp, sctp, dccp or udplite");
    *match = reader.match;
    return 0;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

/* One more word. */
__attribute__((format(printf, 2, 3))) static void say(char out[static MATCH_TEXT_SIZE], const char *format, ...)
{
    size_t len = strlen(out);
    va_list args;

    if (len && len + 1 < MATCH_TEXT_SIZE) {
        out[len++] = ' ';
        out[len] = '\0';
    }
    va_start(args, format);
    vsnprintf(out + len, MATCH_TEXT_SIZE - len, format, args);
    va_end(args);
}

static void say_end(char out[static MATCH_TEXT_SIZE], const char *word, struct ipv4_prefix prefix,
                    struct match_ports ports)
{
    char text[IPV4_PREFIX_TEXT_SIZE] = "any";

    if (!prefix.len && match_ports_are_any(ports))
        return;
    if (prefix.len == 32)
        ipv4_addr_format(prefix.addr, text);
    else if (prefix.len)
        ipv4_prefix_format(prefix, text);
    say(out, "%s %s", word, text);
    if (match_ports_are_any(ports))
        return;
    if (ports.first == ports.last)
        say(out, "port %u", ports.first);
    else
        say(out, "port %u-%u", ports.first, ports.last);
}

const char *match_protocol_name(uint8_t protocol)
{
    for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
        if (protocols[i].number == protocol)
            return protocols[i].name;
    return NULL;
}

static void say_protocol(char out[static MATCH_TEXT_SIZE], uint8_t protocol)
{
    const char *name = match_protocol_name(protocol);

    if (name)
        say(out, "%s", name);
    else if (protocol)
        say(out, "protocol %u", protocol);
}

void match_format(const struct match *match, char out[static MATCH_TEXT_SIZE])
{
    char dscp[DSCP_TEXT_SIZE];

    out[0] = '\0';
    say_protocol(out, match->protocol);
    say_end(out, "from", match->from, match->from_ports);
    say_end(out, "to", match->to, match->to_ports);
    if (match->dscp != MATCH_ANY_DSCP) {
        dscp_format(match->dscp, dscp);
        say(out, "dscp %s", dscp);
    }
    if (match->in[0])
        say(out, "in %s", match->in);
    if (!out[0])
        say(out, "any");
}

/* --- what is meant ----------------------------------------------------------------------------------------------- */

static bool prefixes_overlap(struct ipv4_prefix a, struct ipv4_prefix b)
{
    return ipv4_prefix_covers(a, b) || ipv4_prefix_covers(b, a);
}

static bool ports_overlap(struct match_ports a, struct match_ports b)
{
    return a.first <= b.last && b.first <= a.last;
}

bool match_overlaps(const struct match *a, const struct match *b)
{
    return (!a->protocol || !b->protocol || a->protocol == b->protocol) &&
           (a->dscp == MATCH_ANY_DSCP || b->dscp == MATCH_ANY_DSCP || a->dscp == b->dscp) &&
           prefixes_overlap(a->to, b->to) && prefixes_overlap(a->from, b->from) &&
           ports_overlap(a->to_ports, b->to_ports) && ports_overlap(a->from_ports, b->from_ports) &&
           (!a->in[0] || !b->in[0] || strcmp(a->in, b->in) == 0);
}

bool match_holds(const struct match *match, const struct flow *flow, const char *in)
{
    bool ip = flow->kind & FLOW_IP, ipv4 = flow->kind & FLOW_IPV4, ports = flow->kind & FLOW_PORTS;

    return (!match->protocol || (ip && match->protocol == flow->protocol)) &&
           (match->dscp == MATCH_ANY_DSCP || (ip && match->dscp == flow->dscp)) &&
           (!match->from.len || (ipv4 && ipv4_prefix_contains(match->from, flow->src))) &&
           (!match->to.len || (ipv4 && ipv4_prefix_contains(match->to, flow->dst))) &&
           (match_ports_are_any(match->from_ports) ||
            (ports && match->from_ports.first <= flow->src_port && flow->src_port <= match->from_ports.last)) &&
           (match_ports_are_any(match->to_ports) ||
            (ports && match->to_ports.first <= flow->dst_port && flow->dst_port <= match->to_ports.last)) &&
           (!match->in[0] || strcmp(match->in, in) == 0);
}
