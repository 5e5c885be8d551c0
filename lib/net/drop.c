/* Why a packet is dropped: names and help. */
#include "net/drop.h"

/* Laid out by hand: clang-format would hang the list from the brace. */
// clang-format off
static const struct {
    const char *name, *help;
} reasons[DROP_REASON_COUNT] = {
    [DROP_NONE] = {.name = "none", .help = "the packet is right"},
#define X(enumerator, text, explanation) [DROP_##enumerator] = {.name = (text), .help = (explanation)},
    DROP_REASONS(X)
#undef X
};
// clang-format on

const char *drop_reason_name(unsigned reason)
{
    return reason < DROP_REASON_COUNT ? reasons[reason].name : "unknown";
}

const char *drop_reason_help(unsigned reason)
{
    return reason < DROP_REASON_COUNT ? reasons[reason].help : "a reason that this program does not know";
}
