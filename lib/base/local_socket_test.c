#include "base/local_socket.h"

#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void at_a_path(void **state)
{
    (void)state;
    char directory[] = "/tmp/local_socket_test.XXXXXX", path[64], too_long[200];
    struct stat status;

    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/s", directory);
    assert_int_equal(local_connect(path, SOCK_STREAM), -ENOENT);
    int old = local_listen(path, SOCK_STREAM, 0600, (uid_t)-1, (gid_t)-1);
    assert_true(old >= 0);
    close(old);
    assert_int_equal(local_connect(path, SOCK_STREAM), -ECONNREFUSED);
    int fd = local_listen(path, SOCK_STREAM, 0604, (uid_t)-1, (gid_t)-1); /* in the place of the old one */
    assert_true(fd >= 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0604);
    int other = local_connect(path, SOCK_STREAM);
    assert_true(other >= 0);
    assert_true(fcntl(other, F_GETFD) & FD_CLOEXEC);
    close(other);
    close(fd);
    unlink(path);
    rmdir(directory);
    memset(too_long, 'x', sizeof(too_long) - 1);
    too_long[sizeof(too_long) - 1] = '\0';
    assert_int_equal(local_listen(too_long, SOCK_STREAM, 0600, (uid_t)-1, (gid_t)-1), -ENAMETOOLONG);
    assert_int_equal(local_connect(too_long, SOCK_STREAM), -ENAMETOOLONG);
}

static void descriptors_come_along(void **state)
{
    (void)state;
    int pair[2], through[2], fds[LOCAL_FDS_MAX] = {-1, -1};
    unsigned count = 99;
    char text[8] = "";

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    assert_int_equal(pipe(through), 0);
    assert_int_equal(local_receive(pair[1], text, sizeof(text), fds, &count), -EAGAIN);
    assert_int_equal(count, 0);
    for (unsigned sent = 0; sent <= 2; sent++) {
        assert_int_equal(local_send(pair[0], "hello", 5, through, sent), 0);
        assert_int_equal(local_receive(pair[1], text, sizeof(text), fds, &count), 5);
        assert_int_equal(count, sent);
        assert_string_equal(text, "hello");
        for (unsigned i = 0; i < count; i++)
            assert_true(fds[i] != through[i] && fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
        if (count == 2)
            assert_int_equal(write(fds[1], "x", 1), 1); /* into the pipe's other end */
        for (unsigned i = 0; i < count; i++)
            close(fds[i]);
    }
    assert_int_equal(read(through[0], text, 1), 1);
    close(pair[0]);
    assert_int_equal(local_receive(pair[1], text, sizeof(text), fds, &count), 0);
    assert_int_equal(local_send(pair[1], "x", 1, NULL, 0), -EPIPE);
    close(pair[1]);
    close(through[0]);
    close(through[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_a_path),
        cmocka_unit_test(descriptors_come_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
