#include "conf/dscp.h"

#include "net/dscp.h"

#include <string.h>

bool conf_read_dscp(struct build *build, const struct conf_node *node, const struct conf_value *value, uint8_t *dscp)
{
    struct text_error err;

    if (!dscp_parse(value->text, strlen(value->text), dscp, &err))
        return true;
    conf_wrong_text(build, node, value, &err);
    return false;
}

void conf_print_dscps(FILE *stream, int depth, uint64_t dscps)
{
    char text[DSCP_TEXT_SIZE];

    for (; dscps; dscps &= dscps - 1) {
        dscp_format((uint8_t)__builtin_ctzll(dscps), text);
        conf_print_named(stream, depth, "dscp", text);
    }
}
