#include "wire/wire.h"

#include "tests/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct pair {
    int fds[2];
    struct wire here, there;
};

static void open_pair(struct pair *pair)
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair->fds), 0);
    wire_open(&pair->here, pair->fds[0], 100);
    wire_open(&pair->there, pair->fds[1], 1000000);
}

static void close_pair(struct pair *pair)
{
    wire_close(&pair->here);
    wire_close(&pair->there);
    close(pair->fds[0]);
    close(pair->fds[1]);
}

static void write_text(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void lines_are_objects_however_they_arrive(void **state)
{
    (void)state;
    struct pair pair;
    json_t *object = NULL;

    open_pair(&pair);
    write_text(pair.fds[1], "{\"a\":1}\n{\"b\":2}\n{\"c\"");
    assert_int_equal(wire_receive(&pair.here, 0, &object), 0);
    assert_int_equal(json_integer_value(json_object_get(object, "a")), 1);
    json_decref(object);
    assert_int_equal(wire_receive(&pair.here, 0, &object), 0);
    assert_int_equal(json_integer_value(json_object_get(object, "b")), 2);
    json_decref(object);
    assert_int_equal(wire_receive(&pair.here, 0, &object), -ETIMEDOUT);
    write_text(pair.fds[1], ":3}\n");
    assert_int_equal(wire_receive(&pair.here, 0, &object), 0);
    assert_int_equal(json_integer_value(json_object_get(object, "c")), 3);
    json_decref(object);
    close(pair.fds[1]);
    assert_int_equal(wire_receive(&pair.here, 0, &object), -EPIPE);
    pair.fds[1] = dup(pair.fds[0]);
    close_pair(&pair);
}

static void what_is_no_object_is_refused_and_the_next_line_read(void **state)
{
    (void)state;
    static const char *const wrong[] = {"[]\n", "\n",      "3\n",    "{\"a\":1,\"a\":2}\n",
                                        "{\n",  "{} {}\n", "\xff\n", "{\"a\":1e999}\n"};
    struct pair pair;
    json_t *object = NULL;

    open_pair(&pair);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        write_text(pair.fds[1], wrong[i]);
        write_text(pair.fds[1], "{}\n");
        assert_int_equal(wire_receive(&pair.here, 0, &object), -EBADMSG);
        assert_true(pair.here.error[0]);
        assert_int_equal(wire_receive(&pair.here, 0, &object), 0);
        json_decref(object);
    }
    close_pair(&pair);
}

static void a_line_that_is_too_long_ends_it(void **state)
{
    (void)state;
    struct pair pair;
    json_t *object = NULL;
    char text[102];

    open_pair(&pair);
    memset(text, ' ', sizeof(text));
    text[0] = '{';
    text[98] = '}';
    text[99] = '\n';
    text[100] = '\0';
    write_text(pair.fds[1], text); /* 99 bytes and their newline */
    assert_int_equal(wire_receive(&pair.here, 0, &object), 0);
    json_decref(object);
    text[99] = ' ';
    write_text(pair.fds[1], text);
    assert_int_equal(wire_receive(&pair.here, 0, &object), -EMSGSIZE);
    close_pair(&pair);
}

static void who_reads_nothing_is_given_up(void **state)
{
    (void)state;
    struct pair pair;
    char *long_text = calloc(1, 3000001);
    json_t *object;

    open_pair(&pair);
    memset(long_text, 'x', 3000000);
    object = json_pack("{s:s}", "text", long_text);
    assert_int_equal(wire_send(&pair.here, object, 10), -ETIMEDOUT);
    close(pair.fds[1]);
    assert_int_equal(wire_send(&pair.here, object, 10), -EPIPE);
    pair.fds[1] = dup(pair.fds[0]);
    json_decref(object);
    free(long_text);
    close_pair(&pair);
}

static void codes_have_meanings(void **state)
{
    (void)state;
    assert_string_equal(wire_meaning(WIRE_UNKNOWN), "there is no such command");
    assert_string_equal(wire_meaning(299), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_objects_however_they_arrive),
        cmocka_unit_test(what_is_no_object_is_refused_and_the_next_line_read),
        cmocka_unit_test(a_line_that_is_too_long_ends_it),
        cmocka_unit_test(who_reads_nothing_is_given_up),
        cmocka_unit_test(codes_have_meanings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
