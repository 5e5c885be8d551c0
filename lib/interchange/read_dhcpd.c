/* ISC's dhcpd.conf: subnets, their ranges and routers, and hosts with fixed addresses. */
#include "interchange/inside.h"

#include "base/isc_text.h"
#include "net/ipv4_addr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The next token within something that must not end here. 0; -EINVAL. */
static int next(struct reading *reading, struct isc_token *token)
{
    int rc = isc_next(&reading->source, token);

    reading->place.number = reading->source.line;
    if (rc == 0)
        return reading_wrong(reading, "expected '}' or ';', found the end of the file");
    return rc < 0 ? rc : 0;
}

/* The words of a statement up to its ';', which may have commas behind them, one after the other: 1: there is one;
 * 0: it ends; -EINVAL. */
static int next_word(struct reading *reading, struct isc_token *token)
{
    do {
        int error = next(reading, token);
        if (error)
            return error;
        if (isc_is(token, ";"))
            return 0;
        if (isc_is(token, "{") || isc_is(token, "}"))
            return reading_wrong(reading, "expected ';', found '%s'", token->text);
        while (token->len && token->text[token->len - 1] == ',')
            token->text[--token->len] = '\0';
    } while (!token->len);
    return 1;
}

static struct interchange_node *add(struct reading *reading, struct ipv4_range range, enum plan_kind kind)
{
    struct interchange_node *node = reading_add(reading, range);

    if (node)
        reading_kind(node, kind);
    return node;
}

/* range [dynamic-bootp] FIRST [LAST]; */
static int read_range(struct reading *reading, struct isc_token *token)
{
    struct ipv4_range range = {0, 0};
    unsigned found = 0;
    int rc;

    while ((rc = next_word(reading, token)) == 1) {
        uint32_t addr;
        if (isc_is(token, "dynamic-bootp") && !found)
            continue;
        if (found == 2 || ipv4_addr_parse(token->text, token->len, &addr, NULL))
            return reading_wrong(reading, "range: expected one or two addresses");
        *(found++ ? &range.last : &range.first) = addr;
    }
    if (found == 1)
        range.last = range.first;
    if (!rc && (!found || range.first > range.last))
        return reading_wrong(reading, "range: expected one or two addresses, the lower one first");
    if (!rc)
        add(reading, range, PLAN_POOL);
    return rc;
}

/* A list of addresses, of hosts that have a name or a note; what is no address is left out. */
static int read_hosts(struct reading *reading, struct isc_token *token, const char *name, const char *note)
{
    int rc;

    while ((rc = next_word(reading, token)) == 1) {
        uint32_t addr;
        if (ipv4_addr_parse(token->text, token->len, &addr, NULL)) {
            reading_remark(reading, "'%.60s' is left out: it is no address", token->text);
            continue;
        }
        struct interchange_node *node = add(reading, (struct ipv4_range){addr, addr}, PLAN_HOST);
        if (node)
            node->beside_pools = true;
        if (node && name)
            reading_name(reading, node, name);
        if (node && note)
            reading_note(reading, node, note);
    }
    return rc;
}

static int read_block(struct reading *reading, struct isc_token *token, const char *host, unsigned depth);

/* The rest of a statement that says nothing of addresses; what is in its block may. */
static int read_other(struct reading *reading, struct isc_token *token, const char *host, unsigned depth)
{
    int error = 0;

    while (!error && !isc_is(token, ";") && !isc_is(token, "{"))
        error = isc_is(token, "}") ? reading_wrong(reading, "expected ';', found '}'") : next(reading, token);
    return error || isc_is(token, ";") ? error : read_block(reading, token, host, depth + 1);
}

/* subnet NETWORK netmask MASK { */
static int read_subnet(struct reading *reading, struct isc_token *token, unsigned depth)
{
    char text[ISC_TOKEN_MAX + 1];
    struct ipv4_prefix prefix;
    int error = next(reading, token);

    if (error)
        return error;
    size_t len = token->len < 20 ? token->len : 20;
    memcpy(text, token->text, len);
    if ((error = next(reading, token)))
        return error;
    bool right = isc_is(token, "netmask");
    if ((error = next(reading, token)))
        return error;
    text[len++] = '/';
    memcpy(text + len, token->text, token->len < 20 ? token->len : 20);
    len += token->len < 20 ? token->len : 20;
    if (!right || ipv4_prefix_parse(text, len, IPV4_PREFIX_ALLOW_MASK, &prefix, NULL))
        return reading_wrong(reading, "expected subnet NETWORK netmask MASK");
    add(reading, ipv4_range_of(prefix), PLAN_SUBNET);
    error = next(reading, token);
    return error ? error : read_other(reading, token, NULL, depth);
}

static int read_host(struct reading *reading, struct isc_token *token, unsigned depth)
{
    char name[PLAN_NAME_MAX + 2] = "";
    int error = next(reading, token);

    if (error)
        return error;
    if (!isc_is(token, "{")) {
        size_t len = token->len < sizeof(name) - 1 ? token->len : sizeof(name) - 1;
        memcpy(name, token->text, len);
        name[len] = '\0';
    }
    return read_other(reading, token, name, depth);
}

/* option routers ADDRESS, ...; */
static int read_option(struct reading *reading, struct isc_token *token, unsigned depth)
{
    int error = next(reading, token);

    if (error || !isc_is(token, "routers"))
        return error ? error : read_other(reading, token, NULL, depth);
    return read_hosts(reading, token, NULL, "router");
}

static int read_statement(struct reading *reading, struct isc_token *token, const char *host, unsigned depth)
{
    if (isc_is(token, "subnet"))
        return read_subnet(reading, token, depth);
    if (isc_is(token, "range"))
        return read_range(reading, token);
    if (isc_is(token, "option"))
        return read_option(reading, token, depth);
    if (isc_is(token, "host"))
        return read_host(reading, token, depth);
    if (isc_is(token, "include"))
        reading_remark(reading, "what is included here is not read");
    if (isc_is(token, "fixed-address"))
        return read_hosts(reading, token, host, NULL);
    return read_other(reading, token, host, depth);
}

#define DEPTH_MAX 32

/* Statements up to the '}'. */
static int read_block(struct reading *reading, struct isc_token *token, const char *host, unsigned depth)
{
    int error = depth > DEPTH_MAX ? reading_wrong(reading, "expected at most %d blocks within one another", DEPTH_MAX)
                                  : next(reading, token);

    while (!error && !isc_is(token, "}")) {
        if (!isc_is(token, ";"))
            error = read_statement(reading, token, host, depth);
        if (!error)
            error = next(reading, token);
    }
    return error;
}

int read_dhcpd(struct reading *reading)
{
    struct isc_token *token = malloc(sizeof(*token));
    int rc = token ? 1 : -ENOMEM;

    while (rc == 1 && (rc = isc_next(&reading->source, token)) == 1) {
        reading->place.number = reading->source.line;
        int error = isc_is(token, ";")   ? 0
                    : isc_is(token, "}") ? reading_wrong(reading, "found a '}' without its '{'")
                                         : read_statement(reading, token, NULL, 0);
        if (error)
            rc = error;
    }
    if (rc == -EINVAL && !reading->to->wrong[0])
        reading_wrong(reading, "%s", reading->source.expected);
    free(token);
    return rc;
}
