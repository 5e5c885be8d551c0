#include "planner/names.h"

#include "base/clock.h"
#include "plan/announce.h"
#include "store/plan_store.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUT_FD 3 /* where the process writes to */

enum found_kind { FOUND_NAME, FOUND_DISCARD, FOUND_END };

/* One thing that was found; or, in the end, how it went. */
struct found {
    uint8_t kind; /* enum found_kind */
    uint8_t len;
    int error;
    size_t number; /* of the reference */
    struct ipv4_range range;
    char why[PLANNER_NAMES_WHY_SIZE];
};

/* --- in the process ----------------------------------------------------------------------------------------------- */

struct search {
    const struct conf_references *references;
    struct plan_announce *announce; /* NULL: not asked for */
    struct ipv4_range subnet;       /* the last one on the way, */
    uint8_t len;                    /* and its length */
};

static int tell(const struct found *found)
{
    return write(OUT_FD, found, sizeof(*found)) == (ssize_t)sizeof(*found) ? 0 : -EPIPE;
}

/* Outer nodes come first, and subnets do not lie in one another. */
static int look_at(void *arg, const struct plan_entry *entry)
{
    struct search *search = arg;
    struct ipv4_prefix prefix;
    const struct conf_reference *reference = entry->name ? conf_references_get(search->references, entry->name) : NULL;

    if (entry->kind == PLAN_SUBNET && ipv4_range_is_prefix(entry->range, &prefix)) {
        search->subnet = entry->range;
        search->len = prefix.len;
    }
    int error = search->announce ? plan_announce_node(search->announce, entry) : 0;
    if (!reference || error)
        return error;
    const struct found found = {.number = (size_t)(reference - search->references->all),
                                .range = entry->range,
                                .len = ipv4_range_covers(search->subnet, entry->range) ? search->len : 32};
    return tell(&found);
}

/* Whether a route may lead there: not that to everywhere, and to addresses of hosts. */
static bool is_routable(struct ipv4_prefix prefix)
{
    return prefix.len && ipv4_addr_is_host(prefix.addr);
}

static int tell_discards(struct plan_announce *announce)
{
    const struct plan_announcement *all;
    size_t count;
    int error = plan_announce_end(announce, &all, &count);

    for (size_t i = 0; !error && i < count; i++)
        if (is_routable(all[i].prefix))
            error = tell(&(
                struct found){.kind = FOUND_DISCARD, .range = ipv4_range_of(all[i].prefix), .len = all[i].prefix.len});
    return error;
}

__attribute__((noreturn)) static void search_and_exit(const char *book_path, void (*drop_privileges)(void),
                                                      const struct conf_references *references)
{
    struct search search = {.references = references, .len = 32};
    struct found end = {.kind = FOUND_END};
    struct plan_store *store = NULL;
    const char *why = "";

    if (references->wants_discards && !(search.announce = plan_announce_new()))
        _exit(EXIT_FAILURE);
    end.error = plan_store_open_to_read(book_path, &store, &why);
    drop_privileges();
    if (!end.error && (end.error = plan_store_each_node(store, look_at, &search)))
        why = plan_store_why(store);
    if (!end.error && search.announce && (end.error = tell_discards(search.announce)))
        why = strerror(-end.error);
    strncpy(end.why, why, sizeof(end.why) - 1);
    _exit(tell(&end) ? EXIT_FAILURE : EXIT_SUCCESS);
}

/* --- outside ------------------------------------------------------------------------------------------------------ */

/* The next record, until a time. 0; -errno. */
static int take(int fd, int64_t until_ms, struct found *found)
{
    size_t have = 0;

    while (have < sizeof(*found)) {
        struct pollfd poller = {.fd = fd, .events = POLLIN};
        int64_t left_ms = until_ms - clock_now_ms();
        int ready = left_ms > 0 ? poll(&poller, 1, (int)left_ms) : 0;
        if (ready == 0)
            return -ETIMEDOUT;
        ssize_t got = ready < 0 ? -1 : read(fd, (char *)found + have, sizeof(*found) - have);
        if (got == 0)
            return -EPIPE;
        if (got < 0 && errno != EINTR)
            return -errno;
        have += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

/* What is said is believed no more than it must be. 0; -ENOMEM. */
static int take_one(const struct found *found, struct conf_references *references)
{
    struct ipv4_prefix prefix = {found->range.first, found->len};

    if (found->range.first > found->range.last || found->len > 32)
        return 0;
    if (found->kind == FOUND_DISCARD)
        return is_routable(prefix) && ipv4_prefix_first(prefix) == prefix.addr
                   ? conf_references_discard(references, prefix)
                   : 0;
    if (found->number < references->count) {
        struct conf_reference *reference = &references->all[found->number];
        reference->found = true;
        reference->range = found->range;
        reference->len = found->len;
    }
    return 0;
}

static int fail(int error, char why[static PLANNER_NAMES_WHY_SIZE])
{
    strncpy(why, strerror(-error), PLANNER_NAMES_WHY_SIZE - 1);
    return error;
}

/* All that the process says. */
static int take_all(int fd, struct conf_references *references, char why[static PLANNER_NAMES_WHY_SIZE])
{
    int64_t until_ms = clock_now_ms() + PLANNER_NAMES_MS;
    struct found found = {0};

    for (;;) {
        int error = take(fd, until_ms, &found);
        if (!error && found.kind == FOUND_END)
            break;
        if (!error)
            error = take_one(&found, references);
        if (error)
            return fail(error, why);
    }
    memcpy(why, found.why, PLANNER_NAMES_WHY_SIZE);
    why[PLANNER_NAMES_WHY_SIZE - 1] = '\0';
    return found.error == -ENOENT ? 0 : found.error;
}

int planner_names_look_up(const char *book_path, void (*drop_privileges)(void), struct conf_references *references,
                          char why[static PLANNER_NAMES_WHY_SIZE])
{
    int pair[2];

    memset(why, 0, PLANNER_NAMES_WHY_SIZE);
    if (!conf_references_any(references))
        return 0;
    if (pipe(pair) < 0)
        return fail(-errno, why);
    pid_t pid = fork();
    if (pid == 0) {
        if (dup2(pair[1], OUT_FD) < 0 || close_range(OUT_FD + 1, ~0U, 0) < 0)
            _exit(EXIT_FAILURE);
        search_and_exit(book_path, drop_privileges, references);
    }
    int error = pid < 0 ? fail(-errno, why) : 0;
    close(pair[1]);
    if (!error)
        error = take_all(pair[0], references, why);
    close(pair[0]);
    if (pid > 0) {
        kill(pid, SIGKILL); /* it has nothing more to say */
        waitpid(pid, NULL, 0);
    }
    return error;
}
