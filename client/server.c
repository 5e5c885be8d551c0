#include "client/server.h"

#include "base/local_socket.h"
#include "wire/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MS   60000 /* the daemon bounds its own times well below this */
#define AGAIN_TIMES 5
#define AGAIN_MS    500 /* what is restarted may be there then */

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

/* Whether it may be otherwise in a moment: whoever would know is not there, or did not answer. */
static bool passes(int code)
{
    return code == WIRE_UNAVAILABLE || code == WIRE_TIMEOUT;
}

/* `again`: it is no failure, but -EAGAIN, if it may be otherwise in a moment and nothing has been handed to line(). */
static int receive(const struct command *self, struct wire *wire, bool again, server_line *line, void *arg)
{
    for (;; again = false) {
        json_t *answer = NULL;
        int error = wire_receive(wire, ANSWER_MS, &answer);
        if (error == -EPIPE && again)
            return -EAGAIN;
        if (error)
            return command_failed(self, "the daemon's answer: %s",
                                  error == -EBADMSG ? wire->error
                                  : error == -EPIPE ? "the connection ended before it was complete"
                                                    : strerror(-error));
        int code = (int)json_integer_value(json_object_get(answer, "code"));
        int status = EXIT_OK;
        if (again && passes(code))
            status = -EAGAIN;
        else if (code != WIRE_OK && code != WIRE_MORE)
            status = refused(self, answer, code);
        else if (line(arg, json_object_get(answer, "result"), code == WIRE_OK))
            status = EXIT_FAILED;
        json_decref(answer);
        if (status != EXIT_OK || code == WIRE_OK)
            return status;
    }
}

/* As receive(). */
static int ask(const struct command *self, const struct options *options, const json_t *request, bool again,
               server_line *line, void *arg)
{
    int fd = connect_to(self, options->socket), status = EXIT_FAILED;
    struct wire wire;

    if (fd < 0)
        return EXIT_FAILED;
    wire_open(&wire, fd, WIRE_ANSWER_MAX);
    int error = wire_send(&wire, request, ANSWER_MS);
    /* The daemon may have said why before it closed the connection. */
    if (error && error != -EPIPE)
        command_failed(self, "%s: %s", options->socket, strerror(-error));
    else
        status = receive(self, &wire, again, line, arg);
    wire_close(&wire);
    close(fd);
    return status;
}

static int ask_times(const struct command *self, const struct options *options, const char *command, json_t *arguments,
                     unsigned times, server_line *line, void *arg)
{
    json_t *request = json_pack("{s:s}", "command", command);
    int status;

    if (arguments)
        json_object_set_new(request, "arguments", arguments);
    while ((status = ask(self, options, request, times > 1, line, arg)) == -EAGAIN) {
        times--;
        usleep(AGAIN_MS * 1000);
    }
    json_decref(request);
    return status;
}

int server_ask(const struct command *self, const struct options *options, const char *command, json_t *arguments,
               server_line *line, void *arg)
{
    return ask_times(self, options, command, arguments, 1, line, arg);
}

int server_ask_again(const struct command *self, const struct options *options, const char *command, json_t *arguments,
                     server_line *line, void *arg)
{
    return ask_times(self, options, command, arguments, AGAIN_TIMES, line, arg);
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
