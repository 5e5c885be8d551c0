/*
 * Within lib/interchange: what its readers share.
 */
#pragma once

#include "base/source.h"
#include "interchange/interchange.h"

#include <jansson.h>
#include <stdarg.h>

/* A file that is being read. */
struct reading {
    struct interchange *to;
    struct source source;
    struct interchange_place place; /* of what is read */
    bool known;                     /* it is of one of the formats */
    bool failed;                    /* there is no memory */
};

/* Always -EINVAL: the file is wrong in source.line (0: not in one). */
__attribute__((format(printf, 2, 3))) int reading_wrong(struct reading *reading, const char *format, ...);
/* Something in the element that is read is wrong, or left out. */
__attribute__((format(printf, 2, 3))) void reading_fault(struct reading *reading, const char *format, ...);
__attribute__((format(printf, 2, 3))) void reading_remark(struct reading *reading, const char *format, ...);

/* A remark, of which `where` says all but its text. */
__attribute__((format(printf, 3, 0))) void reading_say(struct interchange *to, const struct interchange_remark *where,
                                                       const char *format, va_list args);

/* One more node of this range. NULL: no memory. */
struct interchange_node *reading_add(struct reading *reading, struct ipv4_range range);

/* A range: the address or the block that a text is, host bits or not. False: it is none; IPv6 is counted. */
bool reading_prefix(struct reading *reading, const char *text, struct ipv4_prefix *prefix);
bool reading_address(struct reading *reading, const char *text, uint32_t *addr);

/* A member of an object that is a text; an empty one if it is none. */
static inline const char *reading_member(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

/* A text for a node: without control characters, at most as long as it may be, which is remarked. NULL: an empty one.
 * What is no UTF-8 is a fault. */
const char *reading_text(struct reading *reading, const char *what, const char *text);

/* Its members. */
void reading_name(struct reading *reading, struct interchange_node *node, const char *name); /* soft */
void reading_owner(struct reading *reading, struct interchange_node *node, const char *owner);
void reading_note(struct reading *reading, struct interchange_node *node, const char *note);
void reading_kind(struct interchange_node *node, enum plan_kind kind);
void reading_status(struct interchange_node *node, enum plan_status status);
/* All that an entry says, copied. */
void reading_wanted(struct reading *reading, struct interchange_node *node, const struct plan_wanted *wanted);

/* --- formats: 0; -EINVAL, as reading_wrong() says; faults apart ----------------------------------------------------
 */

int read_csv(struct reading *reading);
int read_dhcpd(struct reading *reading);
/* Kea's, `ip -j route`'s, or our own. */
int read_json(struct reading *reading);
int read_kea(struct reading *reading, const json_t *subnets, const char *list);
int read_routes(struct reading *reading, const json_t *routes);

/* NetBox keeps what it has no place for in a comment, as "fairlead: " and JSON. */
#define NETBOX_COMMENT "fairlead: "
/* As NetBox has them. Texts are static, or the entry's; never NULL. */
const char *netbox_status(const struct plan_entry *entry);
const char *netbox_description(const struct plan_entry *entry); /* the note, or else the name */
