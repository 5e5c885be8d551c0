/* Why a packet is dropped: names and help. */
#include "net/drop.h"

static const struct {
    const char *name, *help;
} reasons[] = {[DROP_NONE] = {"none", "the packet is right"},
#define X(enumerator, text, explanation) [DROP_##enumerator] = {.name = (text), .help = (explanation)},
               DROP_REASONS(X)
#undef X
};

const char *drop_reason_name(unsigned reason)
{
    return reason < DROP_REASON_COUNT ? reasons[reason].name : "unknown";
}

const char *drop_reason_help(unsigned reason)
{
    return reason < DROP_REASON_COUNT ? reasons[reason].help : "a reason that this program does not know";
}
