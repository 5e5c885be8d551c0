#include "dhcp/scopes.h"

const struct dhcp_option_value *dhcp_scopes_option(const struct dhcp_scopes *scopes, uint8_t code)
{
    for (unsigned i = 0; i < scopes->count; i++) {
        const struct dhcp_scope *scope = scopes->all[i];
        for (size_t j = 0; j < scope->option_count; j++)
            if (scope->options[j].code == code)
                return scope->options[j].bytes ? &scope->options[j] : NULL;
    }
    return NULL;
}

uint32_t dhcp_scopes_next_server(const struct dhcp_scopes *scopes)
{
    for (unsigned i = 0; i < scopes->count; i++)
        if (scopes->all[i]->next_server)
            return scopes->all[i]->next_server;
    return 0;
}

uint32_t dhcp_scopes_lease_s(const struct dhcp_scopes *scopes, uint32_t wanted_s)
{
    const struct dhcp_scope *says = scopes->all[0];

    for (unsigned i = 1; i < scopes->count && !says->lease_s; i++)
        says = scopes->all[i];
    return !wanted_s                      ? says->lease_s
           : wanted_s < says->lease_min_s ? says->lease_min_s
           : wanted_s > says->lease_max_s ? says->lease_max_s
                                          : wanted_s;
}
