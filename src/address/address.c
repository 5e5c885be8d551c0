/*
 * The loop: the engine's news, frames, questions, what has been stored.
 */
#include "address/address.h"

#include "address/answers.h"
#include "address/relay.h"
#include "log/log.h"
#include "role/engine_link.h"
#include "role/role.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TURN_MS      1000 /* how often the clock is looked at when nothing happens */
#define RECONNECT_MS 100  /* to an engine that is not there */

struct dhcp_role {
    const struct address_config *config;
    struct role loop;
    struct sockets sockets;
    struct serve serve;
    struct relay relay;
    struct address_view view; /* for answers */
    struct follow follow;
    struct change change;
    struct dhcp_message message; /* the one that is handled */
    uint64_t faults[DHCP_FAULT_COUNT];
    struct engine_link engine;
    struct store *store;
    struct store_reader *reader;
};

/* --- what happens ------------------------------------------------------------------------------------------------ */

static int want_ports(struct dhcp_role *role, const struct conf *conf)
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
    struct dhcp_role *role = arg;
    enum dhcp_fault fault = dhcp_parse(datagram->data, datagram->len, &role->message);

    role->faults[fault]++;
    if (fault)
        return false;
    return relay_receive(&role->relay, datagram, &role->message) ||
           serve_receive(&role->serve, datagram, &role->message);
}

static int configure(struct dhcp_role *role, const struct conf *conf)
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

/* The next four: what an engine_link_config asks for. */
static bool next_without_socket(void *arg, unsigned *number, uint32_t *ifindex)
{
    const struct dhcp_role *role = arg;

    return sockets_next_without_socket(&role->sockets, number, ifindex);
}

static void take_sockets(void *arg, unsigned number, const struct query_answer *answer, const int *fds, unsigned count)
{
    struct dhcp_role *role = arg;

    sockets_take_sockets(&role->sockets, number, answer->error, fds, count);
}

static int take_addresses(void *arg, const struct query_address *addresses, size_t count)
{
    struct dhcp_role *role = arg;
    int error = sockets_take_addresses(&role->sockets, addresses, count);

    configure(role, role->loop.conf);
    return error;
}

static void on_complete(void *arg)
{
    struct dhcp_role *role = arg;

    role_is_ready(&role->loop);
    role->config->started();
}

/* A role's `configure`. */
static int reconfigure(void *arg, const struct conf *conf)
{
    struct dhcp_role *role = arg;
    int error = want_ports(role, conf);

    if (!error)
        error = configure(role, conf);
    if (error)
        want_ports(role, role->loop.conf);
    return error;
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

static int open_loop(struct dhcp_role *role)
{
    const struct address_config *config = role->config;
    int error = role_open(&role->loop, &(struct role_config){.name = "DHCP",
                                                             .conf = config->conf,
                                                             .token = config->token,
                                                             .control = config->control,
                                                             .listener = config->listener,
                                                             .answer = address_answer,
                                                             .answer_arg = &role->view,
                                                             .configure = reconfigure,
                                                             .arg = role});

    if (error)
        return error;
    error = sockets_open(&role->sockets, role->loop.epoll, on_datagram, role);
    if (!error)
        error = want_ports(role, role->loop.conf);
    if (error)
        log_error("DHCP could not be set up: %s", strerror(-error));
    return error;
}

static int open_store(struct dhcp_role *role)
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

static int open_role(struct dhcp_role *role)
{
    int error = open_store(role);

    role->config->drop_privileges();
    if (!error)
        error = open_loop(role);
    if (!error)
        error = serve_open(&role->serve, role->store, &role->sockets, role->loop.epoll);
    role->serve.reader = role->reader;
    relay_open(&role->relay, &role->sockets);
    role->follow = (struct follow){.serve = &role->serve, .service = role->loop.service};
    role->change = (struct change){.serve = &role->serve, .service = role->loop.service};
    role->view = (struct address_view){&role->serve, &role->relay, role->faults, &role->follow, &role->change};
    if (!error)
        engine_link_init(&role->engine, &(struct engine_link_config){.name = "DHCP",
                                                                     .path = role->config->engine_path,
                                                                     .token = role->config->token,
                                                                     .epoll = role->loop.epoll,
                                                                     .sockets = QUERY_SOCKETS,
                                                                     .next_without = next_without_socket,
                                                                     .take_sockets = take_sockets,
                                                                     .take_addresses = take_addresses,
                                                                     .completed = on_complete,
                                                                     .arg = role});
    return error;
}

static int run(struct dhcp_role *role)
{
    while (!role->loop.stop) {
        bool connected = engine_link_try(&role->engine);
        int error = role_turn(&role->loop, serve_wait_ms(&role->serve, connected ? TURN_MS : RECONNECT_MS));
        if (error)
            return error;
        dhcp_server_tick(role->serve.server, lease_clock_now_s(&role->serve.clock));
        change_tell(&role->change);
        follow_tell(&role->follow);
        serve_turn(&role->serve);
    }
    return 0;
}

static void close_role(struct dhcp_role *role)
{
    engine_link_close(&role->engine);
    serve_close(&role->serve);
    relay_close(&role->relay);
    if (role->sockets.frames.mux)
        sockets_close(&role->sockets);
    role->reader = store_reader_close(role->reader);
    role->store = store_close(role->store);
    role_close(&role->loop);
}

int address_run(const struct address_config *config)
{
    struct dhcp_role *role = calloc(1, sizeof(*role));

    if (!role)
        return -ENOMEM;
    role->config = config;
    int error = open_role(role);
    if (!error)
        error = run(role);
    close_role(role);
    free(role);
    return error;
}
