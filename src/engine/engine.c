#include "engine/engine.h"

#include "base/compiler.h"
#include "engine/firewall.h"
#include "log/log.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define TICK_NS      250000000 /* how often what sends no message is looked at */
#define TICKS_SECOND 4
#define DEAD_MAN_NS  60000000000 /* how long the door goes on when the engine is not heard of */
#define PROBE_TICKS  20          /* how often ports that do not take frames from an XDP door are tried again */

struct engine {
    struct door *door;
    struct routing *routing;
    struct firewall *firewall;
    struct ports ports;
    int epoll, timer, signals;
    uint64_t ticks;
    bool stop;
};

static void refresh_deadline(struct engine *engine)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    WRITE_RELEASE(door_memory(engine->door)->deadline_ns,
                  (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec + DEAD_MAN_NS);
}

static void update_ports(struct engine *engine)
{
    ports_update(&engine->ports, firewall_found(engine->firewall));
}

static void print_counters(struct engine *engine)
{
    struct door_counters sum;

    for (unsigned i = 1; i <= engine->ports.count; i++) {
        const struct port *port = &engine->ports.all[i];
        door_counters_sum(engine->door, i, &sum);
        printf("counters %s door %s in %llu cut %llu out %llu unsent %llu", port->name,
               door_hook_name(port->attachment.hook), (unsigned long long)sum.in.packets,
               (unsigned long long)sum.cut.packets, (unsigned long long)sum.out.packets,
               (unsigned long long)sum.unsent);
        for (unsigned reason = 0; reason < DOOR_PUNT_COUNT; reason++)
            if (sum.punts[reason])
                printf(" kernel:%s %llu", door_punt_name(reason), (unsigned long long)sum.punts[reason]);
        for (unsigned reason = 1; reason < DROP_REASON_COUNT; reason++)
            if (sum.drops[reason])
                printf(" drop:%s %llu", drop_reason_name(reason), (unsigned long long)sum.drops[reason]);
        printf("\n");
    }
    printf("end\n");
    fflush(stdout);
}

static void on_signal(struct engine *engine)
{
    struct signalfd_siginfo info;

    while (read(engine->signals, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGUSR1)
            print_counters(engine);
        else
            engine->stop = true;
    }
}

static void on_tick(struct engine *engine)
{
    uint64_t times;

    if (read(engine->timer, &times, sizeof(times)) != sizeof(times))
        return;
    firewall_check(engine->firewall);
    if (++engine->ticks % TICKS_SECOND == 0) {
        refresh_deadline(engine);
        routing_keep_neighbours(engine->routing);
    }
    if (engine->ticks % PROBE_TICKS == 0)
        ports_probe(&engine->ports);
    update_ports(engine);
}

static int watch(const struct engine *engine, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    return fd < 0 || epoll_ctl(engine->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int open_loop(struct engine *engine)
{
    struct itimerspec tick = {.it_value.tv_nsec = TICK_NS, .it_interval.tv_nsec = TICK_NS};
    int fds[FIREWALL_FDS];
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    engine->epoll = epoll_create1(EPOLL_CLOEXEC);
    engine->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    engine->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    int error = engine->timer < 0 ? -errno : 0;
    if (!error && timerfd_settime(engine->timer, 0, &tick, NULL) < 0)
        error = -errno;
    if (!error)
        error = watch(engine, engine->signals);
    if (!error)
        error = watch(engine, engine->timer);
    if (!error)
        error = watch(engine, netlink_fd(engine->routing->netlink));
    unsigned count = firewall_fds(engine->firewall, fds);
    for (unsigned i = 0; !error && i < count; i++)
        error = watch(engine, fds[i]);
    if (error)
        log_error("the event loop could not be set up: %s", strerror(-error));
    return error;
}

/* Everything that the door needs to know before it opens. */
static int open_engine(struct engine *engine)
{
    int error = door_new(&engine->door);
    if (error)
        return error;
    error = routing_open(door_memory(engine->door), door_wait_for_packets, NULL, &engine->routing);
    if (error)
        return error;
    error = firewall_open(&engine->firewall);
    if (error)
        return error;
    error = routing_resync(engine->routing);
    if (error)
        return error;
    firewall_check(engine->firewall);
    engine->ports.door = engine->door;
    engine->ports.routing = engine->routing;
    return open_loop(engine);
}

static int run(struct engine *engine)
{
    while (!engine->stop) {
        struct epoll_event events[8];
        int count = epoll_wait(engine->epoll, events, ARRAY_SIZE(events), -1);
        if (count < 0 && errno != EINTR)
            return -errno;
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == engine->signals) {
                on_signal(engine);
            } else if (fd == engine->timer) {
                on_tick(engine);
            } else if (fd == netlink_fd(engine->routing->netlink)) {
                routing_receive(engine->routing);
            } else {
                firewall_check(engine->firewall);
                engine->routing->links_changed = true;
            }
        }
        if (engine->routing->links_changed)
            update_ports(engine);
    }
    return 0;
}

static void close_engine(struct engine *engine)
{
    ports_detach_all(&engine->ports);
    engine->firewall = firewall_close(engine->firewall);
    engine->routing = routing_close(engine->routing);
    engine->door = door_free(engine->door);
    close(engine->timer);
    close(engine->signals);
    close(engine->epoll);
}

int engine_run(const struct engine_port *ports, unsigned count)
{
    struct engine *engine = calloc(1, sizeof(*engine));
    if (!engine)
        return -ENOMEM;
    engine->epoll = engine->timer = engine->signals = -1;
    int error = open_engine(engine);
    for (unsigned i = 0; !error && i < count; i++)
        error = ports_add(&engine->ports, ports[i].name, ports[i].wanted);
    if (!error)
        error = ports_attach_all(&engine->ports);
    if (!error) {
        refresh_deadline(engine);
        update_ports(engine);
        log_info("ready");
        error = run(engine);
        print_counters(engine);
    }
    close_engine(engine);
    free(engine);
    return error;
}
