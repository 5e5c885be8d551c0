/*
 * Any bytes as a configuration: it is refused with at least one error whose line is in the text, or it is taken, and
 * what is printed of it parses again and prints the same.
 */
#include "conf/conf.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static char *printed(const struct conf *conf, size_t *len)
{
    char *text = NULL;
    FILE *stream = open_memstream(&text, len);

    FUZZ_CHECK(stream);
    conf_print(conf, stream);
    fclose(stream);
    return text;
}

static void check_errors(int rc, const struct conf_errors *errors, const uint8_t *data, size_t size)
{
    size_t lines = 1;

    FUZZ_CHECK(rc == -EINVAL && errors->count > 0);
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    for (size_t i = 0; i < errors->count && i < CONF_ERRORS_KEPT; i++) {
        FUZZ_CHECK(errors->all[i].line >= 1 && errors->all[i].line <= lines);
        FUZZ_CHECK(i == 0 || errors->all[i].line >= errors->all[i - 1].line);
        FUZZ_CHECK(errors->all[i].text[0]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conf_errors *errors = calloc(1, sizeof(*errors));
    struct conf *conf = NULL, *again = NULL;
    size_t len = 0, len_again = 0;

    FUZZ_CHECK(errors);
    int rc = conf_parse((const char *)data, size, &conf, errors);
    if (rc) {
        FUZZ_CHECK(!conf);
        check_errors(rc, errors, data, size);
        free(errors);
        return 0;
    }
    FUZZ_CHECK(errors->count == 0);
    char *text = printed(conf, &len);
    FUZZ_CHECK(conf_parse(text, len, &again, errors) == 0);
    char *text_again = printed(again, &len_again);
    FUZZ_CHECK(len == len_again && memcmp(text, text_again, len) == 0);
    free(text);
    free(text_again);
    conf_free(conf);
    conf_free(again);
    free(errors);
    return 0;
}
