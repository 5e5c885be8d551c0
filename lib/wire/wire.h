/*
 * The management protocol's lines: one JSON object each (docs/protocol.md), with bounds on length and time.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_PROTOCOL    1
#define WIRE_REQUEST_MAX 65536   /* bytes of a request, its newline included */
#define WIRE_ANSWER_MAX  1048576 /* of one line of an answer */

/* X(enumerator, code, meaning). What begins with 2 was done; 4: the request is at fault; 5: the daemon is. */
#define WIRE_CODES(X)                                                          \
    X(OK, 200, "done; the answer's last line")                                 \
    X(MORE, 206, "done so far; another line follows")                          \
    X(BAD_REQUEST, 400, "not a request")                                       \
    X(FORBIDDEN, 403, "only the administrator may do that")                    \
    X(UNKNOWN, 404, "there is no such command")                                \
    X(TOO_LONG, 413, "the request is too long")                                \
    X(NOT_SERVED, 409, "DHCP is not served")                                   \
    X(REFUSED, 422, "understood, but what it asks for is wrong")               \
    X(BUSY, 429, "too many sessions at once")                                  \
    X(INTERNAL, 500, "the daemon failed")                                      \
    X(UNAVAILABLE, 503, "who would know is not there, and is being restarted") \
    X(TIMEOUT, 504, "who would know did not answer in time")

enum wire_code {
#define X(enumerator, code, meaning) WIRE_##enumerator = (code),
    WIRE_CODES(X)
#undef X
};

/* Bytes as the protocol has them: hexadecimal digits, two each; null for none. At most 255. */
json_t *wire_hex(const uint8_t *bytes, size_t len);

const char *wire_meaning(int code); /* "unknown" for a code that is none of these */

struct wire {
    int fd; /* borrowed; a connected stream socket */
    size_t line_max;
    char *buffer;
    size_t start, end, room;
    char error[200]; /* what is wrong with a line, after -EBADMSG */
};

void wire_open(struct wire *wire, int fd, size_t line_max);
void wire_close(struct wire *wire); /* the descriptor stays open */

/*
 * Wait for a line and parse it; the caller owns *object. Times are in milliseconds, -1 for ever. 0; -EPIPE: the other
 * side has ended; -ETIMEDOUT; -EMSGSIZE: longer than line_max; -EBADMSG: no JSON object; -errno.
 */
int wire_receive(struct wire *wire, int timeout_ms, json_t **object);

/* Send an object as a line, and wait until all of it has been taken. 0; -ETIMEDOUT; -EPIPE; -errno. */
int wire_send(struct wire *wire, const json_t *object, int timeout_ms);
