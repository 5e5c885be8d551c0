/*
 * Clients of the planner: clients SOCKET CLIENTS SECONDS BATCH
 *
 * So many processes allocate /32s over the management protocol, each in blocks of its own and with a key of its own for
 * each, BATCH of them in a request, one request at a time; for so many seconds. Each looks whether what it got is what
 * it had not. Prints lines "fact NAME VALUE".
 */
#include "base/clock.h"
#include "base/local_socket.h"
#include "wire/wire.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MS   60000
#define CLIENTS_MAX 64
#define BLOCK_LEN   14 /* of each client's block */
#define BLOCK_BASE  (100u << 24)

/* What all of them share. */
struct shared {
    uint64_t allocated[CLIENTS_MAX], slowest_ns[CLIENTS_MAX];
    bool failed[CLIENTS_MAX];
};

__attribute__((noreturn)) static void fail(const char *what)
{
    fprintf(stderr, "clients: %s\n", what);
    _exit(EXIT_FAILURE);
}

/* The answer to a list of operations, all of whose lines are joined. */
static json_t *ask(struct wire *wire, json_t *operations)
{
    json_t *request = json_pack("{s:s, s:{s:o}}", "command", "plan-do", "arguments", "operations", operations),
           *all = json_array();
    int code;

    if (wire_send(wire, request, ANSWER_MS))
        fail("the request was not taken");
    json_decref(request);
    do {
        json_t *line = NULL;
        if (wire_receive(wire, ANSWER_MS, &line))
            fail("no answer");
        code = (int)json_integer_value(json_object_get(line, "code"));
        if (code != WIRE_OK && code != WIRE_MORE)
            fail(json_string_value(json_object_get(line, "error")));
        json_array_extend(all, json_object_get(json_object_get(line, "result"), "done"));
        json_decref(line);
    } while (code == WIRE_MORE);
    return all;
}

static json_t *order(unsigned client, uint64_t number)
{
    return json_pack("{s:s, s:o, s:i, s:s, s:o}", "do", "allocate", "within", json_sprintf("client-%u", client),
                     "length", 32, "kind", "host", "key",
                     json_sprintf("%u-%llu", (unsigned)getpid(), (unsigned long long)number));
}

/* In a process of its own. */
static void allocate(const char *path, struct shared *shared, unsigned client, int64_t end_ns, unsigned batch)
{
    struct wire wire;
    int fd = local_connect(path, SOCK_STREAM);
    uint64_t number = 0;

    if (fd < 0)
        fail("no daemon");
    wire_open(&wire, fd, WIRE_ANSWER_MAX);
    while (clock_now_ns() < end_ns) {
        json_t *operations = json_array();
        for (unsigned i = 0; i < batch; i++)
            json_array_append_new(operations, order(client, number++));
        int64_t began = clock_now_ns();
        json_t *done = ask(&wire, operations);
        uint64_t took = (uint64_t)(clock_now_ns() - began);
        if (took > shared->slowest_ns[client])
            shared->slowest_ns[client] = took;
        for (unsigned i = 0; i < batch; i++)
            if (json_integer_value(json_object_get(json_array_get(done, i), "code")) != WIRE_OK ||
                json_is_true(json_object_get(json_array_get(done, i), "repeated")))
                fail("an order was not carried out");
        json_decref(done);
        shared->allocated[client] += batch;
    }
    _exit(EXIT_SUCCESS);
}

/* A block for each. */
static void prepare(const char *path, unsigned clients)
{
    struct wire wire;
    int fd = local_connect(path, SOCK_STREAM);
    json_t *operations = json_array();

    if (fd < 0)
        fail("no daemon");
    wire_open(&wire, fd, WIRE_ANSWER_MAX);
    for (unsigned i = 0; i < clients; i++) {
        uint32_t first = BLOCK_BASE + (i << (32 - BLOCK_LEN));
        json_array_append_new(operations,
                              json_pack("{s:s, s:o, s:s, s:o}", "do", "add", "range",
                                        json_sprintf("%u.%u.0.0/%d", first >> 24, first >> 16 & 255, BLOCK_LEN), "kind",
                                        "block", "name", json_sprintf("client-%u", i)));
    }
    json_decref(ask(&wire, operations)); /* they may be there already */
    close(fd);
}

int main(int argc, char **argv)
{
    unsigned clients = argc == 5 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    unsigned seconds = argc == 5 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
    unsigned batch = argc == 5 ? (unsigned)strtoul(argv[4], NULL, 10) : 0;
    uint64_t sum = 0, slowest = 0;
    int status, failed = 0;

    if (!clients || clients > CLIENTS_MAX || !seconds || !batch) {
        fputs("usage: clients SOCKET CLIENTS SECONDS BATCH; at most 64 clients\n", stderr);
        return 2;
    }
    struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        fail("no memory");
    prepare(argv[1], clients);
    int64_t began = clock_now_ns(), end = began + (int64_t)seconds * 1000000000;
    for (unsigned i = 0; i < clients; i++)
        if (fork() == 0)
            allocate(argv[1], shared, i, end, batch);
    while (wait(&status) > 0)
        failed |= status;
    double took = (double)(clock_now_ns() - began) / 1e9;
    for (unsigned i = 0; i < clients; i++) {
        sum += shared->allocated[i];
        if (shared->slowest_ns[i] > slowest)
            slowest = shared->slowest_ns[i];
    }
    printf("fact allocate_per_s %.0f\nfact slowest_ms %.1f\n", (double)sum / took, (double)slowest / 1e6);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
