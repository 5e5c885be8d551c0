/*
 * The loop: the parent's word, signals, the engine's news, frames, questions, what has been stored.
 */
#include "address/address.h"

#include "address/answers.h"
#include "address/engine_link.h"
#include "address/relay.h"
#include "base/compiler.h"
#include "control/control.h"
#include "log/log.h"
#include "loop/watch.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define TURN_MS      1000 /* how often the clock is looked at when nothing happens */
#define RECONNECT_MS 100  /* to an engine that is not there */

struct role {
    const struct address_config *config;
    const struct conf *conf; /* in force */
    struct conf *own_conf;   /* the same, if it is not config->conf */
    struct sockets sockets;
    struct serve serve;
    struct relay relay;
    struct address_view view; /* for answers */
    struct follow follow;
    struct change change;
    struct dhcp_message message; /* the one that is handled */
    uint64_t faults[DHCP_FAULT_COUNT];
    struct engine_link engine;
    struct query_service *service;
    struct store *store;
    struct store_reader *reader;
    int epoll, signals;
    struct watch control_watch, signal_watch, listener_watch;
    bool stop;
};

/* --- what happens ------------------------------------------------------------------------------------------------ */

static void on_signal(void *arg, struct watch *watch)
{
    struct role *role = arg;
    struct signalfd_siginfo info;

    while (read(watch->fd, &info, sizeof(info)) == sizeof(info))
        if (info.ssi_signo == SIGTERM)
            role->stop = true;
}

static void on_connection(void *arg, struct watch *watch)
{
    struct role *role = arg;

    query_service_accept(role->service, watch->fd);
}

static int want_ports(struct role *role, const struct conf *conf)
{
    int error = 0;

    sockets_want_none(&role->sockets);
    for (size_t i = 0; !error && i < conf->interface_count; i++)
        if (conf_interface_has_clients(&conf->interfaces[i]))
            error = sockets_want(&role->sockets, conf->interfaces[i].name);
    return error;
}

/* A udp_receive. */
static bool on_datagram(void *arg, const struct udp_datagram *datagram)
{
    struct role *role = arg;
    enum dhcp_fault fault = dhcp_parse(datagram->data, datagram->len, &role->message);

    role->faults[fault]++;
    if (fault)
        return false;
    return relay_receive(&role->relay, datagram, &role->message) ||
           serve_receive(&role->serve, datagram, &role->message);
}

static int configure(struct role *role, const struct conf *conf)
{
    struct relay_links links;
    int error = relay_make(&role->relay, conf, &links);

    if (error)
        return error;
    error = serve_configure(&role->serve, conf);
    if (error)
        relay_drop(&links);
    else
        relay_take(&role->relay, conf, &links);
    return error;
}

static void on_addresses(void *arg)
{
    struct role *role = arg;

    configure(role, role->conf);
}

static void on_complete(void *arg)
{
    struct role *role = arg;

    control_send(role->config->control, CONTROL_READY, NULL, -1);
    role->config->started();
}

static void reconfigure(struct role *role, int fd)
{
    struct conf *conf = NULL;
    int error = conf_parse_file(fd, &conf);

    if (!error)
        error = want_ports(role, conf);
    if (!error)
        error = configure(role, conf);
    if (error) {
        log_error("DHCP: the new configuration is not in force: %s", strerror(-error));
        want_ports(role, role->conf);
        conf_free(conf);
        return;
    }
    conf_free(role->own_conf);
    role->conf = role->own_conf = conf;
    control_send(role->config->control, CONTROL_APPLIED, NULL, -1);
}

static void on_control(void *arg, struct watch *watch)
{
    struct role *role = arg;
    struct control_message *message = calloc(1, sizeof(*message));
    int fd = -1, rc = message ? control_receive(watch->fd, message, &fd) : -ENOMEM;

    if (rc == 0)
        role->stop = true; /* the parent is gone */
    if (rc == 1 && message->kind == CONTROL_CONFIG && fd >= 0)
        reconfigure(role, fd);
    if (fd >= 0)
        close(fd);
    free(message);
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

static int open_loop(struct role *role)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    role->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    role->epoll = epoll_create1(EPOLL_CLOEXEC);
    role->control_watch = (struct watch){role->config->control, on_control, role};
    role->signal_watch = (struct watch){role->signals, on_signal, role};
    role->listener_watch = (struct watch){role->config->listener, on_connection, role};
    struct watch *const watches[] = {&role->control_watch, &role->signal_watch, &role->listener_watch};
    int error = 0;
    for (size_t i = 0; !error && i < ARRAY_SIZE(watches); i++)
        error = watch_begin(role->epoll, watches[i]);
    role->service = query_service_new(&(struct query_service_config){
        .token = role->config->token, .epoll = role->epoll, .answer = address_answer, .arg = &role->view});
    if (!error && !role->service)
        error = -ENOMEM;
    if (!error)
        error = sockets_open(&role->sockets, role->epoll, on_datagram, role);
    if (!error)
        error = want_ports(role, role->conf);
    if (error)
        log_error("DHCP could not be set up: %s", strerror(-error));
    return error;
}

static int open_store(struct role *role)
{
    const char *why;
    int error = store_open(role->config->store_path, &role->store, &why);

    if (error) {
        log_error("DHCP: %s: %s (%s)", role->config->store_path, strerror(-error), why);
        return error;
    }
    error = store_reader_open(role->config->store_path, &role->reader);
    if (error)
        log_error("DHCP: %s cannot be read: %s", role->config->store_path, strerror(-error));
    return error;
}

static int open_role(struct role *role)
{
    int error = open_store(role);

    role->config->drop_privileges();
    if (!error)
        error = open_loop(role);
    if (!error)
        error = serve_open(&role->serve, role->store, &role->sockets, role->epoll);
    role->serve.reader = role->reader;
    relay_open(&role->relay, &role->sockets);
    role->follow = (struct follow){.serve = &role->serve, .service = role->service};
    role->change = (struct change){.serve = &role->serve, .service = role->service};
    role->view = (struct address_view){&role->serve, &role->relay, role->faults, &role->follow, &role->change};
    if (!error)
        engine_link_init(&role->engine, role->config->engine_path, role->config->token, &role->sockets, role->epoll,
                         on_addresses, on_complete, role);
    return error;
}

static int run(struct role *role)
{
    while (!role->stop) {
        struct epoll_event events[64];
        bool connected = engine_link_try(&role->engine);
        int count = epoll_wait(role->epoll, events, ARRAY_SIZE(events),
                               serve_wait_ms(&role->serve, connected ? TURN_MS : RECONNECT_MS));
        if (count < 0 && errno != EINTR)
            return -errno;
        for (int i = 0; i < count; i++) {
            struct watch *watch = events[i].data.ptr;
            watch->ready(watch->arg, watch);
        }
        dhcp_server_tick(role->serve.server, lease_clock_now_s(&role->serve.clock));
        change_tell(&role->change);
        follow_tell(&role->follow);
        serve_turn(&role->serve);
        query_service_sweep(role->service);
    }
    return 0;
}

static void close_role(struct role *role)
{
    if (role->engine.sockets)
        engine_link_close(&role->engine);
    role->service = query_service_free(role->service);
    serve_close(&role->serve);
    relay_close(&role->relay);
    if (role->sockets.frames.mux)
        sockets_close(&role->sockets);
    role->reader = store_reader_close(role->reader);
    role->store = store_close(role->store);
    const int fds[] = {role->epoll, role->signals};
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    conf_free(role->own_conf);
}

int address_run(const struct address_config *config)
{
    struct role *role = calloc(1, sizeof(*role));

    if (!role)
        return -ENOMEM;
    role->config = config;
    role->conf = config->conf;
    role->epoll = role->signals = -1;
    int error = open_role(role);
    if (!error)
        error = run(role);
    close_role(role);
    free(role);
    return error;
}
