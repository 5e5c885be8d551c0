/* CSV: rows as RFC 4180 has them, and what is written is read again. */
#include "base/csv.h"

#include "base/compiler.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

static struct csv_row row;

static struct source of(const char *text)
{
    return (struct source){.at = text, .end = text + strlen(text), .line = 1};
}

static void rows_are_read(void **state)
{
    struct source source = of("\r\na,\"b,\"\"c\"\"\nd\",\r\n\n\"\",e");

    (void)state;
    assert_int_equal(csv_next(&source, &row), 1);
    assert_int_equal(row.line, 2);
    assert_int_equal(row.count, 3);
    assert_string_equal(csv_field(&row, 0), "a");
    assert_string_equal(csv_field(&row, 1), "b,\"c\"\nd");
    assert_string_equal(csv_field(&row, 2), "");
    assert_string_equal(csv_field(&row, 3), "");
    assert_int_equal(csv_next(&source, &row), 1);
    assert_int_equal(row.line, 5);
    assert_int_equal(row.count, 2);
    assert_string_equal(csv_field(&row, 1), "e");
    assert_int_equal(csv_next(&source, &row), 0);
}

static void what_is_wrong_is_said(void **state)
{
    static char long_row[CSV_ROW_MAX + 8], many[CSV_FIELDS_MAX + 8];
    struct source source = of("a\n\"b\n");

    (void)state;
    assert_int_equal(csv_next(&source, &row), 1);
    assert_int_equal(csv_next(&source, &row), -EINVAL);
    assert_string_equal(source.expected, "expected '\"' at the end of the field");
    memset(many, ',', CSV_FIELDS_MAX);
    source = of(many);
    assert_int_equal(csv_next(&source, &row), -EINVAL);
    many[CSV_FIELDS_MAX - 1] = '\0';
    source = of(many);
    assert_int_equal(csv_next(&source, &row), 1);
    assert_int_equal(row.count, CSV_FIELDS_MAX);
    memset(long_row, 'x', CSV_ROW_MAX);
    source = of(long_row);
    assert_int_equal(csv_next(&source, &row), -EINVAL);
}

static void what_is_written_is_read(void **state)
{
    static const char *const fields[] = {"", "plain", "a,b", "say \"no\"", "two\nlines", "\r", "\"", "ü"};
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);

    (void)state;
    assert_non_null(stream);
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        csv_write(stream, fields[i]);
        fputs(i + 1 < ARRAY_SIZE(fields) ? "," : "\r\n", stream);
    }
    fclose(stream);
    struct source source = {.at = text, .end = text + len, .line = 1};
    assert_int_equal(csv_next(&source, &row), 1);
    assert_int_equal(row.count, ARRAY_SIZE(fields));
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        assert_string_equal(csv_field(&row, i), fields[i]);
    assert_int_equal(csv_next(&source, &row), 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_read),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(what_is_written_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
