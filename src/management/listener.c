/*
 * The listener. One loop over four descriptors: the listening socket, signals, the engine's connection (which ends
 * with the engine), and a clock for connecting again.
 */
#include "management/management.h"

#include "base/clock.h"
#include "base/compiler.h"
#include "log/log.h"
#include "management/session.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RECONNECT_MS 100 /* to an engine that is not there */
#define GROUPS_MAX   1024

struct listener {
    const struct management_config *config;
    int socket, signals;
    struct table *table;
    struct query_connection engine;
    struct session shared; /* what children begin with: the engine's memory, mapped */
    pid_t pid;
    bool stop;
    bool drain; /* another listener has taken over: only serve to the end what has begun */
};

/* --- the engine's memory ----------------------------------------------------------------------------------------- */

/*
 * A connection is kept open, because it ends with the engine; what is asked is asked by children, over their own. One
 * to an engine that is not there yet waits in the socket's queue, and the listener does not wait for it.
 */
static void engine_begin(struct listener *listener)
{
    query_begin(&listener->engine, listener->config->engine_path, listener->config->token);
}

static void engine_end(struct listener *listener)
{
    query_disconnect(&listener->engine);
    listener->shared.engine_alive = -1;
}

static void engine_greets(struct listener *listener)
{
    struct query_connection *engine = &listener->engine;

    if (query_finish(engine, 0))
        return;
    if (page_reader_take(&listener->shared.reader, engine->page_fd, engine->counters_fd)) {
        engine_end(listener);
        return;
    }
    close(engine->page_fd);
    engine->page_fd = engine->counters_fd = -1;
    listener->shared.engine_alive = engine->fd;
}

/* --- children ---------------------------------------------------------------------------------------------------- */

static bool is_member(int fd, gid_t primary, gid_t group)
{
    gid_t groups[GROUPS_MAX];
    socklen_t bytes = sizeof(groups);

    if (primary == group)
        return true;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes) < 0)
        return false; /* more than anybody has */
    for (size_t i = 0; i < bytes / sizeof(gid_t); i++)
        if (groups[i] == group)
            return true;
    return false;
}

static bool may_change(const struct management_config *config, int fd, const struct ucred *peer)
{
    return peer->uid == 0 || peer->uid == config->owner ||
           (config->group != (gid_t)-1 && is_member(fd, peer->gid, config->group));
}

/* From an eighth below the bound on, refuse with a probability that rises to certainty at the bound. */
static bool is_too_many(const struct table *table)
{
    uint32_t begin = table->max - table->max / 8;
    uint32_t draw = 0;

    if (table->count < begin)
        return false;
    if (table->count >= table->max)
        return true;
    if (getrandom(&draw, sizeof(draw), GRND_NONBLOCK) != sizeof(draw))
        return false;
    return draw % (table->max - begin) < table->count - begin;
}

static void refuse(int fd)
{
    static const char line[] = "{\"code\":429,\"error\":\"too many sessions at once\"}\n";

    if (send(fd, line, sizeof(line) - 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        return; /* it is told by the end of the connection */
}

/* In the child. */
static void serve(struct listener *listener, int fd, struct table_session *self)
{
    struct session *session = &listener->shared; /* a copy of its own: this is another process */
    sigset_t none;

    close(listener->socket);
    close(listener->signals);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (getppid() != listener->pid)
        _exit(EXIT_FAILURE);
    session->self = self;
    session->may_change = self->may_change;
    session->engine = session->dhcp = session->measure = session->planner =
        (struct query_connection){.fd = -1, .page_fd = -1, .counters_fd = -1};
    wire_open(&session->wire, fd, WIRE_REQUEST_MAX);
    session_run(session);
    wire_close(&session->wire);
    _exit(EXIT_SUCCESS);
}

static void begin_session(struct listener *listener, int fd)
{
    struct table *table = listener->table;
    struct ucred peer = {0};
    socklen_t bytes = sizeof(peer);

    if (is_too_many(table)) {
        table->refused++;
        refuse(fd);
        return;
    }
    struct table_session *place = table_find_free(table);
    if (!place || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) < 0) {
        table->failed++;
        return;
    }
    *place = (struct table_session){.peer_pid = (uint32_t)peer.pid,
                                    .uid = peer.uid,
                                    .gid = peer.gid,
                                    .since_s = (uint64_t)time(NULL),
                                    .may_change = may_change(listener->config, fd, &peer)};
    pid_t pid = fork();
    if (pid == 0)
        serve(listener, fd, place);
    if (pid < 0) {
        log_warning("no process for a session: %s", strerror(errno));
        table->failed++;
        return;
    }
    place->pid = (uint32_t)pid;
    table->count++;
    table->accepted++;
}

static void accept_all(struct listener *listener)
{
    for (;;) {
        int fd = accept4(listener->socket, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            return;
        begin_session(listener, fd);
        close(fd);
    }
}

static void reap(struct listener *listener)
{
    pid_t pid;
    int status;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct table_session *place = table_find(listener->table, (uint32_t)pid);
        if (!place)
            continue;
        if (WIFSIGNALED(status) && WTERMSIG(status) != SIGTERM)
            log_warning("a session of uid %u ended by signal %d", place->uid, WTERMSIG(status));
        *place = (struct table_session){0};
        listener->table->count--;
        listener->table->ended++;
    }
}

static void on_signals(struct listener *listener)
{
    struct signalfd_siginfo info;

    while (read(listener->signals, &info, sizeof(info)) == sizeof(info))
        if (info.ssi_signo == SIGTERM)
            listener->stop = true;
        else if (info.ssi_signo == SIGHUP)
            listener->drain = true;
    reap(listener);
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

static int open_listener(struct listener *listener)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    listener->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    listener->table = table_new(listener->config->sessions);
    if (listener->signals < 0 || !listener->table) {
        int error = listener->signals < 0 ? -errno : -ENOMEM;
        log_error("the management server could not be set up: %s", strerror(-error));
        return error ? error : -EIO;
    }
    listener->shared.table = listener->table;
    return 0;
}

static void end_all(struct listener *listener)
{
    for (uint32_t i = 0; i < listener->table->max; i++)
        if (listener->table->all[i].pid)
            kill((pid_t)listener->table->all[i].pid, SIGTERM);
    while (waitpid(-1, NULL, 0) > 0)
        ;
}

static void loop(struct listener *listener)
{
    int64_t retry_ms = 0;

    while (!listener->stop && !(listener->drain && listener->table->count == 0)) {
        struct query_connection *engine = &listener->engine;
        struct pollfd pollers[] = {{.fd = listener->drain ? -1 : listener->socket, .events = POLLIN},
                                   {.fd = listener->signals, .events = POLLIN},
                                   {.fd = engine->fd, .events = POLLIN | POLLRDHUP}};
        int ready = poll(pollers, ARRAY_SIZE(pollers), engine->fd < 0 ? (retry_ms ? RECONNECT_MS : 0) : -1);
        if (ready < 0 && errno != EINTR)
            return;
        if (pollers[1].revents)
            on_signals(listener);
        if (engine->fd >= 0 && pollers[2].revents & (POLLHUP | POLLRDHUP | POLLERR))
            engine_end(listener);
        else if (engine->fd >= 0 && pollers[2].revents)
            engine_greets(listener);
        if (engine->fd < 0 && clock_now_ms() >= retry_ms) {
            retry_ms = clock_now_ms() + RECONNECT_MS;
            engine_begin(listener);
        }
        if (pollers[0].revents)
            accept_all(listener);
    }
}

int management_run(const struct management_config *config)
{
    struct listener *listener = calloc(1, sizeof(*listener));

    if (!listener)
        return -ENOMEM;
    *listener = (struct listener){.config = config,
                                  .socket = config->listener,
                                  .signals = -1,
                                  .pid = getpid(),
                                  .engine = {.fd = -1, .page_fd = -1, .counters_fd = -1},
                                  .shared = {.config = config, .engine_alive = -1}};
    config->drop_privileges();
    int error = open_listener(listener);
    if (!error) {
        loop(listener);
        end_all(listener);
    }
    if (listener->signals >= 0)
        close(listener->signals);
    engine_end(listener);
    table_free(listener->table);
    free(listener);
    return error;
}
