/* Clients that are treated in a way of their own: a kind of them, or one. */
#include "base/compiler.h"
#include "conf/bytes.h"
#include "conf/dhcp.h"

#include <errno.h>
#include <string.h>

#define BYTES_MAX 255

/* --- classes ------------------------------------------------------------------------------------------------------ */

static void *begin_class(struct build *build, void *within, const struct conf_node *node)
{
    struct conf_dhcp_general *general = within;
    struct conf_class *class = conf_append(build, &general->classes, &general->class_count, sizeof(*general->classes));

    if (!class)
        return NULL;
    class->name = conf_keep(build, node->label);
    class->scope.line = node->line;
    return class;
}

/* Text, or how it begins: "PXEClient*". */
static void add_text(struct build *build, const struct conf_node *node, const struct conf_value *value,
                     struct dhcp_pattern **patterns, size_t *count)
{
    size_t len = strlen(value->text);
    bool prefix = len && value->text[len - 1] == '*';

    if (len == 0 || len > BYTES_MAX) {
        conf_wrong(build->errors, value->line, "%s: '%s': expected 1 to 255 characters", node->key, value->text);
        return;
    }
    struct dhcp_pattern *pattern = conf_append(build, patterns, count, sizeof(**patterns));
    if (pattern)
        conf_keep_bytes(build, (const uint8_t *)value->text, len - prefix, prefix, pattern);
}

static void read_vendor(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_class *class = thing;

    add_text(build, node, value, &class->vendors, &class->vendor_count);
}

static void read_user(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_class *class = thing;

    add_text(build, node, value, &class->users, &class->user_count);
}

static void read_class_mac(struct build *build, void *thing, const struct conf_node *node,
                           const struct conf_value *value)
{
    struct conf_class *class = thing;
    uint8_t bytes[DHCP_CHADDR_SIZE];
    struct text_error err;
    size_t len = 0;

    if (dhcp_option_encode(DHCP_TYPE_BYTES, value->text, bytes, sizeof(bytes), &len, &err)) {
        conf_wrong(build->errors, value->line, "%s: '%s': expected how hardware addresses begin, as \"00:1b:54\"",
                   node->key, value->text);
        return;
    }
    struct dhcp_pattern *pattern = conf_append(build, &class->macs, &class->mac_count, sizeof(*class->macs));
    if (pattern)
        conf_keep_bytes(build, bytes, len, true, pattern);
}

static void read_architecture(struct build *build, void *thing, const struct conf_node *node,
                              const struct conf_value *value)
{
    struct conf_class *class = thing;
    uint32_t number;

    if (!conf_read_number(build, node, value, 0, UINT16_MAX, "a number from 0 to 65535", &number))
        return;
    uint16_t *system = conf_append(build, &class->systems, &class->system_count, sizeof(*class->systems));
    if (system)
        *system = (uint16_t)number;
}

static void read_contract(struct build *build, void *thing, const struct conf_node *node,
                          const struct conf_value *value)
{
    struct conf_class *class = thing;
    const char *name = conf_keep(build, value->text);
    struct conf_named_contract *contract =
        conf_append(build, &class->contracts, &class->contract_count, sizeof(*class->contracts));

    (void)node;
    if (contract)
        *contract = (struct conf_named_contract){.name = name ? name : "", .line = value->line};
}

static const struct setting class_settings[] = {
    {"vendor-class", read_vendor, true}, {"user-class", read_user, true},   {"architecture", read_architecture, true},
    {"mac", read_class_mac, true},       {"contract", read_contract, true},
};

const struct block conf_class_block = {.key = "class",
                                       .label = "the class's name",
                                       .begin = begin_class,
                                       .settings = class_settings,
                                       .setting_count = ARRAY_SIZE(class_settings),
                                       .extends = &conf_scope_block};

/* --- reservations ------------------------------------------------------------------------------------------------- */

static void *begin_reservation(struct build *build, void *within, const struct conf_node *node)
{
    struct conf_dhcp *dhcp = within;
    struct conf_reservation *reservation =
        conf_append(build, &dhcp->reservations, &dhcp->reservation_count, sizeof(*dhcp->reservations));

    if (!reservation)
        return NULL;
    reservation->name = conf_keep(build, node->label);
    reservation->scope.line = node->line;
    return reservation;
}

static void read_mac(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_reservation *reservation = thing;
    uint8_t bytes[DHCP_CHADDR_SIZE];
    struct text_error err;
    size_t len = 0;

    if (dhcp_option_encode(DHCP_TYPE_BYTES, value->text, bytes, sizeof(bytes), &len, &err) || len < 6)
        conf_wrong(build->errors, value->line, "%s: '%s': expected a hardware address, as \"02:00:5e:10:00:01\"",
                   node->key, value->text);
    else
        conf_keep_bytes(build, bytes, len, false, &reservation->keys[DHCP_BY_MAC]);
}

static void read_client_id(struct build *build, void *thing, const struct conf_node *node,
                           const struct conf_value *value)
{
    conf_read_bytes(build, node, value, &((struct conf_reservation *)thing)->keys[DHCP_BY_CLIENT_ID]);
}

static void read_circuit_id(struct build *build, void *thing, const struct conf_node *node,
                            const struct conf_value *value)
{
    conf_read_bytes(build, node, value, &((struct conf_reservation *)thing)->keys[DHCP_BY_CIRCUIT_ID]);
}

static void read_reserved(struct build *build, void *thing, const struct conf_node *node,
                          const struct conf_value *value)
{
    conf_read_address(build, node, value, &((struct conf_reservation *)thing)->addr);
}

static const struct setting reservation_settings[] = {
    {"mac", read_mac, false},
    {"client-id", read_client_id, false},
    {"circuit-id", read_circuit_id, false},
    {"address", read_reserved, false},
};

const struct block conf_reservation_block = {.key = "reservation",
                                             .label = "a name",
                                             .begin = begin_reservation,
                                             .settings = reservation_settings,
                                             .setting_count = ARRAY_SIZE(reservation_settings),
                                             .extends = &conf_scope_block};
