#include "log/log.h"

#include "tests/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Standard error is the pipe while body() runs. */
static void with_pipe(const int pipe_fds[2], void (*body)(void))
{
    int own = dup(STDERR_FILENO);

    assert_true(own >= 0 && dup2(pipe_fds[1], STDERR_FILENO) == STDERR_FILENO);
    body();
    dup2(own, STDERR_FILENO);
    close(own);
}

static void write_lines(void)
{
    for (unsigned i = 0; i < 100000; i++)
        log_warning("line %u of a reader that does not read", i);
}

static void write_last(void)
{
    log_error("the last");
}

/* Reads what there is; how many bytes, the last of them at the end of text. */
static size_t drain(int fd, char *text, size_t room)
{
    size_t len = 0;

    for (ssize_t got; len < room && (got = read(fd, text + len, room - len)) > 0;)
        len += (size_t)got;
    return len;
}

static void nobody_waits_for_who_reads(void **state)
{
    (void)state;
    static char text[1 << 20];
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    alarm(60); /* it would wait for ever */
    with_pipe(fds, write_lines);
    alarm(0);
    size_t len = drain(fds[0], text, sizeof(text));
    assert_true(len > 30000 && len < 100000);
    assert_memory_equal(text, "fairleadd: warning: line 0 of", 29);
    assert_int_equal(text[len - 1], '\n'); /* whole lines */
    with_pipe(fds, write_last);
    len = drain(fds[0], text, sizeof(text));
    assert_int_equal(len, strlen("fairleadd: error: the last\n"));
    assert_memory_equal(text, "fairleadd: error: the last\n", len);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_waits_for_who_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
