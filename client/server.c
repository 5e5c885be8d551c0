#include "client/server.h"

#include "base/local_socket.h"
#include "wire/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MS 60000 /* the daemon bounds its own times well below this */

static int connect_to(const struct command *self, const char *path)
{
    int fd = local_connect(path, SOCK_STREAM);

    if (fd == -ENOENT || fd == -ECONNREFUSED)
        command_failed(self, "no daemon answers at %s; is fairleadd running?", path);
    else if (fd < 0)
        command_failed(self, "%s: %s", path, strerror(-fd));
    return fd;
}

/* What the daemon says went wrong. */
static int refused(const struct command *self, const json_t *answer, int code)
{
    const char *text = json_string_value(json_object_get(answer, "error"));
    json_t *errors = json_object_get(answer, "errors");
    int status = command_failed(self, "%s (%d)", text ? text : wire_meaning(code), code);

    for (size_t i = 0; i < json_array_size(errors); i++) {
        const char *line = json_string_value(json_array_get(errors, i));
        fprintf(stderr, "%s\n", line ? line : "?");
    }
    return status;
}

static int receive(const struct command *self, struct wire *wire, server_line *line, void *arg)
{
    for (;;) {
        json_t *answer = NULL;
        int error = wire_receive(wire, ANSWER_MS, &answer);
        if (error)
            return command_failed(self, "the daemon's answer: %s",
                                  error == -EBADMSG ? wire->error
                                  : error == -EPIPE ? "the connection ended before it was complete"
                                                    : strerror(-error));
        int code = (int)json_integer_value(json_object_get(answer, "code"));
        int status = EXIT_OK;
        if (code != WIRE_OK && code != WIRE_MORE)
            status = refused(self, answer, code);
        else if (line(arg, json_object_get(answer, "result"), code == WIRE_OK))
            status = EXIT_FAILED;
        json_decref(answer);
        if (status != EXIT_OK || code == WIRE_OK)
            return status;
    }
}

int server_ask(const struct command *self, const struct options *options, const char *command, json_t *arguments,
               server_line *line, void *arg)
{
    json_t *request = json_pack("{s:s}", "command", command);
    struct wire wire;
    int fd = connect_to(self, options->socket), status = EXIT_FAILED;

    if (arguments)
        json_object_set_new(request, "arguments", arguments);
    if (fd >= 0) {
        wire_open(&wire, fd, WIRE_ANSWER_MAX);
        int error = wire_send(&wire, request, ANSWER_MS);
        /* The daemon may have said why before it closed the connection. */
        if (error && error != -EPIPE)
            command_failed(self, "%s: %s", options->socket, strerror(-error));
        else
            status = receive(self, &wire, line, arg);
        wire_close(&wire);
        close(fd);
    }
    json_decref(request);
    return status;
}

int server_done(void *arg, const json_t *result, bool last)
{
    const struct options *options = arg;

    (void)last;
    if (options->json) {
        json_dumpf(result, stdout, 0);
        putchar('\n');
    }
    return 0;
}
