/*
 * The loop. Everything that the engine knows changes here, in one thread: the kernel's messages, the configuration,
 * the clock; and others' questions are answered here.
 */
#include "engine/engine.h"

#include "base/clock.h"
#include "base/compiler.h"
#include "control/control.h"
#include "engine/answers.h"
#include "engine/bindings.h"
#include "engine/contracts.h"
#include "engine/firewall.h"
#include "engine/lease_link.h"
#include "engine/ports.h"
#include "engine/rogues.h"
#include "engine/rule_alarm.h"
#include "log/log.h"
#include "loop/watch.h"
#include "port/lift.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define TICK_NS      250000000 /* how often what sends no message is looked at */
#define TICKS_SECOND 4
#define PROBE_TICKS  20 /* how often ports that do not take frames from an XDP door are tried again */

enum watched { WATCH_CONTROL, WATCH_SIGNALS, WATCH_TIMER, WATCH_NETLINK, WATCH_LISTENER, WATCH_ALARM, WATCH_COUNT };

struct engine {
    const struct engine_config *config;
    struct conf *own_conf; /* the one in force, if it is not config->conf */
    struct door *door;
    struct routing *routing;
    struct firewall *firewall;
    struct rule_alarm *alarm;
    struct host *host;
    struct answers *answers;
    struct ports ports;
    struct bindings bindings;
    struct lease_link leases;
    struct shaping *shaping;
    struct contracts *contracts;
    struct traces *traces;
    struct page_memory *page;
    struct page next_page; /* put together here */
    int page_fd, counters_fd;
    int epoll, timer, signals;
    struct watch watches[WATCH_COUNT];
    uint64_t ticks, started_s;
    bool stop, abandoned;
};

static uint64_t now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec;
}

static const struct conf *conf_in_force(const struct engine *engine)
{
    return engine->own_conf ? engine->own_conf : engine->config->conf;
}

/* How long the door goes on when the engine is not heard of. */
static void refresh_deadline(struct engine *engine)
{
    uint64_t now_ns = (uint64_t)clock_now_ns();

    WRITE_RELEASE(door_memory(engine->door)->deadline_ns,
                  now_ns + UINT64_C(1000000000) * conf_in_force(engine)->dead_man_s);
}

static void write_page(struct engine *engine)
{
    struct page *page = &engine->next_page;
    const struct routing *routing = engine->routing;
    const struct fib_table_stats fib = fib_table_stats(routing->fib);
    const struct audit_result audit = audit_result(routing->audit);
    const char *firewall = firewall_found(engine->firewall);

    *page = (struct page){.pid = (uint32_t)getpid(),
                          .cpus = door_cpus(engine->door),
                          .ports = engine->ports.count,
                          .started_s = engine->started_s,
                          .written_s = now_s(),
                          .prefixes = rib_entries(routing->rib)->count,
                          .neighbours = routing->neighbours.by_addr.count,
                          .resyncs = routing->resyncs,
                          .messages = routing->messages,
                          .audits = audit.audits,
                          .audit_drift = audit.drift,
                          .audit_last_drift = audit.last_drift,
                          .audit_prefixes = audit.prefixes,
                          .audit_changed = audit.changed,
                          .audit_ended_s = audit.ended_s,
                          .audit_runs = audit.runs,
                          .fib_used_bytes = fib.root_bytes + fib.used_bytes + fib.waiting_bytes,
                          .fib_bytes = fib.root_bytes + fib.pool_bytes,
                          .fib_blocks_without_room = fib.without_room,
                          .queries = query_service_given(answers_service(engine->answers)),
                          .queries_refused = query_service_refused(answers_service(engine->answers))};
    snprintf(page->firewall, sizeof(page->firewall), "%s", firewall ? firewall : "");
    for (unsigned i = 1; i <= engine->ports.count; i++)
        ports_describe(&engine->ports, i, &page->all[i]);
    page_write(&engine->page->page, page);
}

static const struct conf *tell_conf(void *arg)
{
    return conf_in_force(arg);
}

/* 0; -errno if a port cannot have its door. */
static int update_ports(struct engine *engine)
{
    const char *firewall = firewall_found(engine->firewall);

    ports_update(&engine->ports, firewall);
    if (bindings_follow(&engine->bindings, &engine->ports, conf_in_force(engine)))
        ports_update(&engine->ports, firewall);
    int error = ports_attach(&engine->ports, firewall);
    contracts_update(engine->contracts);
    write_page(engine);
    return error;
}

/* Rules for forwarded packets may have changed: ports stand aside, or do no longer, and then the alarm is over. */
static void attend_to_rules(struct engine *engine)
{
    uint32_t alarms = door_alarms(engine->door); /* first: what comes from here on is not acknowledged below */

    firewall_check(engine->firewall);
    if (door_is_in_alarm(engine->door))
        routing_look_at_rules(engine->routing);
    update_ports(engine);
    door_acknowledge(engine->door, alarms);
}

/* --- what happens ------------------------------------------------------------------------------------------------ */

static void on_signal(void *arg, struct watch *watch)
{
    struct engine *engine = arg;
    struct signalfd_siginfo info;

    while (read(watch->fd, &info, sizeof(info)) == sizeof(info))
        if (info.ssi_signo == SIGTERM)
            engine->stop = true;
}

static void on_tick(void *arg, struct watch *watch)
{
    struct engine *engine = arg;
    uint64_t times;

    if (read(watch->fd, &times, sizeof(times)) != sizeof(times))
        return;
    if (++engine->ticks % TICKS_SECOND == 0) {
        refresh_deadline(engine);
        routing_keep_neighbours(engine->routing);
        rogues_look(&engine->ports);
    }
    bindings_tick(&engine->bindings);
    traces_tick(engine->traces);
    lease_link_try(&engine->leases, conf_has_clients(conf_in_force(engine)));
    if (engine->ticks % PROBE_TICKS == 0)
        ports_probe(&engine->ports);
    if (engine->routing->resync_wanted)
        routing_receive(engine->routing);
    attend_to_rules(engine);
    audit_tick(engine->routing->audit);
}

static void on_netlink(void *arg, struct watch *watch)
{
    struct engine *engine = arg;

    (void)watch;
    routing_receive(engine->routing);
}

static void on_alarm(void *arg, struct watch *watch)
{
    eventfd_t times;

    eventfd_read(watch->fd, &times);
    attend_to_rules(arg);
}

static void on_connection(void *arg, struct watch *watch)
{
    struct engine *engine = arg;

    query_service_accept(answers_service(engine->answers), watch->fd);
}

static void ask_for_reload(void *arg)
{
    struct engine *engine = arg;

    control_send(engine->config->control, CONTROL_RELOAD, NULL, -1);
}

/* --- configuration ----------------------------------------------------------------------------------------------- */

/* Ports first: their addresses are what static routes are found by. At the beginning doors come last: they know
 * everything when they open. */
static int configure(struct engine *engine, const struct conf *conf, bool first)
{
    int error = contracts_configure(engine->contracts, conf);

    if (error)
        return error;
    if (first)
        ports_keep_numbers(&engine->ports, conf);
    ports_configure(&engine->ports, conf);
    contracts_mark_ports(engine->contracts);
    if (first)
        error = ports_take_all(&engine->ports);
    else
        update_ports(engine);
    if (!error)
        error = routing_receive(engine->routing);
    return error ? error : routing_configure(engine->routing, conf);
}

static void reconfigure(struct engine *engine, int fd)
{
    struct conf *conf = NULL;
    int error = conf_parse_file(fd, &conf);

    if (!error)
        error = configure(engine, conf, false);
    if (error) { /* memory: the parent has checked the text */
        log_error("the new configuration is not in force: %s", strerror(-error));
        conf_free(conf);
        answers_reloaded(engine->answers, strerror(-error));
        return;
    }
    conf_free(engine->own_conf);
    engine->own_conf = conf;
    refresh_deadline(engine);
    update_ports(engine);
    log_info("the new configuration is in force");
    control_send(engine->config->control, CONTROL_APPLIED, NULL, -1);
    answers_reloaded(engine->answers, "");
}

static void on_control(void *arg, struct watch *watch)
{
    struct engine *engine = arg;
    struct control_message message;
    int fd, rc = control_receive(watch->fd, &message, &fd);

    if (rc == 0)
        engine->stop = engine->abandoned = true;
    if (rc == 1 && message.kind == CONTROL_CONFIG && fd >= 0)
        reconfigure(engine, fd);
    if (rc == 1 && message.kind == CONTROL_REFUSED)
        answers_reloaded(engine->answers, message.text);
    if (fd >= 0)
        close(fd);
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

static int open_loop(struct engine *engine)
{
    struct itimerspec tick = {.it_value.tv_nsec = TICK_NS, .it_interval.tv_nsec = TICK_NS};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    engine->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    engine->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    int error = engine->timer < 0 ? -errno : 0;
    if (!error && timerfd_settime(engine->timer, 0, &tick, NULL) < 0)
        error = -errno;
    engine->watches[WATCH_CONTROL] = (struct watch){engine->config->control, on_control, engine};
    engine->watches[WATCH_SIGNALS] = (struct watch){engine->signals, on_signal, engine};
    engine->watches[WATCH_TIMER] = (struct watch){engine->timer, on_tick, engine};
    engine->watches[WATCH_NETLINK] = (struct watch){netlink_fd(engine->routing->netlink), on_netlink, engine};
    engine->watches[WATCH_LISTENER] = (struct watch){engine->config->listener, on_connection, engine};
    engine->watches[WATCH_ALARM] = (struct watch){rule_alarm_fd(engine->alarm), on_alarm, engine};
    for (unsigned i = 0; !error && i < WATCH_COUNT; i++)
        error = watch_begin(engine->epoll, &engine->watches[i]);
    if (error)
        log_error("the event loop could not be set up: %s", strerror(-error));
    return error;
}

static int open_answers(struct engine *engine)
{
    int error = page_new(&engine->page, &engine->page_fd);

    if (!error && (engine->counters_fd = door_counters_fd(engine->door)) < 0)
        error = engine->counters_fd;
    engine->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!error && engine->epoll < 0)
        error = -errno;
    struct answers_config config = {.token = engine->config->token,
                                    .routing = engine->routing,
                                    .ports = &engine->ports,
                                    .contracts = engine->contracts,
                                    .traces = engine->traces,
                                    .conf = tell_conf,
                                    .page_fd = engine->page_fd,
                                    .counters_fd = engine->counters_fd,
                                    .epoll = engine->epoll,
                                    .reload = ask_for_reload,
                                    .arg = engine};
    if (!error && !(engine->answers = answers_new(&config)))
        error = -ENOMEM;
    if (error)
        log_error("the engine could not be made ready for questions: %s", strerror(-error));
    return error;
}

/* Everything that the door needs to know before it opens. */
static int open_engine(struct engine *engine)
{
    int error = door_new(engine->config->pins, &engine->door);
    if (error)
        return error;
    error = routing_open(door_memory(engine->door), door_wait_for_packets, NULL, &engine->routing);
    if (error)
        return error;
    error = audit_new(engine->routing, &engine->routing->audit);
    if (error)
        return error;
    error = firewall_open(&engine->firewall);
    if (error)
        return error;
    error = rule_alarm_start(engine->door, &engine->alarm);
    if (error)
        return error;
    /* What has changed while nobody looked: doors that were left go on, and know nothing of it. */
    firewall_check(engine->firewall);
    if (firewall_found(engine->firewall))
        door_raise_alarm(engine->door);
    error = host_open(engine->config->directory, &engine->host);
    if (error)
        return error;
    if (!(engine->contracts = contracts_new(&engine->ports, engine->config->state_directory)))
        return -ENOMEM;
    if (!(engine->traces = traces_new(engine->door, &engine->ports, engine->routing)))
        return -ENOMEM;
    error = open_answers(engine);
    if (error)
        return error;
    error = shaping_new(engine->door, engine->page->queues, &engine->shaping);
    if (error)
        return error;
    error = routing_resync(engine->routing);
    if (error)
        return error;
    if (engine->routing->odd_rules)
        door_raise_alarm(engine->door);
    firewall_check(engine->firewall);
    engine->ports.door = engine->door;
    engine->ports.routing = engine->routing;
    engine->ports.host = engine->host;
    engine->ports.shaping = engine->shaping;
    engine->bindings.door = engine->door;
    engine->bindings.left = door_left(engine->door);
    engine->bindings.routing = engine->routing;
    lease_link_init(&engine->leases, engine->config->dhcp_path, engine->config->token, engine->epoll,
                    &engine->bindings);
    engine->started_s = now_s();
    return open_loop(engine);
}

static int run(struct engine *engine)
{
    while (!engine->stop) {
        struct epoll_event events[64];
        int count = epoll_wait(engine->epoll, events, ARRAY_SIZE(events), -1);
        if (count < 0 && errno != EINTR)
            return -errno;
        for (int i = 0; i < count; i++) {
            struct watch *watch = events[i].data.ptr;
            watch->ready(watch->arg, watch);
        }
        query_service_sweep(answers_service(engine->answers));
        if (engine->routing->links_changed)
            update_ports(engine);
        answers_tell_addresses(engine->answers);
    }
    return 0;
}

static void close_engine(struct engine *engine)
{
    if (!engine->abandoned) {
        ports_detach_all(&engine->ports);
        if (engine->routing)
            routing_clean(engine->routing);
        if (engine->host)
            host_give_back_all(engine->host, &engine->routing->links);
    }
    engine->contracts = contracts_free(engine->contracts);
    engine->shaping = shaping_free(engine->shaping);
    if (engine->leases.bindings)
        lease_link_close(&engine->leases);
    bindings_clear(&engine->bindings);
    engine->answers = answers_free(engine->answers);
    engine->traces = traces_free(engine->traces);
    engine->host = host_close(engine->host);
    engine->alarm = rule_alarm_stop(engine->alarm);
    engine->firewall = firewall_close(engine->firewall);
    engine->routing = routing_close(engine->routing);
    engine->door = door_free(engine->door);
    engine->page = page_free(engine->page);
    const int fds[] = {engine->timer, engine->signals, engine->epoll, engine->page_fd, engine->counters_fd};
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    conf_free(engine->own_conf);
}

int engine_run(const struct engine_config *config)
{
    struct engine *engine = calloc(1, sizeof(*engine));
    if (!engine)
        return -ENOMEM;
    engine->config = config;
    engine->epoll = engine->timer = engine->signals = engine->page_fd = engine->counters_fd = -1;
    int error = open_engine(engine);
    if (!error)
        config->drop_privileges();
    if (!error)
        host_give_back_others(engine->host, &engine->routing->links, config->conf);
    if (!error)
        error = configure(engine, config->conf, true);
    if (!error) {
        refresh_deadline(engine);
        error = update_ports(engine);
    }
    if (!error) {
        door_establish(engine->door);
        attend_to_rules(engine);
        control_send(config->control, CONTROL_READY, NULL, -1);
        config->started();
        error = run(engine);
    }
    if (engine->abandoned)
        error = -EPIPE;
    close_engine(engine);
    free(engine);
    return error;
}

void engine_clean(const char *directory, const char *pins)
{
    struct routing *routing = NULL;
    struct host *host = NULL;
    struct door_memory *memory = calloc(1, sizeof(*memory));

    if (memory && routing_open(memory, door_wait_for_packets, NULL, &routing) == 0 && routing_resync(routing) == 0 &&
        host_open(directory, &host) == 0) {
        const struct link *link = NULL;
        while ((link = id_table_next(&routing->links.by_ifindex, link)))
            door_detach_left(pins, link->ifindex);
        lift_remove_all(routing->netlink);
        routing_clean(routing);
        host_give_back_all(host, &routing->links);
    }
    host_close(host);
    routing_close(routing);
    free(memory);
}
