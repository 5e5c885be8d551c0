/* A shaped port over memory, in virtual time: what comes out, when, and that no frame's memory is ever lost. */
#include "shape/shaped.h"

#include "base/compiler.h"
#include "net/checksum.h"
#include "net/eth.h"
#include "net/ipv4.h"
#include "port/memory_io.h"
#include "tests/draw.h"
#include "tests/unit.h"

#include <string.h>

#define FLOWS   8
#define MTU     1500
#define RATE    2500000 /* bytes a second: 20 Mbit/s */
#define SECOND  INT64_C(1000000000)
#define ROOM    64
#define MS      INT64_C(1000000)
#define NUMBERS 4 /* bytes behind the ports, where a frame's number in its flow is */

struct port {
    struct shaped *shaped;
    struct frame_io *io;
    uint64_t seed;
    uint32_t next[FLOWS], came[FLOWS]; /* numbers that the next frame has, and that the last one had that came out */
    uint32_t left[FLOWS];
    uint64_t in, out, marked, out_bytes;
    bool overtakes; /* what conforms may come before what was demoted */
};

static void begin_port(struct port *port, const char *text)
{
    char line[1000];
    struct conf *conf = NULL;
    struct conf_errors errors = {0};
    struct queue_fault fault;

    *port = (struct port){.seed = 15};
    int len = snprintf(line, sizeof(line), "interface a { %s }", text);
    if (conf_parse(line, (size_t)len, &conf, &errors))
        fail_msg("%s", errors.all[0].text);
    const struct shaped_config config = {.shape = &conf->interfaces[0].shape,
                                         .ifindex = 1,
                                         .mtu = MTU,
                                         .contracts = conf->contract_count > 0,
                                         .seed = 1};
    assert_int_equal(shaped_new(&config, 0, &port->shaped, &fault), 0);
    assert_int_equal(shaped_keep(port->shaped, conf, "a"), 0);
    conf_free(conf); /* it has what it needs */
    assert_int_equal(memory_io_open(shaped_frames(port->shaped), ROOM, &port->io), 0);
    shaped_connect(port->shaped, port->io);
}

static void end_port(struct port *port)
{
    shaped_free(port->shaped);
}

static struct queues look(const struct port *port, int64_t now_ns)
{
    struct queues queues;

    shaped_describe(port->shaped, now_ns, &queues);
    assert_int_equal(queues.frames_queued + queues.frames_held + queues.frames_free, queues.frames);
    return queues;
}

/* A frame of a flow comes; so long, with Ethernet header. */
static bool put(struct port *port, unsigned flow, size_t len, uint8_t tos)
{
    uint8_t frame[ETH_HDR_SIZE + MTU] = {0};
    struct ipv4_hdr *ip = (struct ipv4_hdr *)(frame + ETH_HDR_SIZE);
    uint16_t type_be = cpu_to_be16(ETH_TYPE_IPV4), port_be = cpu_to_be16((uint16_t)(1000 + flow));

    memcpy(frame + ETH_HDR_SIZE - 2, &type_be, 2);
    *ip = (struct ipv4_hdr){.version_ihl = 0x45,
                            .tos = tos,
                            .total_length_be = cpu_to_be16((uint16_t)(len - ETH_HDR_SIZE)),
                            .ttl = 64,
                            .protocol = IPV4_PROTOCOL_UDP,
                            .src_be = cpu_to_be32(0x0a000001),
                            .dst_be = cpu_to_be32(0x0a000002)};
    ip->checksum_be = (uint16_t)~checksum_fold(checksum_ipv4_words(ip));
    memcpy(ip + 1, &port_be, 2);
    memcpy((uint8_t *)(ip + 1) + 8, &port->next[flow], NUMBERS);
    memset((uint8_t *)(ip + 1) + 8 + NUMBERS, (int)port->next[flow], len - ETH_HDR_SIZE - IPV4_HDR_SIZE - 8 - NUMBERS);
    if (!memory_io_put(port->io, frame, len))
        return false;
    port->next[flow]++;
    port->in++;
    return true;
}

/* One that has left is whole, behind all that left before it of its flow. */
static bool take(struct port *port)
{
    size_t len;
    const uint8_t *frame = memory_io_take(port->io, &len);

    if (!frame)
        return false;
    const struct ipv4_hdr *ip = (const void *)(frame + ETH_HDR_SIZE);
    const uint8_t *data = (const uint8_t *)(ip + 1);
    assert_int_equal(be16_to_cpu(ip->total_length_be) + ETH_HDR_SIZE, len);
    assert_int_equal(checksum_fold(checksum_ipv4_words(ip)), 0xffff);
    unsigned flow = be16_to_cpu(load_u16(data)) - 1000;
    uint32_t number = load_u32(data + 8);
    assert_true(flow < FLOWS && number < port->next[flow]);
    assert_true(port->overtakes || number >= port->came[flow]);
    for (size_t i = 8 + NUMBERS; i < len - ETH_HDR_SIZE - IPV4_HDR_SIZE; i++)
        assert_int_equal(data[i], (uint8_t)number);
    port->came[flow] = number + 1;
    port->left[flow]++;
    port->marked += (ip->tos & 3) == 3;
    port->out++;
    port->out_bytes += len + 24; /* as on Ethernet */
    return true;
}

static void take_all(struct port *port)
{
    while (take(port))
        ;
}

static size_t draw_len(struct port *port)
{
    return 60 + draw_u32(&port->seed) % (ETH_HDR_SIZE + MTU - 59);
}

static const char *const kinds[] = {
    "rate = 20Mbit  queue = drop-tail",
    "rate = 20Mbit  queue red { min = 5ms max = 15ms }",
    "rate = 20Mbit  queue red { adaptive = true }",
    "rate = 20Mbit  queue = codel",
    "rate = 20Mbit  queue = fq-codel",
    "rate = 20Mbit  queue fq-codel { flows = 1 limit = 50p }",
    "rate = 20Mbit  queue = dualpi2",
};

/* Twice what the link carries, in bursts, of senders that take marks and of others; then nothing more. */
static void what_comes_leaves_at_the_rate_or_is_dropped(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < sizeof(kinds) / sizeof(*kinds); kind++) {
        struct port port;
        uint64_t missed = 0, wanted = 0;
        int64_t now_ns = 0, next_ns = 0;
        begin_port(&port, kinds[kind]);
        while (now_ns < 5 * SECOND) {
            for (unsigned i = draw_u32(&port.seed) % 24; i > 0; i--, wanted++) {
                unsigned flow = draw_u32(&port.seed) % FLOWS; /* two of each ECN codepoint */
                missed += !put(&port, flow, draw_len(&port), (uint8_t)(flow & 3));
            }
            int64_t burst_ns = now_ns + (int64_t)(draw_u32(&port.seed) % 4000000);
            for (; now_ns < burst_ns; now_ns = next_ns < burst_ns ? next_ns : burst_ns) {
                next_ns = shaped_turn(port.shaped, now_ns);
                assert_true(next_ns >= now_ns);
                take_all(&port);
                if (next_ns == now_ns)
                    continue;
            }
        }
        assert_true((double)port.out_bytes <= RATE * ((double)now_ns / 1e9 + 0.001) + 1538);
        /* What RED and PI2 know lags behind bursts that nobody answers for, so that they are at times empty. */
        bool lags = strstr(kinds[kind], "red") || strstr(kinds[kind], "dualpi2");
        assert_true((double)port.out_bytes >= RATE * ((double)now_ns / 1e9) * (lags ? 0.97 : 0.998));
        look(&port, now_ns);
        while ((next_ns = shaped_turn(port.shaped, now_ns)) != INT64_MAX) {
            take_all(&port);
            now_ns = next_ns;
        }
        take_all(&port);
        struct queues queues = look(&port, now_ns);
        uint64_t dropped = 0, marked = 0;
        for (unsigned i = 0; i < QUEUE_DROP_COUNT; i++)
            dropped += queues.classes[0].drops[i];
        for (unsigned i = 0; i < QUEUE_MARK_COUNT; i++)
            marked += queues.classes[0].marks[i];
        assert_int_equal(queues.frames_queued + queues.frames_held, 0);
        assert_int_equal(queues.classes[0].arrived_packets, port.in);
        assert_int_equal(queues.classes[0].left_packets, port.out);
        assert_int_equal(port.out + dropped, port.in);
        assert_int_equal(queues.lost_full + queues.lost_no_frame, missed);
        assert_int_equal(port.in + missed, wanted);
        assert_true(dropped > 0);
        if (!strstr(kinds[kind], "limit")) /* a limit that is below what CoDel would mark at */
            assert_int_equal(marked > 0, kind != 0);
        assert_true(port.marked >= marked); /* some came marked */
        end_port(&port);
    }
}

/* Nobody takes what is sent: the queue fills, and drops. Then somebody does. */
static void a_stalled_port_loses_no_memory(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < sizeof(kinds) / sizeof(*kinds); kind++) {
        struct port port;
        int64_t now_ns = 0;
        begin_port(&port, kinds[kind]);
        for (unsigned i = 0; i < 200000; i++, now_ns += MS / 4) {
            put(&port, i % FLOWS, 1000, 0);
            int64_t next_ns = shaped_turn(port.shaped, now_ns);
            if (memory_io_sent(port.io) == ROOM)
                assert_true(next_ns > now_ns); /* it does not spin */
        }
        assert_int_equal(memory_io_sent(port.io), ROOM);
        struct queues stalled = look(&port, now_ns);
        assert_true(stalled.stalls > 0 && stalled.frames_free > 0);
        assert_int_equal(stalled.classes[0].left_packets, ROOM);
        while (port.out < port.in) {
            int64_t next_ns = shaped_turn(port.shaped, now_ns);
            take_all(&port);
            if (next_ns == INT64_MAX)
                break;
            now_ns = next_ns;
        }
        take_all(&port);
        struct queues after = look(&port, now_ns);
        assert_int_equal(after.frames_free, after.frames);
        assert_true(port.out >= ROOM);
        end_port(&port);
    }
}

/* One flow sends too much, another a packet now and then: that one waits for a packet or two of the other's, no more.
 */
static void a_flow_that_sends_little_does_not_wait(void **state)
{
    (void)state;
    struct port port;
    int64_t now_ns = 0, put_ns = 0, longest_ns = 0;

    begin_port(&port, "rate = 20Mbit");
    for (unsigned i = 0; i < 4000; i++) {
        for (unsigned j = 0; j < 4; j++)
            put(&port, 0, ETH_HDR_SIZE + MTU, 0);
        if (i % 10 == 0 && port.came[1] == port.next[1]) {
            put(&port, 1, 100, 0);
            put_ns = now_ns;
        }
        uint32_t before = port.came[1];
        for (int64_t end_ns = now_ns + MS; now_ns < end_ns;) {
            int64_t next_ns = shaped_turn(port.shaped, now_ns);
            take_all(&port);
            if (port.came[1] != before && now_ns - put_ns > longest_ns)
                longest_ns = now_ns - put_ns;
            before = port.came[1];
            now_ns = next_ns < end_ns ? next_ns : end_ns;
        }
    }
    assert_true(port.came[1] > 300);
    assert_true(longest_ns < 3 * MS);
    assert_true(look(&port, now_ns).classes[0].delay.p50_ns > 3 * MS); /* the other one does wait */
    end_port(&port);
}

/* --- classes ------------------------------------------------------------------------------------------------------ */

#define TOS(dscp) ((dscp) << 2)
#define EF        46
#define AF11      10
#define AF13      14
#define LE        1

struct source {
    unsigned flow;
    uint8_t tos;
    unsigned every; /* milliseconds */
};

/* So long these send, packets of the same length; then what is there is looked at. */
static struct queues send_from(struct port *port, const struct source *sources, size_t count, unsigned milliseconds)
{
    int64_t now_ns = 0;

    for (unsigned i = 0; i < milliseconds; i++) {
        for (size_t j = 0; j < count; j++)
            for (unsigned k = 0; k < 4 && i % sources[j].every == 0; k += sources[j].every == 1 ? 1 : 4)
                put(port, sources[j].flow, 1000, sources[j].tos);
        for (int64_t end_ns = now_ns + MS; now_ns < end_ns;) {
            int64_t next_ns = shaped_turn(port->shaped, now_ns);
            take_all(port);
            now_ns = next_ns < end_ns ? next_ns : end_ns;
        }
    }
    return look(port, now_ns);
}

static const struct queues_class *class_of(const struct queues *queues, const char *name)
{
    for (unsigned i = 0; i < queues->class_count; i++)
        if (strcmp(queues->classes[i].name, name) == 0)
            return &queues->classes[i];
    fail_msg("no class %s", name);
    return NULL;
}

static void the_urgent_goes_first(void **state)
{
    (void)state;
    static const struct source sources[] = {{0, 0, 1}, {1, TOS(EF), 10}, {2, TOS(LE), 10}};
    struct port port;

    begin_port(&port, "rate = 20Mbit  queue = drop-tail  class voice { dscp = ef  priority = 0  queue = drop-tail }\n"
                      "class rest { dscp = [\"le\", \"cs1\"]  priority = 7 }");
    struct queues queues = send_from(&port, sources, ARRAY_SIZE(sources), 4000);
    assert_int_equal(queues.class_count, 3);
    assert_string_equal(queues.classes[0].name, "voice");
    assert_string_equal(queues.classes[1].name, "default");
    assert_int_equal(class_of(&queues, "voice")->left_packets, 400);
    assert_true(class_of(&queues, "voice")->delay.max_ns < 2 * MS);    /* a packet of another's, and the burst */
    assert_true(class_of(&queues, "default")->delay.p50_ns > 90 * MS); /* it is full */
    assert_int_equal(class_of(&queues, "rest")->left_packets, 0);      /* nothing is left for it */
    end_port(&port);
}

static void those_that_are_alike_share_by_weight(void **state)
{
    (void)state;
    static const struct source sources[] = {{0, 0, 1}, {1, TOS(AF11), 1}};
    struct port port;

    begin_port(&port, "rate = 20Mbit  class three { dscp = af11  weight = 3 }");
    struct queues queues = send_from(&port, sources, ARRAY_SIZE(sources), 5000);
    double one = (double)class_of(&queues, "default")->left_bytes,
           three = (double)class_of(&queues, "three")->left_bytes;
    assert_true(three / one > 2.95 && three / one < 3.05);
    assert_true((one + three) / 5 > RATE * 0.998);
    end_port(&port);
}

static void a_class_has_its_rate_and_no_more(void **state)
{
    (void)state;
    static const struct source sources[] = {{0, 0, 1}, {1, TOS(EF), 1}};
    struct port port;

    begin_port(&port, "rate = 20Mbit  class voice { dscp = ef  priority = 0  rate = 5Mbit\n"
                      "                             queue drop-tail { limit = 50ms } }");
    struct queues queues = send_from(&port, sources, ARRAY_SIZE(sources), 5000);
    double voice = (double)class_of(&queues, "voice")->left_bytes / 5 / RATE;
    assert_true(voice > 0.248 && voice < 0.252);
    assert_true((double)class_of(&queues, "default")->left_bytes / 5 / RATE > 0.745);
    int64_t delay_ns = class_of(&queues, "voice")->delay.p50_ns; /* of its own rate */
    assert_true(delay_ns > 43 * MS && delay_ns < 57 * MS);
    end_port(&port);
}

/* Weighted RED: of the same queue, some packets are dropped earlier. */
static void a_profile_is_for_its_packets(void **state)
{
    (void)state;
    static const struct source sources[] = {{0, TOS(AF11), 1}, {1, TOS(AF13), 1}};
    struct port port;

    begin_port(&port, "rate = 20Mbit  queue red { min = 20p max = 60p\n"
                      "    profile { dscp = [\"af12\", \"af13\"] min = 5p max = 20p probability = 0.5 } }");
    send_from(&port, sources, ARRAY_SIZE(sources), 5000);
    assert_int_equal(port.next[0], port.next[1]);
    assert_true(port.left[0] > 4 * port.left[1] && port.left[1] > 0);
    end_port(&port);
}

/* --- contracts --------------------------------------------------------------------------------------------------- */

#define CONTRACTS(excess)                                                                                      \
    "rate = 20Mbit queue drop-tail { limit = 100ms } }\n"                                                      \
    "contract voice { out = a match = \"dscp ef\" rate = 1Mbit burst = 3kB packet = 1000B delay = 3ms excess " \
    "= " excess " }\n"                                                                                         \
    "contract video { out = a match = \"dscp af11\" rate = 5Mbit burst = 5kB packet = 1000B delay = 9ms"

static uint64_t late(const struct query_figures *contract)
{
    return contract->left.late + contract->left.late_stalled;
}

/* Who keeps to his contract is kept to, whatever best effort and the others send, and whatever becomes of what the
 * others send too much. */
static void contracts_are_kept(void **state)
{
    (void)state;
    static const struct source sources[] = {{0, 0, 1}, {1, TOS(EF), 10}, {2, TOS(AF11), 1}};
    static const char *const texts[] = {CONTRACTS("shape"), CONTRACTS("demote"), CONTRACTS("drop")};

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct port port;
        begin_port(&port, texts[i]);
        struct queues queues = send_from(&port, sources, ARRAY_SIZE(sources), 3000);
        struct query_figures voice = shaped_contract(port.shaped, 0, 0), video = shaped_contract(port.shaped, 1, 0);
        assert_int_equal(voice.came.conforming, 300);
        assert_int_equal(voice.left.packets, 300);
        assert_int_equal(late(&voice), 0);
        assert_int_equal(voice.left.delay.count, 300);
        assert_true(voice.left.least_ns >= 0 && voice.left.least_ns <= voice.left.delay.p50_ns);
        assert_true(voice.left.delay.max_ns > 300000 && voice.left.delay.max_ns <= 3 * MS);
        /* 32 Mbit/s of 5: what waits longer than it may is dropped, and all that stays has its guarantee. */
        assert_true(video.came.dropped > 8000 && video.came.shaped > 1500);
        assert_int_equal(late(&video), 0);
        assert_true(video.left.rate > 0.95 * 5e6 / 8 && video.left.rate < 1.05 * 5e6 / 8);
        video = shaped_contract(port.shaped, 1, 100 * SECOND);
        assert_true(video.left.rate < 5e6 / 8 / 50); /* nothing has left for long */
        assert_true((double)video.left.bytes < 3.1 * 5e6 / 8 && (double)video.left.bytes > 2.9 * 5e6 / 8);
        assert_true(queues.classes[0].left_packets > 4000); /* and the rest is for best effort */
        assert_int_equal(queues.looks.stalls, 0);
        end_port(&port);
    }
}

/* The voice sends ten times its rate. */
static void excess_is_treated_as_the_contract_says(void **state)
{
    (void)state;
    static const struct source sources[] = {{0, 0, 1}, {1, TOS(EF), 1}, {2, TOS(AF11), 10}};
    struct port port;

    begin_port(&port, CONTRACTS("drop"));
    send_from(&port, sources, ARRAY_SIZE(sources), 2000);
    struct query_figures voice = shaped_contract(port.shaped, 0, 0), video = shaped_contract(port.shaped, 1, 0);
    assert_int_equal(voice.came.conforming + voice.came.dropped, 8000);
    assert_true(voice.came.conforming > 220 && voice.came.conforming < 260); /* 2 s x 1 Mbit/s, and a burst */
    assert_int_equal(video.left.packets, 200);
    assert_int_equal(late(&voice) + late(&video), 0);
    end_port(&port);

    begin_port(&port, CONTRACTS("demote"));
    port.overtakes = true;
    struct queues queues = send_from(&port, sources, ARRAY_SIZE(sources), 2000);
    voice = shaped_contract(port.shaped, 0, 0);
    video = shaped_contract(port.shaped, 1, 0);
    assert_int_equal(voice.came.conforming + voice.came.demoted, 8000);
    assert_int_equal(queues.classes[0].arrived_packets, 8000 + voice.came.demoted);
    assert_int_equal(video.left.packets, 200);
    assert_int_equal(late(&voice) + late(&video), 0);
    end_port(&port);
}

static void what_is_too_long_does_not_conform(void **state)
{
    (void)state;
    struct port port;

    begin_port(&port, CONTRACTS("drop"));
    put(&port, 1, ETH_HDR_SIZE + 1000, TOS(EF));
    put(&port, 1, ETH_HDR_SIZE + 1001, TOS(EF));
    shaped_turn(port.shaped, MS);
    struct query_figures voice = shaped_contract(port.shaped, 0, 0);
    assert_int_equal(voice.came.conforming, 1);
    assert_int_equal(voice.came.too_long, 1);
    take_all(&port);
    end_port(&port);
}

/* A thread that is away for longer than is reckoned with is told of, and what is late because of it is no broken
 * promise. */
static void stalls_are_counted(void **state)
{
    (void)state;
    struct port port;
    int64_t now_ns = 0;

    begin_port(&port, CONTRACTS("shape"));
    for (unsigned i = 0; i < 40; i++)
        put(&port, 0, 1000, 0);
    put(&port, 1, 1000, TOS(EF));
    shaped_turn(port.shaped, now_ns);
    struct queues queues = look(&port, now_ns);
    assert_int_equal(queues.looks.allowance_ns, MS);
    now_ns = shaped_turn(port.shaped, now_ns) + MS; /* not more than is allowed */
    shaped_turn(port.shaped, now_ns);
    assert_int_equal(look(&port, now_ns).looks.stalls, 0);
    put(&port, 1, 1000, TOS(EF));
    put(&port, 1, 1000, TOS(EF));
    now_ns = shaped_turn(port.shaped, now_ns);
    now_ns += 20 * MS;
    now_ns = shaped_turn(port.shaped, now_ns);
    queues = look(&port, now_ns);
    assert_int_equal(queues.looks.stalls, 1);
    assert_int_equal(queues.looks.late.max_ns, 20 * MS);
    struct query_figures voice = shaped_contract(port.shaped, 0, 0);
    assert_int_equal(voice.left.late, 0);
    while (now_ns < SECOND) {
        int64_t next_ns = shaped_turn(port.shaped, now_ns);
        take_all(&port);
        now_ns = next_ns < SECOND ? next_ns : SECOND;
    }
    put(&port, 1, 1000, TOS(EF));
    shaped_turn(port.shaped, SECOND);
    take_all(&port);
    voice = shaped_contract(port.shaped, 0, 0);
    assert_int_equal(voice.left.packets, 4);
    assert_int_equal(voice.left.late, 0);
    queues = look(&port, SECOND);
    assert_int_equal(queues.frames_free + queues.frames_held, queues.frames);
    end_port(&port);
}

/* Best effort, however much comes, leaves the memory that is for contracts. */
static void best_effort_leaves_memory_for_contracts(void **state)
{
    (void)state;
    struct port port;
    int64_t now_ns = 0;

    begin_port(&port,
               "rate = 1Mbit queue fq-codel { limit = 60000p } }\n"
               "contract voice { out = a match = \"dscp ef\" rate = 100kbit burst = 3kB packet = 1000B delay = 90ms");
    for (unsigned i = 0; i < 200000; i++, now_ns += 10000) {
        put(&port, i % FLOWS == 1 ? 0 : i % FLOWS, 100, 0);
        shaped_turn(port.shaped, now_ns);
        take_all(&port);
    }
    struct queues queues = look(&port, now_ns);
    assert_true(queues.contracts_reserved >= 1024);
    assert_true(queues.frames_free >= queues.contracts_reserved);
    put(&port, 1, 1000, TOS(EF));
    shaped_turn(port.shaped, now_ns);
    assert_int_equal(shaped_contract(port.shaped, 0, 0).came.conforming, 1);
    end_port(&port);
}

/* One that is no more: its packets are best effort, and what waits of it leaves. */
static void what_is_removed_is_best_effort(void **state)
{
    (void)state;
    struct port port;

    begin_port(&port, CONTRACTS("shape"));
    for (unsigned i = 0; i < 20; i++)
        put(&port, 1, 1000, TOS(EF));
    shaped_turn(port.shaped, 0);
    assert_true(look(&port, 0).contracts > 0);
    classifier_free(shaped_classify(port.shaped, NULL));
    put(&port, 2, 1000, TOS(EF));
    for (int64_t now_ns = 0; now_ns < 100 * MS; now_ns += MS / 10) {
        shaped_turn(port.shaped, now_ns);
        take_all(&port);
    }
    struct queues queues = look(&port, 100 * MS);
    assert_int_equal(queues.contracts, 0);
    assert_int_equal(queues.classes[0].left_packets, 1);
    end_port(&port);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_leaves_at_the_rate_or_is_dropped),
        cmocka_unit_test(a_stalled_port_loses_no_memory),
        cmocka_unit_test(a_flow_that_sends_little_does_not_wait),
        cmocka_unit_test(the_urgent_goes_first),
        cmocka_unit_test(those_that_are_alike_share_by_weight),
        cmocka_unit_test(a_class_has_its_rate_and_no_more),
        cmocka_unit_test(a_profile_is_for_its_packets),
        cmocka_unit_test(contracts_are_kept),
        cmocka_unit_test(excess_is_treated_as_the_contract_says),
        cmocka_unit_test(what_is_too_long_does_not_conform),
        cmocka_unit_test(stalls_are_counted),
        cmocka_unit_test(best_effort_leaves_memory_for_contracts),
        cmocka_unit_test(what_is_removed_is_best_effort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
