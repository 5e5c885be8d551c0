/*
 * References from a configuration to the address plan. "plan:NAME", as a value, a label, or a word in one of these,
 * stands for the range of the plan's node of that name: "10.0.1.0/24", "10.0.1.10-10.0.1.99", "10.0.1.1"; as an
 * interface's address, for a host's address with the length of the subnet around it: "10.0.1.1/24".
 *
 * What names mean is part of the text that is parsed, so that whoever is given the text needs no plan. It stands in
 * blocks at its end, of which the last one of a name counts:
 *
 *     planned "NAME" { range = "10.0.1.1"  length = 24 }
 *
 * Of a configuration that has `plan { discard = true }` there also stands what is announced: each of it is a route that
 * discards, if the configuration has no route for just that prefix.
 *
 *     planned-discards = ["198.51.100.0/22"]
 */
#pragma once

#include "base/arena.h"
#include "net/ipv4_range.h"

#include <stdbool.h>
#include <stdio.h>

#define CONF_PLANNED "plan:" /* begins a reference; the name goes on to the next space */

/* What a name means. */
struct conf_reference {
    const char *name;
    bool found;
    struct ipv4_range range;
    uint8_t len; /* of the subnet that it lies in; 32: in none */
};

/* All zeros is empty. */
struct conf_references {
    struct arena arena;
    struct conf_reference *all; /* by name, each once */
    size_t count;
    bool wants_discards;
    struct ipv4_prefix *discards;
    size_t discard_count;
};

/* The names in a text, right or wrong as a configuration. 0; -ENOMEM. Clear it in any case. */
int conf_references_find(const char *text, size_t len, struct conf_references *references);
void conf_references_clear(struct conf_references *references);

/* Whether it takes anything from the plan. */
bool conf_references_any(const struct conf_references *references);

/* One more discard. 0; -ENOMEM. */
int conf_references_discard(struct conf_references *references, struct ipv4_prefix prefix);

/* One of them; NULL: nothing refers to that name. */
struct conf_reference *conf_references_get(const struct conf_references *references, const char *name);

/* Fill in what the blocks of a text say of them. 0; -EINVAL: it is no such text; -ENOMEM. */
int conf_references_read(const char *text, size_t len, struct conf_references *references);

/* The blocks of those that were found. */
void conf_references_print(const struct conf_references *references, FILE *stream);

/* --- within lib/conf ---------------------------------------------------------------------------------------------- */

struct conf_node;
struct conf_errors;

/* Whether a text can have anything of this in it: most have not, and need not be looked through. */
bool conf_planned_possible(const char *text, size_t len);

/* Put what names mean in the place of references in a tree, and take out the blocks that say so. 0; -EINVAL: names that
 * mean nothing, and blocks that are wrong, are listed; what else is wrong cannot be told then; -ENOMEM. */
int conf_planned_resolve(struct conf_node *root, struct arena *arena, struct conf_errors *errors);
