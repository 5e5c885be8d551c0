#include "sched/demand.h"

#include "base/random.h"

#include <assert.h>
#include <stdlib.h>

#define NONE UINT32_MAX

/* Bytes by 10^-9: what a rate in bytes a second gives in a nanosecond. */
typedef __int128 wide;
#define BYTE ((wide)1000000000)

/* Several bends together: the sum of jumps, of slopes, and of slopes by their times. */
struct sums {
    wide slope_at;
    uint64_t jump;
    int64_t slope;
};

struct line {
    wide offset;
    int64_t slope;
};

/*
 * A time at which curves bend, in a tree in the order of time that is kept in balance by random priorities (a treap;
 * Seidel and Aragon 1996). Of a subtree: what its bends sum up to; and a line that nowhere lies above the slack of any
 * of its times, which is what the link sends less what the subtree's own curves demand.
 */
struct node {
    struct sums own, all;
    struct line below;
    int64_t at_ns;
    int64_t first_ns, last_ns; /* of the subtree */
    uint32_t left, right;
    uint32_t priority;
    uint32_t members; /* the first bend that is here, by owner */
};

/* An owner's bend: number owner x DEMAND_BENDS + which. */
struct member {
    uint32_t next, previous;
};

struct demand {
    uint64_t rate, blocking;
    uint32_t root, free; /* nodes; the free ones are linked by `left` */
    uint32_t fresh;      /* from here on none has ever been used */
    uint64_t random;
    struct node *nodes;
    struct member *members;
};

struct demand *demand_new(uint64_t rate, uint64_t blocking, uint32_t owners)
{
    struct demand *demand = malloc(sizeof(*demand));
    size_t bends = (size_t)owners * DEMAND_BENDS;

    if (!demand)
        return NULL;
    *demand = (struct demand){.rate = rate,
                              .blocking = blocking,
                              .root = NONE,
                              .free = NONE,
                              .random = 1,
                              .nodes = calloc(bends, sizeof(*demand->nodes)),
                              .members = calloc(bends, sizeof(*demand->members))};
    return demand->nodes && demand->members ? demand : demand_free(demand);
}

struct demand *demand_free(struct demand *demand)
{
    if (!demand)
        return NULL;
    free(demand->nodes);
    free(demand->members);
    free(demand);
    return NULL;
}

static struct sums plus(struct sums a, struct sums b)
{
    return (struct sums){.slope_at = a.slope_at + b.slope_at, .jump = a.jump + b.jump, .slope = a.slope + b.slope};
}

/* What bends at or before x demand then. */
static wide demand_at(struct sums sums, int64_t x_ns)
{
    return sums.jump * BYTE + (wide)sums.slope * x_ns - sums.slope_at;
}

static wide on(struct line line, int64_t x_ns)
{
    return line.offset + (wide)line.slope * x_ns;
}

/* --- the tree ---------------------------------------------------------------------------------------------------- */

/* The line of a subtree, from those of its halves and the time between them: with the slope from its first time to its
 * last, and as high as it may lie. `before`: of the left half; `with`: and of the node. */
static struct line line_below(const struct demand *demand, const struct node *node, struct sums before)
{
    struct sums with = plus(before, node->own);
    int64_t at_ns[5];
    wide slack[5];
    unsigned count = 0;

    if (node->left != NONE) {
        const struct node *left = &demand->nodes[node->left];
        at_ns[count] = left->first_ns;
        slack[count++] = on(left->below, left->first_ns);
        at_ns[count] = left->last_ns;
        slack[count++] = on(left->below, left->last_ns);
    }
    at_ns[count] = node->at_ns;
    slack[count++] = (wide)demand->rate * node->at_ns - demand_at(with, node->at_ns);
    if (node->right != NONE) {
        const struct node *right = &demand->nodes[node->right];
        at_ns[count] = right->first_ns;
        slack[count++] = on(right->below, right->first_ns) - demand_at(with, right->first_ns);
        at_ns[count] = right->last_ns;
        slack[count++] = on(right->below, right->last_ns) - demand_at(with, right->last_ns);
    }
    struct line line = {0};
    int64_t length_ns = at_ns[count - 1] - at_ns[0];
    if (length_ns)
        line.slope = (int64_t)((slack[count - 1] - slack[0]) / length_ns);
    line.offset = slack[0] - (wide)line.slope * at_ns[0];
    for (unsigned i = 1; i < count; i++) {
        wide offset = slack[i] - (wide)line.slope * at_ns[i];
        if (offset < line.offset)
            line.offset = offset;
    }
    return line;
}

/* What a node says of its subtree. */
static void look(struct demand *demand, uint32_t number)
{
    struct node *node = &demand->nodes[number];
    struct sums before = {0};

    if (node->left != NONE)
        before = demand->nodes[node->left].all;
    node->below = line_below(demand, node, before);
    node->all = plus(before, node->own);
    node->first_ns = node->left == NONE ? node->at_ns : demand->nodes[node->left].first_ns;
    node->last_ns = node->at_ns;
    if (node->right != NONE) {
        node->all = plus(node->all, demand->nodes[node->right].all);
        node->last_ns = demand->nodes[node->right].last_ns;
    }
}

static uint32_t node_new(struct demand *demand, int64_t at_ns)
{
    uint32_t number = demand->free;

    if (number != NONE)
        demand->free = demand->nodes[number].left;
    else
        number = demand->fresh++;
    demand->nodes[number] = (struct node){.at_ns = at_ns,
                                          .left = NONE,
                                          .right = NONE,
                                          .priority = (uint32_t)(random_u64(&demand->random) >> 32),
                                          .members = NONE};
    return number;
}

/* Those before a time, and the others; there is none at it. */
static void split(struct demand *demand, uint32_t root, int64_t at_ns, uint32_t *before, uint32_t *after)
{
    if (root == NONE) {
        *before = *after = NONE;
        return;
    }
    struct node *node = &demand->nodes[root];
    if (node->at_ns < at_ns) {
        split(demand, node->right, at_ns, &node->right, after);
        *before = root;
    } else {
        split(demand, node->left, at_ns, before, &node->left);
        *after = root;
    }
    look(demand, root);
}

/* Both trees as one; all of `a` are before all of `b`. */
static uint32_t join(struct demand *demand, uint32_t a, uint32_t b)
{
    if (a == NONE || b == NONE)
        return a == NONE ? b : a;
    if (demand->nodes[a].priority > demand->nodes[b].priority) {
        demand->nodes[a].right = join(demand, demand->nodes[a].right, b);
        look(demand, a);
        return a;
    }
    demand->nodes[b].left = join(demand, a, demand->nodes[b].left);
    look(demand, b);
    return b;
}

/* The node of a time, or NONE. */
static uint32_t find(const struct demand *demand, int64_t at_ns)
{
    uint32_t number = demand->root;

    while (number != NONE && demand->nodes[number].at_ns != at_ns)
        number = at_ns < demand->nodes[number].at_ns ? demand->nodes[number].left : demand->nodes[number].right;
    return number;
}

/* A node goes where its priority puts it. The root of what there is then. */
static uint32_t insert(struct demand *demand, uint32_t root, uint32_t number)
{
    struct node *node = &demand->nodes[number];

    if (root == NONE || node->priority > demand->nodes[root].priority) {
        split(demand, root, node->at_ns, &node->left, &node->right);
        look(demand, number);
        return number;
    }
    struct node *parent = &demand->nodes[root];
    if (node->at_ns < parent->at_ns)
        parent->left = insert(demand, parent->left, number);
    else
        parent->right = insert(demand, parent->right, number);
    look(demand, root);
    return root;
}

/* The node of a time has another sum, or, with `gone`, is to go. The root of what there is then. */
static uint32_t change(struct demand *demand, uint32_t root, int64_t at_ns, struct sums own, bool gone)
{
    struct node *node = &demand->nodes[root];

    if (node->at_ns == at_ns) {
        if (gone)
            return join(demand, node->left, node->right);
        node->own = own;
    } else if (at_ns < node->at_ns) {
        node->left = change(demand, node->left, at_ns, own, gone);
    } else {
        node->right = change(demand, node->right, at_ns, own, gone);
    }
    look(demand, root);
    return root;
}

/* --- changes ----------------------------------------------------------------------------------------------------- */

static struct sums sums_of(const struct demand_bend *bend)
{
    return (struct sums){.slope_at = (wide)bend->slope * bend->at_ns, .jump = bend->jump, .slope = bend->slope};
}

static void add_bend(struct demand *demand, uint32_t member, const struct demand_bend *bend)
{
    uint32_t number = find(demand, bend->at_ns);

    if (number == NONE) {
        number = node_new(demand, bend->at_ns);
        demand->nodes[number].own = sums_of(bend);
        demand->root = insert(demand, demand->root, number);
    } else {
        struct sums own = plus(demand->nodes[number].own, sums_of(bend));
        demand->root = change(demand, demand->root, bend->at_ns, own, false);
    }
    uint32_t next = demand->nodes[number].members;
    demand->members[member] = (struct member){.next = next, .previous = NONE};
    if (next != NONE)
        demand->members[next].previous = member;
    demand->nodes[number].members = member;
}

static void remove_bend(struct demand *demand, uint32_t member, const struct demand_bend *bend)
{
    uint32_t number = find(demand, bend->at_ns);
    struct member *of = &demand->members[member];
    struct sums less = sums_of(bend), own = demand->nodes[number].own;

    if (of->next != NONE)
        demand->members[of->next].previous = of->previous;
    if (of->previous != NONE)
        demand->members[of->previous].next = of->next;
    else
        demand->nodes[number].members = of->next;
    bool gone = demand->nodes[number].members == NONE;
    own = (struct sums){
        .slope_at = own.slope_at - less.slope_at, .jump = own.jump - less.jump, .slope = own.slope - less.slope};
    demand->root = change(demand, demand->root, bend->at_ns, own, gone);
    if (gone) {
        demand->nodes[number].left = demand->free;
        demand->free = number;
    }
}

void demand_add(struct demand *demand, uint32_t owner, const struct demand_curve *curve)
{
    for (unsigned i = 0; i < curve->count; i++)
        add_bend(demand, owner * DEMAND_BENDS + i, &curve->bends[i]);
}

void demand_remove(struct demand *demand, uint32_t owner, const struct demand_curve *curve)
{
    for (unsigned i = 0; i < curve->count; i++)
        remove_bend(demand, owner * DEMAND_BENDS + i, &curve->bends[i]);
}

uint64_t demand_slope(const struct demand *demand)
{
    return demand->root == NONE ? 0 : (uint64_t)demand->nodes[demand->root].all.slope;
}

/* --- questions --------------------------------------------------------------------------------------------------- */

/* A curve that may be added, and a link. */
struct question {
    const struct demand *demand;
    struct sums bends[DEMAND_BENDS + 1]; /* of the curve: up to and with each */
    int64_t at_ns[DEMAND_BENDS];
    unsigned count;
    uint64_t rate;
    wide blocking;
    struct demand_excess *excess; /* to be filled in, or NULL */
};

/* What the curve demands. */
static wide curve_at(const struct question *question, int64_t x_ns)
{
    unsigned i = 0;

    while (i < question->count && question->at_ns[i] <= x_ns)
        i++;
    return demand_at(question->bends[i], x_ns);
}

/* Whether a time fits, before which there are these bends; the answer's words if not. */
static bool fits_at(const struct question *question, struct sums before, int64_t at_ns, uint32_t owner)
{
    wide needed = question->blocking + demand_at(before, at_ns) + curve_at(question, at_ns),
         room = (wide)question->rate * at_ns;

    if (needed <= room)
        return true;
    if (question->excess)
        *question->excess = (struct demand_excess){.at_ns = at_ns,
                                                   .bytes = (uint64_t)((needed + BYTE - 1) / BYTE),
                                                   .room_bytes = (uint64_t)(room / BYTE),
                                                   .owner = owner};
    return false;
}

/* Whether all times of a subtree fit for sure, as far as its line tells. The curve bends downwards only, so what is
 * left below the line is least at an end or where the curve bends. */
static bool line_fits(const struct question *question, const struct node *node, struct sums before)
{
    int64_t first_ns = node->first_ns > question->at_ns[0] ? node->first_ns : question->at_ns[0];
    int64_t at_ns[DEMAND_BENDS + 2] = {first_ns, node->last_ns};
    unsigned count = 2;
    wide faster = (wide)question->rate - (wide)question->demand->rate; /* than the link that the line was made for */

    for (unsigned i = 0; i < question->count; i++)
        if (question->at_ns[i] > first_ns && question->at_ns[i] < node->last_ns)
            at_ns[count++] = question->at_ns[i];
    for (unsigned i = 0; i < count; i++)
        if (on(node->below, at_ns[i]) + faster * at_ns[i] <
            question->blocking + demand_at(before, at_ns[i]) + curve_at(question, at_ns[i]))
            return false;
    return true;
}

/* Whether all times of a subtree fit, before which there are these bends. */
static bool subtree_fits(const struct question *question, uint32_t number, struct sums before)
{
    if (number == NONE)
        return true;
    const struct node *nodes = question->demand->nodes, *node = &nodes[number];
    if (node->last_ns < question->at_ns[0] || line_fits(question, node, before))
        return true;
    if (!subtree_fits(question, node->left, before))
        return false;
    if (node->left != NONE)
        before = plus(before, nodes[node->left].all);
    before = plus(before, node->own);
    if (node->at_ns >= question->at_ns[0] && !fits_at(question, before, node->at_ns, node->members / DEMAND_BENDS))
        return false;
    return subtree_fits(question, node->right, before);
}

/* All bends up to and with a time. */
static struct sums sums_until(const struct demand *demand, int64_t at_ns)
{
    struct sums sums = {0};

    for (uint32_t number = demand->root; number != NONE;) {
        const struct node *node = &demand->nodes[number];
        if (node->at_ns > at_ns) {
            number = node->left;
            continue;
        }
        if (node->left != NONE)
            sums = plus(sums, demand->nodes[node->left].all);
        sums = plus(sums, node->own);
        number = node->right;
    }
    return sums;
}

bool demand_fits(const struct demand *demand, const struct demand_curve *curve, struct demand_excess *excess)
{
    struct question question = {.demand = demand,
                                .count = curve->count,
                                .rate = demand->rate,
                                .blocking = demand->blocking * BYTE,
                                .excess = excess};

    assert(curve->count <= DEMAND_BENDS);
    for (unsigned i = 0; i < curve->count; i++) {
        question.at_ns[i] = curve->bends[i].at_ns;
        question.bends[i + 1] = plus(question.bends[i], sums_of(&curve->bends[i]));
    }
    for (unsigned i = 0; i < curve->count; i++)
        if (!fits_at(&question, sums_until(demand, question.at_ns[i]), question.at_ns[i], DEMAND_NEW))
            return false;
    return subtree_fits(&question, demand->root, (struct sums){0});
}

bool demand_fits_link(const struct demand *demand, uint64_t rate, uint64_t blocking, struct demand_excess *excess)
{
    const struct question question = {.demand = demand, .rate = rate, .blocking = blocking * BYTE, .excess = excess};

    return subtree_fits(&question, demand->root, (struct sums){0});
}
