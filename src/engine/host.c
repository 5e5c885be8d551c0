#include "engine/host.h"

#include "base/compiler.h"
#include "engine/whole_file.h"
#include "log/log.h"
#include "port/interface.h"
#include "port/offload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_BYTES_MAX 65536 /* far more than 255 interfaces need */

/* What was otherwise before. */
enum was {
    WAS_DOWN, /* the interface was switched off */
    WAS_NOT_FORWARDING,
    WAS_TAKING_TAGS, /* from here on: of VLANs, out of frames that it received */
    WAS_TAKING_SERVICE_TAGS,
    WAS_COUNT
};

static const char *const was_names[WAS_COUNT] = {"down", "not-forwarding", "rx-vlan-hw-parse",
                                                 "rx-vlan-stag-hw-parse"}; /* features by their own names */

struct before {
    char name[LINK_NAME_SIZE];
    enum was was;
};

struct host {
    struct netlink *netlink;
    char path[200];
    struct before *before;
    size_t count;
};

/* --- the file ---------------------------------------------------------------------------------------------------- */

static int remember(struct host *host, const char *name, enum was was)
{
    for (size_t i = 0; i < host->count; i++)
        if (host->before[i].was == was && strcmp(host->before[i].name, name) == 0)
            return 0;
    struct before *before = reallocarray(host->before, host->count + 1, sizeof(*before));
    if (!before)
        return -ENOMEM;
    host->before = before;
    before[host->count] = (struct before){.was = was};
    snprintf(before[host->count].name, LINK_NAME_SIZE, "%s", name);
    host->count++;
    return 0;
}

/* A line for each: "down lan0". */
static void write_lines(FILE *file, const void *arg)
{
    const struct host *host = arg;

    for (size_t i = 0; i < host->count; i++)
        fprintf(file, "%s %s\n", was_names[host->before[i].was], host->before[i].name);
}

static int write_file(const struct host *host)
{
    return whole_file_write(host->path, false, write_lines, host);
}

static int read_file(struct host *host)
{
    FILE *file = fopen(host->path, "re");
    char was[32], name[LINK_NAME_SIZE];
    int error = 0;

    if (!file)
        return errno == ENOENT ? 0 : -errno;
    while (!error && fscanf(file, "%31s %15s", was, name) == 2)
        for (unsigned i = 0; i < WAS_COUNT; i++)
            if (strcmp(was, was_names[i]) == 0)
                error = remember(host, name, (enum was)i);
    fclose(file);
    return error;
}

int host_open(const char *directory, struct host **result)
{
    struct host *host = calloc(1, sizeof(*host));

    if (!host)
        return -ENOMEM;
    snprintf(host->path, sizeof(host->path), "%s/before", directory);
    int error = netlink_open(NETLINK_ROUTE, &host->netlink);
    if (!error)
        error = read_file(host);
    if (error) {
        log_error("%s: %s", host->path, strerror(-error));
        host_close(host);
        return error;
    }
    *result = host;
    return 0;
}

struct host *host_close(struct host *host)
{
    if (host) {
        netlink_free(host->netlink);
        free(host->before);
        free(host);
    }
    return NULL;
}

/* --- changing ---------------------------------------------------------------------------------------------------- */

/* Write down, then change. */
static bool note(struct host *host, const char *name, enum was was)
{
    int error = remember(host, name, was);

    if (!error)
        error = write_file(host);
    if (error)
        log_error("%s: not changed, because it could not be written down in %s: %s", name, host->path,
                  strerror(-error));
    return !error;
}

static void tell(const char *name, const char *what, int error)
{
    if (error)
        log_error("%s: %s: %s", name, what, strerror(-error));
}

static void switch_on(struct host *host, const struct link *link)
{
    if (!link->admin_up && note(host, link->name, WAS_DOWN))
        tell(link->name, "could not be switched on", interface_set_up(host->netlink, link->ifindex, true));
    int forwarding = interface_forwarding(link->name);
    if (forwarding == 0 && note(host, link->name, WAS_NOT_FORWARDING))
        forwarding = interface_set_forwarding(link->name, true);
    tell(link->name, "forwarding could not be switched on", forwarding < 0 ? forwarding : 0);
}

/* --- addresses --------------------------------------------------------------------------------------------------- */

/* Whether an address of ours may stay. */
typedef bool address_stays(const void *arg, uint32_t ifindex, struct ipv4_prefix address);

struct surplus {
    address_stays *stays;
    const void *arg;
    struct surplus_address {
        uint32_t ifindex;
        struct ipv4_prefix address;
    } * all;
    size_t count;
    bool failed;
};

static void collect_surplus(void *arg, uint32_t ifindex, struct ipv4_prefix address, bool ours)
{
    struct surplus *surplus = arg;

    if (!ours || surplus->stays(surplus->arg, ifindex, address))
        return;
    struct surplus_address *all = reallocarray(surplus->all, surplus->count + 1, sizeof(*all));
    if (!all) {
        surplus->failed = true;
        return;
    }
    surplus->all = all;
    all[surplus->count++] = (struct surplus_address){ifindex, address};
}

/* Take away all addresses of ours but those that stay. */
static void delete_surplus(struct host *host, address_stays *stays, const void *arg)
{
    struct surplus surplus = {.stays = stays, .arg = arg};
    int error = interface_each_address(host->netlink, collect_surplus, &surplus);

    if (error || surplus.failed)
        log_error("the system's addresses could not be read: %s", strerror(error ? -error : ENOMEM));
    for (size_t i = 0; i < surplus.count; i++) {
        char text[IPV4_PREFIX_TEXT_SIZE];
        ipv4_prefix_format(surplus.all[i].address, text);
        error = interface_delete_address(host->netlink, surplus.all[i].ifindex, surplus.all[i].address);
        if (error && error != -EADDRNOTAVAIL) /* gone with its subnet's first address */
            log_error("address %s could not be taken away: %s", text, strerror(-error));
    }
    free(surplus.all);
}

/* What one interface should have; nothing (`wanted` NULL) where all of ours goes. */
struct at_link {
    uint32_t ifindex;
    const struct conf_interface *wanted;
};

static bool stays_at_link(const void *arg, uint32_t ifindex, struct ipv4_prefix address)
{
    const struct at_link *at = arg;

    if (ifindex != at->ifindex)
        return true;
    for (size_t i = 0; at->wanted && i < at->wanted->address_count; i++)
        if (ipv4_prefix_equal(at->wanted->addresses[i].prefix, address))
            return true;
    return false;
}

/* The interfaces of a configuration, whatever they should have. */
struct at_ports {
    const struct links *links;
    const struct conf *conf;
};

static bool stays_at_ports(const void *arg, uint32_t ifindex, struct ipv4_prefix address)
{
    const struct at_ports *at = arg;
    const struct link *link = links_find(at->links, ifindex);

    (void)address;
    return link && conf_find_interface(at->conf, link->name);
}

/* --- taking and giving back -------------------------------------------------------------------------------------- */

void host_take(struct host *host, const struct link *link, const struct conf_interface *interface)
{
    delete_surplus(host, stays_at_link, &(struct at_link){link->ifindex, interface});
    for (size_t i = 0; i < interface->address_count; i++) {
        char text[IPV4_PREFIX_TEXT_SIZE];
        int error = interface_add_address(host->netlink, link->ifindex, interface->addresses[i].prefix);
        ipv4_prefix_format(interface->addresses[i].prefix, text);
        if (!error)
            log_info("%s: address %s", link->name, text);
        else if (error != -EEXIST)
            log_error("%s: address %s could not be added: %s", link->name, text, strerror(-error));
    }
    switch_on(host, link);
}

static int put_back(const struct host *host, const struct before *before, const struct link *link)
{
    switch (before->was) {
    case WAS_DOWN:
        return interface_set_up(host->netlink, link->ifindex, false);
    case WAS_NOT_FORWARDING:
        return interface_set_forwarding(before->name, false);
    default:
        return offload_set(before->name, was_names[before->was], true);
    }
}

/* What was changed at an interface, of those from `first` on. */
static void switch_back(struct host *host, const char *name, const struct link *link, enum was first)
{
    size_t kept = 0;
    bool changed = false;

    for (size_t i = 0; i < host->count; i++) {
        const struct before *before = &host->before[i];
        if (strcmp(before->name, name) != 0 || before->was < first) {
            host->before[kept++] = *before;
            continue;
        }
        changed = true;
        if (link)
            tell(name, "could not be put back as it was", put_back(host, before, link));
    }
    host->count = kept;
    if (changed)
        tell(host->path, "could not be written", write_file(host));
}

int host_show_tags(struct host *host, const struct link *link)
{
    int error = 0;

    for (unsigned i = WAS_TAKING_TAGS; !error && i < WAS_COUNT; i++) {
        if (offload_get(link->name, was_names[i]) != 1)
            continue;
        if (!note(host, link->name, i))
            return -EIO;
        error = offload_set(link->name, was_names[i], false);
    }
    return error;
}

void host_put_tags_back(struct host *host, const struct link *link)
{
    switch_back(host, link->name, link, WAS_TAKING_TAGS);
}

void host_give_back(struct host *host, const char *name, const struct link *link)
{
    if (link)
        delete_surplus(host, stays_at_link, &(struct at_link){link->ifindex, NULL});
    switch_back(host, name, link, 0);
}

void host_give_back_others(struct host *host, const struct links *links, const struct conf *conf)
{
    delete_surplus(host, stays_at_ports, &(struct at_ports){links, conf});
    for (size_t i = 0; i < host->count;) {
        char name[LINK_NAME_SIZE];
        memcpy(name, host->before[i].name, sizeof(name));
        if (conf_find_interface(conf, name))
            i++;
        else
            switch_back(host, name, links_find_name(links, name), 0); /* all entries of this name are gone then */
    }
}

void host_give_back_all(struct host *host, const struct links *links)
{
    const struct conf nothing = {0};

    host_give_back_others(host, links, &nothing);
    unlink(host->path);
}
