#include "address/serve.h"

#include "base/clock.h"
#include "base/compiler.h"
#include "log/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BUSY         32  /* changes in a batch, from which on many come */
#define BATCH_ENOUGH 512 /* changes, for which no more are waited for */
#define GATHER_MS    2   /* for how long they are waited for otherwise */

#define LOOK_MS 500  /* how often it is looked at whether there is a flood of new clients */
#define MANY    2500 /* of them in that time */

#define UNTOLD_MS 100 /* how long replies wait for the engine, at most */

#define ATTEMPTS 4 /* to find an address for one DISCOVER that nobody has */

/* An OFFER that waits, and the question that it answers. */
struct serve_offer {
    struct serve_pending pending;
    struct udp_datagram question;
    uint8_t bytes[DHCP_REPLY_MAX]; /* of the question */
    unsigned attempt;
};

/* --- beginning and end ------------------------------------------------------------------------------------------- */

/* What is read from the store. */
struct loaded {
    struct dhcp_server *server;
    uint64_t latest_s; /* the latest time that was written down */
};

static int load(void *arg, const struct dhcp_lease *lease)
{
    struct loaded *loaded = arg;

    if (lease->last_s > loaded->latest_s)
        loaded->latest_s = lease->last_s;
    return dhcp_server_load(loaded->server, lease);
}

static int load_leases(struct serve *serve, struct store *store, struct loaded *loaded)
{
    uint64_t count = 0;
    int error = store_count_leases(store, &count);

    if (!error)
        error = dhcp_server_reserve(serve->server, count < UINT32_MAX ? (uint32_t)count : UINT32_MAX);
    if (!error)
        error = store_each_lease(store, load, loaded);
    return error ? error : store_each_reservation(store, kept_load, &serve->kept);
}

static int open_clock(struct serve *serve, struct store *store, uint64_t latest_s)
{
    struct lease_clock_reading reading;
    struct store_clock stored;
    int error = store_get_clock(store, &stored);

    if (error)
        return error;
    lease_clock_read(&reading);
    lease_clock_open(&serve->clock, &stored, latest_s, &reading);
    return store_put_clock(store, &serve->clock.state);
}

static int open_batches(struct serve *serve)
{
    for (unsigned i = 0; i < ARRAY_SIZE(serve->batches); i++)
        serve->batches[i].pending = calloc(SERVE_BATCH, sizeof(*serve->batches[i].pending));
    serve->leases = calloc((size_t)SERVE_BATCH * DHCP_CHANGES_MAX, sizeof(struct dhcp_lease *));
    serve->gathers = &serve->batches[0];
    serve->gathers->number = 1;
    return serve->batches[0].pending && serve->batches[1].pending && serve->leases ? 0 : -ENOMEM;
}

static void on_stored(void *arg, struct watch *watch);
static void take_batch(struct serve *serve);
static void answer_batch(struct serve *serve, struct serve_batch *batch);
static void on_nobody(void *arg, unsigned number);
static void on_somebody(void *arg, unsigned number);

static int open_probes(struct serve *serve)
{
    serve->probes = probes_new(
        &(struct probe_config){.sockets = serve->sockets, .nobody = on_nobody, .somebody = on_somebody, .arg = serve});
    serve->offers = calloc(PROBE_MAX, sizeof(*serve->offers));
    return serve->probes && serve->offers ? 0 : -ENOMEM;
}

/* What ended while nobody was here is no news. */
static void on_end(void *arg, uint32_t addr)
{
    struct serve *serve = arg;
    struct dhcp_lease lease;

    if (dhcp_leases_get(dhcp_server_leases(serve->server), addr, &lease) && lease.state == DHCP_LEASE_BOUND &&
        lease.ends_s >= serve->started_s)
        events_add_end(&serve->events, &lease, lease_clock_now_s(&serve->clock));
}

int serve_open(struct serve *serve, struct store *store, struct sockets *sockets, int epoll)
{
    uint8_t key[DHCP_KEY_SIZE];

    *serve = (struct serve){.sockets = sockets, .history_s = UINT32_MAX};
    int error = getrandom(key, sizeof(key), 0) == (ssize_t)sizeof(key) ? open_batches(serve) : -EIO;
    if (!error)
        error = open_probes(serve);
    if (!error)
        error = events_open(&serve->events);
    serve->server = error ? NULL : dhcp_server_new(key, DHCP_OFFERS_MAX);
    if (!error && !serve->server)
        error = -ENOMEM;
    struct loaded loaded = {.server = serve->server};
    if (!error)
        error = load_leases(serve, store, &loaded);
    if (error) {
        log_error("DHCP: the leases could not be read: %s", strerror(-error));
        return error;
    }
    error = open_clock(serve, store, loaded.latest_s);
    if (error)
        log_error("DHCP: the clock could not be stored: %s (%s)", strerror(-error), store_why(store));
    else if ((error = flush_open(&serve->flush, store, epoll, on_stored, serve)))
        log_error("DHCP could not be set up: %s", strerror(-error));
    serve->started_s = lease_clock_now_s(&serve->clock);
    dhcp_server_on_end(serve->server, on_end, serve);
    return error;
}

static bool has_gathered(const struct serve *serve)
{
    return serve->gathers->count || serve->gathers->has_reservation;
}

void serve_close(struct serve *serve)
{
    while (serve->flush.started && (flush_is_busy(&serve->flush) || serve->untold || has_gathered(serve))) {
        flush_wait(&serve->flush);
        take_batch(serve);
        if (serve->untold)
            answer_batch(serve, serve->untold);
        serve->busy = false;
        serve_turn(serve);
    }
    flush_close(&serve->flush);
    serve->server = dhcp_server_free(serve->server);
    serve->subnets = subnets_free(serve->subnets);
    for (unsigned i = 0; i < ARRAY_SIZE(serve->batches); i++)
        free(serve->batches[i].pending);
    serve->probes = probes_free(serve->probes);
    events_close(&serve->events);
    forecasts_clear(&serve->forecasts);
    kept_clear(&serve->kept);
    free(serve->offers);
    free(serve->leases);
}

static void note_guards(struct serve *serve, const struct conf *conf)
{
    serve->any_guarded = false;
    for (unsigned i = 1; i < SOCKETS_PORTS; i++) {
        const struct conf_interface *interface = conf_find_interface(conf, serve->sockets->ports[i].name);
        serve->guarded[i] = interface && interface->source_guard;
        serve->any_guarded |= serve->guarded[i];
    }
}

int serve_configure(struct serve *serve, const struct conf *conf)
{
    struct subnets *subnets = subnets_make(conf, serve->sockets, &serve->kept);
    int error =
        subnets ? dhcp_server_configure(serve->server, &subnets->list, lease_clock_now_s(&serve->clock)) : -ENOMEM;

    if (error) {
        log_error("DHCP: the configuration is not in force: %s", strerror(-error));
        subnets_free(subnets);
        return error;
    }
    subnets_tell(subnets, serve->subnets);
    subnets_free(serve->subnets);
    serve->subnets = subnets;
    serve->conf = conf;
    note_guards(serve, conf);
    forecasts_follow(&serve->forecasts, serve->server, clock_now_ms()); /* a help: it may fail */
    serve->history_s = conf->dhcp.history_s;
    events_add_anew(&serve->events, lease_clock_now_s(&serve->clock));
    probes_want_ping(serve->probes, conf->dhcp.all.subnet_count > 0);
    return 0;
}

/* --- gathering --------------------------------------------------------------------------------------------------- */

struct serve_pending *serve_room(struct serve *serve)
{
    struct serve_batch *batch = serve->gathers;

    return batch->count < SERVE_BATCH ? &batch->pending[batch->count] : NULL;
}

/* The next of the batch that gathers has changes: it has joined. */
void serve_join(struct serve *serve)
{
    struct serve_batch *batch = serve->gathers;

    if (!batch->count++)
        serve->gathers_since_ms = clock_now_ms();
    if (batch->count > SERVE_BATCH - FRAMES_BATCH)
        frames_hold(&serve->sockets->frames, true);
}

/* --- offers that wait -------------------------------------------------------------------------------------------- */

static void send_reply(struct serve *serve, const struct serve_pending *pending);
static bool handle(struct serve *serve, const struct udp_datagram *datagram, const struct dhcp_message *message,
                   unsigned attempt);

/* Whether an offer waits until it is known that nobody has the address. */
static bool offer_later(struct serve *serve, const struct serve_pending *pending, const struct udp_datagram *datagram,
                        const struct dhcp_message *message, unsigned attempt)
{
    bool relayed = message->header->giaddr_be != 0;

    if (!pending->result.probe || datagram->len > sizeof(serve->offers[0].bytes))
        return false;
    int number = probes_ask(serve->probes, &(struct probe_question){.addr = pending->result.probe,
                                                                    .port = relayed ? 0 : datagram->port,
                                                                    .mac = message->header->chaddr});
    if (number < 0)
        return false;
    struct serve_offer *offer = &serve->offers[number];
    offer->pending = *pending;
    offer->question = *datagram;
    offer->question.data = offer->bytes;
    memmove(offer->bytes, datagram->data, datagram->len);
    offer->attempt = attempt;
    return true;
}

static void on_nobody(void *arg, unsigned number)
{
    struct serve *serve = arg;

    send_reply(serve, &serve->offers[number].pending);
}

/* The address is nobody's to give for a while, and the client is offered another one. */
static void on_somebody(void *arg, unsigned number)
{
    struct serve *serve = arg;
    struct serve_offer *offer = &serve->offers[number];
    uint32_t addr = offer->pending.result.probe;
    char text[IPV4_TEXT_SIZE];

    serve->counts.conflicts++;
    struct serve_pending *pending = serve_room(serve);
    if (!pending) /* the client will ask again, and so shall we */
        return;
    dhcp_server_conflict(serve->server, addr, lease_clock_now_s(&serve->clock), &pending->result);
    if (pending->result.change_count) { /* and so this is said at most once for each address and quarantine */
        ipv4_addr_format(addr, text);
        log_warning("DHCP: %s is used by somebody who did not get it here", text);
        serve_join(serve);
    }
    if (offer->attempt + 1 < ATTEMPTS && !dhcp_parse(offer->bytes, offer->question.len, &serve->again))
        handle(serve, &offer->question, &serve->again, offer->attempt + 1);
}

/* --- in ---------------------------------------------------------------------------------------------------------- */

/* attempt: how often this has been handled already. False: it cannot be now. */
static bool handle(struct serve *serve, const struct udp_datagram *datagram, const struct dhcp_message *message,
                   unsigned attempt)
{
    const struct sockets_port *port = &serve->sockets->ports[datagram->port];
    struct serve_pending *pending = serve_room(serve);

    if (!serve->subnets || !pending)
        return false;
    const struct dhcp_subnets *list = &serve->subnets->list;
    struct dhcp_arrival arrival = {.network = datagram->port,
                                   .own_addr = ipv4_addr_is_among(datagram->dst, list->own, list->own_count)
                                                   ? datagram->dst
                                                   : sockets_address_of(serve->sockets, datagram->port),
                                   .src = datagram->src,
                                   .src_port = datagram->src_port,
                                   .broadcast = eth_addr_is_multicast(datagram->dst_mac),
                                   .sender = datagram->src_mac,
                                   .mtu = (uint16_t)(port->mtu < UINT16_MAX ? port->mtu : UINT16_MAX),
                                   .known_only = serve->sockets->frames.known_only};
    enum dhcp_outcome outcome =
        dhcp_server_receive(serve->server, &arrival, message, lease_clock_now_s(&serve->clock), &pending->result);
    serve->counts.outcomes[outcome]++;
    pending->port = datagram->port;
    memcpy(pending->sender, datagram->src_mac, ETH_ADDR_SIZE);
    if (pending->result.change_count)
        serve_join(serve);
    else if (!offer_later(serve, pending, datagram, message, attempt))
        send_reply(serve, pending);
    return true;
}

bool serve_receive(struct serve *serve, const struct udp_datagram *datagram, const struct dhcp_message *message)
{
    return handle(serve, datagram, message, 0);
}

/* --- out --------------------------------------------------------------------------------------------------------- */

static void send_reply(struct serve *serve, const struct serve_pending *pending)
{
    const struct dhcp_result *result = &pending->result;
    struct udp_datagram datagram = {.port = pending->port,
                                    .src = result->src,
                                    .dst = result->dst,
                                    .src_port = DHCP_SERVER_PORT,
                                    .dst_port = result->dst_port,
                                    .data = result->reply.bytes,
                                    .len = result->reply.len};

    memcpy(datagram.src_mac, serve->sockets->ports[pending->port].mac, ETH_ADDR_SIZE);
    switch (result->to) {
    case DHCP_TO_NOBODY:
        return;
    case DHCP_TO_SENDER:
        memcpy(datagram.dst_mac, pending->sender, ETH_ADDR_SIZE);
        break;
    case DHCP_TO_HARDWARE:
        memcpy(datagram.dst_mac, result->reply.header.chaddr, ETH_ADDR_SIZE);
        break;
    case DHCP_TO_BROADCAST:
        memset(datagram.dst_mac, 0xff, ETH_ADDR_SIZE);
        break;
    }
    udp_mux_send(serve->sockets->frames.mux,
                 &datagram); /* what could not be sent is counted there, and asked for again */
}

static struct serve_batch *other_than(struct serve *serve, const struct serve_batch *batch)
{
    return batch == &serve->batches[0] ? &serve->batches[1] : &serve->batches[0];
}

static uint64_t forget_before_s(const struct serve *serve)
{
    uint64_t now_s = lease_clock_now_s(&serve->clock);

    return serve->history_s < UINT32_MAX && serve->history_s < now_s ? now_s - serve->history_s : 0;
}

/* Give the flush what has gathered, and gather anew. */
static void give_batch(struct serve *serve)
{
    const struct serve_batch *batch = serve->gathers;
    size_t count = 0;

    for (unsigned i = 0; i < batch->count; i++) {
        const struct dhcp_result *result = &batch->pending[i].result;
        for (unsigned j = 0; j < result->change_count; j++)
            serve->leases[count++] = &result->changes[j].after;
    }
    flush_begin(&serve->flush, &(struct flush_batch){.leases = serve->leases,
                                                     .count = count,
                                                     .clock = serve->clock_changed ? &serve->clock.state : NULL,
                                                     .reservation = batch->has_reservation ? &batch->reservation : NULL,
                                                     .forget_before_s = forget_before_s(serve)});
    serve->clock_changed = false;
    serve->busy = count >= BUSY;
    serve->gathers = other_than(serve, batch);
    serve->gathers->number = batch->number + 1;
    frames_hold(&serve->sockets->frames, false);
}

static void undo_batch(struct serve *serve, struct serve_batch *batch)
{
    for (unsigned i = batch->count; i-- > 0;) {
        const struct dhcp_result *result = &batch->pending[i].result;
        serve->counts.unstored += result->change_count;
        for (unsigned j = result->change_count; j-- > 0;)
            dhcp_server_undo(serve->server, &result->changes[j]);
    }
    batch->count = 0;
    batch->has_reservation = false;
}

static void tell_store(struct serve *serve, int error)
{
    if (error && !serve->failing)
        log_error("DHCP: leases cannot be stored, so none are given: %s (%s)", strerror(-error), serve->flush.why);
    if (!error && serve->failing)
        log_info("DHCP: leases can be stored again");
    serve->failing = error != 0;
}

bool serve_is_guarded(const struct serve *serve, uint32_t addr)
{
    const struct dhcp_subnet *subnet = serve->any_guarded ? dhcp_server_subnet(serve->server, addr) : NULL;

    return subnet && subnet->network < SOCKETS_PORTS && serve->guarded[subnet->network];
}

/* Events of what has been stored. True: some of it is where only those may speak whom the engine knows. */
static bool note_changes(struct serve *serve, const struct serve_batch *batch)
{
    uint64_t now_s = lease_clock_now_s(&serve->clock);
    bool guarded = false;

    for (unsigned i = 0; i < batch->count; i++) {
        const struct dhcp_result *result = &batch->pending[i].result;
        serve->counts.stored += result->change_count;
        for (unsigned j = 0; j < result->change_count; j++) {
            events_add_change(&serve->events, &result->changes[j], now_s);
            guarded = guarded || serve_is_guarded(serve, result->changes[j].after.addr);
        }
    }
    return guarded;
}

static void answer_batch(struct serve *serve, struct serve_batch *batch)
{
    serve->untold = NULL;
    for (unsigned i = 0; i < batch->count; i++)
        send_reply(serve, &batch->pending[i]);
    batch->count = 0;
    if (batch->has_reservation) {
        batch->has_reservation = false;
        if (kept_put(&serve->kept, &batch->reservation))
            log_error("DHCP: a reservation is stored, and not in force before a restart: out of memory");
        if (serve->conf) /* otherwise it is about to be configured, with that */
            serve_configure(serve, serve->conf);
    }
}

/* A batch is on stable storage; or it is not, and what was decided on top of it falls with it. */
static void take_batch(struct serve *serve)
{
    struct serve_batch *batch = other_than(serve, serve->gathers);
    int error;

    if (!flush_end(&serve->flush, &error))
        return;
    tell_store(serve, error);
    if (error) {
        if (serve->undone_to + 1 < batch->number)
            serve->undone_from = batch->number;
        serve->done = serve->undone_to = serve->gathers->number++;
        undo_batch(serve, serve->gathers);
        undo_batch(serve, batch);
        serve->clock_changed = true;
        frames_hold(&serve->sockets->frames, false);
        return;
    }
    serve->counts.transactions++;
    serve->done = batch->number;
    bool guarded = note_changes(serve, batch);
    if (guarded && serve->followed) {
        serve->untold = batch;
        serve->untold_event = serve->events.last;
        serve->untold_until_ms = clock_now_ms() + UNTOLD_MS;
        return;
    }
    answer_batch(serve, batch);
}

void serve_followed(struct serve *serve, uint64_t event)
{
    serve->followed = true;
    if (serve->untold && event >= serve->untold_event)
        answer_batch(serve, serve->untold);
}

/* An engine that does not keep up, or is gone, is not waited for. */
static void stop_waiting(struct serve *serve)
{
    if (!serve->untold || clock_now_ms() < serve->untold_until_ms)
        return;
    serve->followed = false;
    answer_batch(serve, serve->untold);
}

int serve_is_stored(const struct serve *serve, uint64_t batch)
{
    if (batch > serve->done)
        return -EAGAIN;
    return batch >= serve->undone_from && batch <= serve->undone_to ? -EIO : 0;
}

static void on_stored(void *arg, struct watch *watch)
{
    (void)watch;
    take_batch(arg);
}

/* While many come, a flush serves more of them if it waits a little. */
static int64_t gathers_until_ms(const struct serve *serve)
{
    return serve->busy && serve->gathers->count < BATCH_ENOUGH ? serve->gathers_since_ms + GATHER_MS : 0;
}

static void on_warned(void *arg, const struct dhcp_pool *pool, unsigned percent)
{
    char first[IPV4_TEXT_SIZE], last[IPV4_TEXT_SIZE];

    (void)arg;
    ipv4_addr_format(pool->first, first);
    ipv4_addr_format(pool->last, last);
    log_warning("DHCP: the pool %s-%s is %u %% taken", first, last, percent);
}

/* Many new clients have come, and less than half of them have taken what they were offered, if there was anything. */
static void look_for_flood(struct serve *serve)
{
    const uint64_t *outcomes = serve->counts.outcomes;
    struct serve_look *last = &serve->look;
    int64_t now_ms = clock_now_ms();

    if (now_ms - last->at_ms < LOOK_MS)
        return;
    struct serve_look look = {.at_ms = now_ms,
                              .came = outcomes[DHCP_OUTCOME_OFFERED] + outcomes[DHCP_OUTCOME_EXHAUSTED] +
                                      outcomes[DHCP_OUTCOME_LIMITED],
                              .took = outcomes[DHCP_OUTCOME_ACKED]};
    serve->sockets->frames.pressed =
        look.came - last->came >= MANY && (look.took - last->took) * 2 < look.came - last->came;
    *last = look;
}

void serve_turn(struct serve *serve)
{
    struct lease_clock_reading reading;

    lease_clock_read_system(&reading);
    if (lease_clock_look(&serve->clock, &reading)) {
        log_info("the system's clock has been set; leases are counted without it");
        serve->clock_changed = true;
    }
    /* While the store fails, the clock alone does not try it again and again. */
    bool any = has_gathered(serve) || (serve->clock_changed && !serve->failing);
    stop_waiting(serve);
    if (any && !serve->untold && !flush_is_busy(&serve->flush) && clock_now_ms() >= gathers_until_ms(serve))
        give_batch(serve);
    forecasts_look(&serve->forecasts, serve->server, clock_now_ms(), on_warned, NULL);
    probes_turn(serve->probes);
    look_for_flood(serve);
    frames_turn(&serve->sockets->frames);
}

int serve_wait_ms(const struct serve *serve, int most)
{
    return serve->untold || (serve->gathers->count && gathers_until_ms(serve))
               ? 1
               : frames_wait_ms(&serve->sockets->frames, probes_wait_ms(serve->probes, most));
}
