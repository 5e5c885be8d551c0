#include "wire/wire.h"

#include "base/clock.h"
#include "base/compiler.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define READ_BYTES 16384

const char *wire_meaning(int code)
{
    static const struct {
        int code;
        const char *meaning;
    } meanings[] = {
#define X(enumerator, number, text) {number, text},
        WIRE_CODES(X)
#undef X
    };

    for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
        if (meanings[i].code == code)
            return meanings[i].meaning;
    return "unknown";
}

json_t *wire_hex(const uint8_t *bytes, size_t len)
{
    char text[2 * 255 + 1] = "";

    for (size_t i = 0; i < len && i < 255; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return len ? json_string(text) : json_null();
}

void wire_open(struct wire *wire, int fd, size_t line_max)
{
    *wire = (struct wire){.fd = fd, .line_max = line_max};
}

void wire_close(struct wire *wire)
{
    free(wire->buffer);
    *wire = (struct wire){.fd = -1};
}

/* Until the descriptor is ready, or the deadline has passed; a deadline below 0 never does. */
static int wait_until(int fd, short events, int64_t deadline_ms)
{
    for (;;) {
        struct pollfd poller = {.fd = fd, .events = events};
        int64_t left = deadline_ms < 0 ? -1 : deadline_ms - clock_now_ms();
        if (deadline_ms >= 0 && left < 0)
            left = 0;
        int ready = poll(&poller, 1, (int)left);
        if (ready > 0)
            return 0;
        if (ready == 0)
            return -ETIMEDOUT;
        if (errno != EINTR)
            return -errno;
    }
}

static int64_t deadline(int timeout_ms)
{
    return timeout_ms < 0 ? -1 : clock_now_ms() + timeout_ms;
}

/* Room for more behind what has been read and not yet handed out. */
static int make_room(struct wire *wire)
{
    if (wire->buffer && wire->start) {
        memmove(wire->buffer, wire->buffer + wire->start, wire->end - wire->start);
        wire->end -= wire->start;
        wire->start = 0;
    }
    if (wire->room - wire->end >= READ_BYTES)
        return 0;
    char *larger = realloc(wire->buffer, wire->room + READ_BYTES);
    if (!larger)
        return -ENOMEM;
    wire->buffer = larger;
    wire->room += READ_BYTES;
    return 0;
}

static int read_more(struct wire *wire, int64_t deadline_ms)
{
    int error = make_room(wire);

    while (!error) {
        ssize_t got = recv(wire->fd, wire->buffer + wire->end, wire->room - wire->end, MSG_DONTWAIT);
        if (got > 0) {
            wire->end += (size_t)got;
            return 0;
        }
        if (got == 0 || errno == ECONNRESET)
            return -EPIPE;
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
        error = wait_until(wire->fd, POLLIN, deadline_ms);
    }
    return error;
}

static int parse(struct wire *wire, const char *line, size_t len, json_t **object)
{
    json_error_t wrong;
    json_t *parsed = json_loadb(line, len, JSON_REJECT_DUPLICATES, &wrong);

    if (!parsed || !json_is_object(parsed)) {
        if (parsed)
            snprintf(wire->error, sizeof(wire->error), "expected a JSON object");
        else
            snprintf(wire->error, sizeof(wire->error), "byte %d: %s", wrong.position, wrong.text);
        json_decref(parsed);
        return -EBADMSG;
    }
    *object = parsed;
    return 0;
}

int wire_receive(struct wire *wire, int timeout_ms, json_t **object)
{
    int64_t until = deadline(timeout_ms);
    size_t looked = 0; /* bytes without a newline */

    for (;;) {
        char *line = wire->buffer ? wire->buffer + wire->start : NULL;
        size_t len = wire->end - wire->start;
        char *end = line && len > looked ? memchr(line + looked, '\n', len - looked) : NULL;
        if (end) {
            wire->start += (size_t)(end - line) + 1;
            if ((size_t)(end - line) >= wire->line_max)
                return -EMSGSIZE;
            return parse(wire, line, (size_t)(end - line), object);
        }
        looked = len;
        if (len >= wire->line_max)
            return -EMSGSIZE;
        int error = read_more(wire, until);
        if (error)
            return error;
    }
}

int wire_send(struct wire *wire, const json_t *object, int timeout_ms)
{
    int64_t until = deadline(timeout_ms);
    char *line = json_dumps(object, JSON_COMPACT);
    size_t len = line ? strlen(line) : 0, sent = 0;
    int error = line ? 0 : -ENOMEM;

    if (line)
        line[len++] = '\n'; /* in the place of the zero byte */
    while (!error && sent < len) {
        ssize_t took = send(wire->fd, line + sent, len - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (took >= 0)
            sent += (size_t)took;
        else if (errno == EAGAIN)
            error = wait_until(wire->fd, POLLOUT, until);
        else if (errno != EINTR)
            error = errno == ECONNRESET ? -EPIPE : -errno;
    }
    free(line);
    return error;
}
