#include "engine/shaping.h"

#include "base/clock.h"
#include "base/compiler.h"
#include "log/log.h"
#include "port/lift.h"
#include "port/xdp_io.h"
#include "shape/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define WORKERS_MAX 8

struct shaped_port {
    struct lift lift;
    int program; /* the descriptor that keeps the program at its far end */
    struct shaped *shaped;
    struct worker *worker; /* that runs it; NULL: none does */
    uint64_t begun;
};

struct shaping {
    struct door *door;
    struct queues *shown; /* by port number */
    struct netlink *netlink;
    struct worker *workers[WORKERS_MAX]; /* threads, begun as they are needed */
    unsigned worker_count, workers_max;
    struct shaped_port ports[DOOR_PORTS];
    uint64_t begun; /* how often queues have begun */
};

/* --- threads ------------------------------------------------------------------------------------------------------ */

static unsigned ports_of(const struct shaping *shaping, const struct worker *worker)
{
    unsigned count = 0;

    for (unsigned i = 0; i < DOOR_PORTS; i++)
        count += shaping->ports[i].worker == worker;
    return count;
}

/* The thread that has least; a new one, as long as there are CPUs for it and all others have something. */
static int find_worker(struct shaping *shaping, struct worker **worker)
{
    struct worker *best = NULL;

    for (unsigned i = 0; i < shaping->worker_count; i++)
        if (!best || ports_of(shaping, shaping->workers[i]) < ports_of(shaping, best))
            best = shaping->workers[i];
    if ((!best || ports_of(shaping, best)) && shaping->worker_count < shaping->workers_max) {
        int error = worker_start(&shaping->workers[shaping->worker_count]);
        if (error && !best)
            return error;
        if (!error)
            best = shaping->workers[shaping->worker_count++];
    }
    *worker = best;
    return 0;
}

/* --- beginning and end -------------------------------------------------------------------------------------------- */

int shaping_new(struct door *door, struct queues shown[DOOR_PORTS], struct shaping **result)
{
    struct shaping *shaping = calloc(1, sizeof(*shaping));
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    if (!shaping)
        return -ENOMEM;
    shaping->door = door;
    shaping->shown = shown;
    shaping->workers_max = cpus < 1 ? 1 : cpus > WORKERS_MAX ? WORKERS_MAX : (unsigned)cpus;
    for (unsigned i = 0; i < DOOR_PORTS; i++)
        shaping->ports[i].program = -1;
    int error = netlink_open(NETLINK_ROUTE, &shaping->netlink);
    if (!error)
        error = lift_remove_all(shaping->netlink);
    if (error) {
        log_error("shaped ports could not be made ready: %s", strerror(-error));
        shaping_free(shaping);
        return error;
    }
    *result = shaping;
    return 0;
}

struct shaping *shaping_free(struct shaping *shaping)
{
    if (!shaping)
        return NULL;
    for (unsigned i = 0; i < shaping->worker_count; i++)
        worker_stop(shaping->workers[i]);
    netlink_free(shaping->netlink);
    free(shaping);
    return NULL;
}

/* --- ports -------------------------------------------------------------------------------------------------------- */

static void undo(struct shaping *shaping, struct shaped_port *port)
{
    if (port->worker)
        worker_remove(port->worker, port->shaped);
    shaped_free(port->shaped); /* and its sockets */
    if (port->program >= 0)
        close(port->program);
    lift_remove(shaping->netlink, &port->lift);
    *port = (struct shaped_port){.program = -1};
}

/* Queues, and sockets on their frames. */
static int make_queues(struct shaping *shaping, const struct shaping_port *from, struct shaped_port *port,
                       struct queue_fault *fault)
{
    struct shaped_config config = {.shape = from->shape,
                                   .ifindex = from->ifindex,
                                   .mtu = from->mtu,
                                   .contracts = from->contracts,
                                   .shown = &shaping->shown[from->number],
                                   .mac = door_memory(shaping->door)->ports[from->number].mac,
                                   .samples = door_samples(shaping->door, from->number)};
    const struct xdp_io_config sockets = {
        .in = port->lift.far_name, .out = from->name, .zero_copy = from->attachment->hook == DOOR_HOOK_XDP};
    struct frame_io *io;

    if (getrandom(&config.seed, sizeof(config.seed), 0) != sizeof(config.seed) ||
        getrandom(config.key, sizeof(config.key), 0) != sizeof(config.key))
        return -EIO;
    int error = shaped_new(&config, clock_now_ns(), &port->shaped, fault);
    if (!error)
        error = xdp_io_open(&sockets, shaped_frames(port->shaped), &io);
    if (!error)
        shaped_connect(port->shaped, io);
    return error;
}

/* The door sends what leaves the port to its lift; NULL: to the port itself. */
static void point_door(struct shaping *shaping, unsigned number, const struct lift *lift)
{
    struct door_port *door_port = &door_memory(shaping->door)->ports[number];

    WRITE_RELEASE(door_port->lift, lift ? lift->near : 0);
    if (!lift)
        WRITE_RELEASE(door_port->lift_deadline_ns, 0);
}

static int begin(struct shaping *shaping, const struct shaping_port *from, struct shaped_port *port,
                 struct queue_fault *fault)
{
    uint64_t *deadline_ns = &door_memory(shaping->door)->ports[from->number].lift_deadline_ns;
    struct worker *worker;

    int error = lift_make(shaping->netlink, from->number, from->mtu, &port->lift);
    if (!error)
        error = make_queues(shaping, from, port, fault);
    if (!error)
        error = door_attach_far(shaping->door, port->lift.far, xdp_io_socket(shaped_io(port->shaped)), &port->program);
    if (!error)
        error = find_worker(shaping, &worker);
    if (!error)
        error = worker_add(worker, port->shaped, deadline_ns);
    if (error)
        return error;
    port->worker = worker;
    port->begun = ++shaping->begun;
    point_door(shaping, from->number, &port->lift);
    return door_attach_lifts(shaping->door, from->attachment);
}

static const char *error_text(int error)
{
    static_assert(LIFT_MTU_MAX == 3400, "the text says so");

    switch (error) {
    case -EMSGSIZE:
        return "its MTU is more than the frames of queues can hold (3400 bytes)";
    case -ENOBUFS:
        return "their memory may not be locked (CAP_IPC_LOCK, or RLIMIT_MEMLOCK)";
    case -EEXIST:
        return "an interface of somebody else's has the name of its lift";
    case -EBUSY:
        return "an AF_XDP socket of somebody else's is at the port";
    default:
        return strerror(-error);
    }
}

int shaping_begin(struct shaping *shaping, const struct shaping_port *from)
{
    struct shaped_port *port = &shaping->ports[from->number];
    struct queue_fault fault = {.setting = NULL};
    char rate[LINK_RATE_TEXT_SIZE];
    int error = begin(shaping, from, port, &fault);

    if (!error) {
        link_rate_format(from->shape->rate, rate);
        log_info("%s: at %s what leaves waits in %s queues%s", from->name, rate,
                 from->shape->class_count > 1 ? "its classes'" : queue_kind_name(from->shape->classes[0].queue.kind),
                 shaped_io(port->shaped)->zero_copy ? ", and goes to the card without being copied" : "");
        return 0;
    }
    if (error == -EINVAL && fault.setting)
        log_error("%s: no queues: %s: %s", from->name, fault.setting, fault.why);
    else
        log_error("%s: no queues: %s", from->name, error_text(error));
    shaping_end(shaping, from->number, from->attachment);
    return error;
}

void shaping_end(struct shaping *shaping, unsigned number, struct door_attachment *attachment)
{
    point_door(shaping, number, NULL);
    door_detach_lifts(attachment);
    door_wait_for_packets(NULL);
    undo(shaping, &shaping->ports[number]);
}

/* --- contracts ---------------------------------------------------------------------------------------------------- */

uint64_t shaping_begun(const struct shaping *shaping, unsigned number)
{
    return shaping->ports[number].begun;
}

const struct capacity *shaping_capacity(const struct shaping *shaping, unsigned number)
{
    return shaping->ports[number].begun ? shaped_capacity(shaping->ports[number].shaped) : NULL;
}

void shaping_call(struct shaping *shaping, unsigned number, void (*function)(struct shaped *shaped, void *arg),
                  void *arg)
{
    if (shaping->ports[number].begun)
        worker_call(shaping->ports[number].worker, shaping->ports[number].shaped, function, arg);
}
