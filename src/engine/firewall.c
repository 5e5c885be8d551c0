/*
 * Where it cannot be found out whether there are rules, it counts as found: the door stands aside.
 */
#include "engine/firewall.h"

#include "base/bytes.h"
#include "log/log.h"
#include "netlink/netlink.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/xfrm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FOUND_SIZE        160
#define TRANSLATED_CHECKS 20 /* how many checks pass until translated connections are asked for again */

struct firewall {
    struct netlink *tables;   /* nf_tables; NULL where the kernel has no netfilter */
    struct netlink *policies; /* xfrm; NULL where it has no IPsec */
    char found[FOUND_SIZE];
    bool may_translate; /* the kernel translates addresses, though it has no rules for that (any more) */
    unsigned later;     /* checks to come before translated connections are asked for again */
    bool translates;    /* there were some */
};

static void note(struct firewall *firewall, const char *what, const char *name, const char *more)
{
    if (!firewall->found[0])
        snprintf(firewall->found, sizeof(firewall->found), "%s %s %s", what, name, more);
}

/* --- nftables ---------------------------------------------------------------------------------------------------- */

static uint32_t u32_be(const struct nlattr *attribute, uint32_t otherwise)
{
    return attribute ? be32_to_cpu(netlink_u32(attribute, cpu_to_be32(otherwise))) : otherwise;
}

static bool is_nat(const struct nlattr *type)
{
    return type && strcmp(mnl_attr_get_str(type), "nat") == 0;
}

/* A base chain matters where forwarded packets pass it, if it has rules or lets nothing through without one. */
static void check_chain(const struct nlmsghdr *message, void *arg)
{
    struct firewall *firewall = arg;
    const struct nfgenmsg *about = mnl_nlmsg_get_payload(message);
    const struct nlattr *found[NFTA_CHAIN_USERDATA + 1], *hook[NFTA_HOOK_MAX + 1];

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*about) || (message->nlmsg_type & 0xff) != NFT_MSG_NEWCHAIN)
        return;
    netlink_attributes(message, sizeof(*about), found, NFTA_CHAIN_USERDATA);
    if (!found[NFTA_CHAIN_HOOK])
        return;
    netlink_nested(found[NFTA_CHAIN_HOOK], hook, NFTA_HOOK_MAX);
    uint32_t number = u32_be(hook[NFTA_HOOK_HOOKNUM], NF_INET_FORWARD);
    bool passed = about->nfgen_family == NFPROTO_NETDEV ||
                  ((about->nfgen_family == NFPROTO_IPV4 || about->nfgen_family == NFPROTO_INET) &&
                   number != NF_INET_LOCAL_IN && number != NF_INET_LOCAL_OUT);
    bool harmless = u32_be(found[NFTA_CHAIN_USE], 1) == 0 && u32_be(found[NFTA_CHAIN_POLICY], NF_ACCEPT) == NF_ACCEPT;
    firewall->may_translate |= passed && harmless && is_nat(found[NFTA_CHAIN_TYPE]);
    if (passed && !harmless)
        note(firewall, "nftables chain", found[NFTA_CHAIN_TABLE] ? mnl_attr_get_str(found[NFTA_CHAIN_TABLE]) : "?",
             found[NFTA_CHAIN_NAME] ? mnl_attr_get_str(found[NFTA_CHAIN_NAME]) : "?");
}

static int ask_chains(void *arg)
{
    struct firewall *firewall = arg;
    struct nfgenmsg request = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0};

    return netlink_dump(firewall->tables, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, &request, sizeof(request),
                        check_chain, firewall);
}

static void check_nftables(struct firewall *firewall)
{
    if (!firewall->tables)
        return;
    int error = netlink_until_whole(ask_chains, firewall);
    /* EINVAL and EOPNOTSUPP: netfilter without nf_tables. */
    if (error && error != -EINVAL && error != -EOPNOTSUPP && error != -ENOENT)
        note(firewall, "nftables rules that could not be read:", strerror(-error), "");
}

/* --- the old iptables -------------------------------------------------------------------------------------------- */

/* Whether the entry at `at` of a table lets everything pass. */
static bool accepts(const struct ipt_get_entries *table, uint32_t at)
{
    const uint8_t *bytes = (const uint8_t *)table->entrytable;
    struct ipt_entry entry;
    struct xt_standard_target target;

    if (at > table->size || table->size - at < sizeof(entry))
        return false;
    memcpy(&entry, bytes + at, sizeof(entry));
    if (entry.target_offset > table->size - at || table->size - at - entry.target_offset < sizeof(target))
        return false;
    memcpy(&target, bytes + at + entry.target_offset, sizeof(target));
    return target.target.u.user.name[0] == '\0' && target.verdict == -NF_ACCEPT - 1;
}

/* A hook of a table is harmless if its first entry is already its policy, and that accepts. */
static bool is_harmless(int fd, const char *name)
{
    static const unsigned hooks[] = {NF_INET_PRE_ROUTING, NF_INET_FORWARD, NF_INET_POST_ROUTING};
    struct ipt_getinfo info = {0};
    socklen_t bytes = sizeof(info);
    bool harmless = true;

    snprintf(info.name, sizeof(info.name), "%s", name);
    if (getsockopt(fd, IPPROTO_IP, IPT_SO_GET_INFO, &info, &bytes) < 0)
        return false;
    bytes = (socklen_t)(sizeof(struct ipt_get_entries) + info.size);
    struct ipt_get_entries *table = calloc(1, bytes);
    if (!table)
        return false;
    snprintf(table->name, sizeof(table->name), "%s", name);
    table->size = info.size;
    if (getsockopt(fd, IPPROTO_IP, IPT_SO_GET_ENTRIES, table, &bytes) < 0)
        harmless = false;
    for (size_t i = 0; harmless && i < ARRAY_SIZE(hooks); i++)
        if (info.valid_hooks & 1u << hooks[i])
            harmless =
                info.hook_entry[hooks[i]] == info.underflow[hooks[i]] && accepts(table, info.underflow[hooks[i]]);
    free(table);
    return harmless;
}

static void check_iptables(struct firewall *firewall)
{
    char name[XT_TABLE_MAXNAMELEN];
    FILE *names = fopen("/proc/net/ip_tables_names", "re");

    if (!names)
        return; /* a kernel without it */
    int fd = -1;
    while (!firewall->found[0] && fgets(name, sizeof(name), names)) {
        name[strcspn(name, "\n")] = '\0';
        if (fd < 0)
            fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
        if (fd < 0 || !is_harmless(fd, name))
            note(firewall, "iptables table", name, "");
        firewall->may_translate |= strcmp(name, "nat") == 0;
    }
    if (fd >= 0)
        close(fd);
    fclose(names);
}

/* --- translated connections ----------------------------------------------------------------------------------------
 */

static void check_connection(const struct nlmsghdr *message, void *arg)
{
    const struct nlattr *found[CTA_STATUS + 1];

    if (mnl_nlmsg_get_payload_len(message) < sizeof(struct nfgenmsg))
        return;
    netlink_attributes(message, sizeof(struct nfgenmsg), found, CTA_STATUS);
    if (u32_be(found[CTA_STATUS], 0) & (IPS_SRC_NAT | IPS_DST_NAT))
        *(bool *)arg = true;
}

/* IPv4's that have one of these bits; a kernel that does not know the filter tells of all. */
static int ask_connections_with(struct firewall *firewall, uint32_t status)
{
    const struct {
        struct nfgenmsg head;
        struct nlattr status_attribute;
        uint32_t status_be;
        struct nlattr mask_attribute;
        uint32_t mask_be;
    } request = {{.nfgen_family = AF_INET, .version = NFNETLINK_V0},
                 {sizeof(struct nlattr) + sizeof(uint32_t), CTA_STATUS},
                 cpu_to_be32(status),
                 {sizeof(struct nlattr) + sizeof(uint32_t), CTA_STATUS_MASK},
                 cpu_to_be32(status)};

    return netlink_dump(firewall->tables, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, &request, sizeof(request),
                        check_connection, &firewall->translates);
}

static int ask_connections(void *arg)
{
    int error = ask_connections_with(arg, IPS_SRC_NAT);

    return error ? error : ask_connections_with(arg, IPS_DST_NAT);
}

/* Rules for translation may be gone while the connections that they made are translated on, as long as there is a chain
 * for it. */
static void check_translated(struct firewall *firewall)
{
    if (!firewall->tables || !firewall->may_translate || firewall->found[0]) {
        firewall->later = 0;
        return;
    }
    if (!firewall->later--) {
        firewall->later = TRANSLATED_CHECKS;
        firewall->translates = false;
        int error = netlink_until_whole(ask_connections, firewall);
        firewall->translates |= error && error != -EINVAL && error != -EOPNOTSUPP;
    }
    if (firewall->translates)
        note(firewall, "connections that are translated,", "although there are no rules for it", "");
}

/* --- IPsec ------------------------------------------------------------------------------------------------------- */

static void check_policy(const struct nlmsghdr *message, void *arg)
{
    const struct xfrm_userpolicy_info *policy = mnl_nlmsg_get_payload(message);

    if (message->nlmsg_type == XFRM_MSG_NEWPOLICY && mnl_nlmsg_get_payload_len(message) >= sizeof(*policy) &&
        policy->dir <= XFRM_POLICY_FWD)
        note(arg, "IPsec policies", "", "");
}

static int ask_policies(void *arg)
{
    struct firewall *firewall = arg;
    struct xfrm_userpolicy_id request = {0};

    return netlink_dump(firewall->policies, XFRM_MSG_GETPOLICY, &request, sizeof(request), check_policy, firewall);
}

static void check_xfrm(struct firewall *firewall)
{
    if (!firewall->policies)
        return;
    int error = netlink_until_whole(ask_policies, firewall);
    if (error && error != -EINVAL && error != -EOPNOTSUPP)
        note(firewall, "IPsec policies that could not be read:", strerror(-error), "");
}

/* ----------------------------------------------------------------------------------------------------------------- */

/* A family that the kernel does not have leaves NULL. */
static int open_family(int family, struct netlink **netlink)
{
    int error = netlink_open(family, netlink);

    return error == -EPROTONOSUPPORT ? 0 : error;
}

int firewall_open(struct firewall **result)
{
    struct firewall *firewall = calloc(1, sizeof(*firewall));
    if (!firewall)
        return -ENOMEM;
    int error = open_family(NETLINK_NETFILTER, &firewall->tables);
    if (!error)
        error = open_family(NETLINK_XFRM, &firewall->policies);
    if (error) {
        log_error("netlink for netfilter and IPsec: %s", strerror(-error));
        firewall_close(firewall);
        return error;
    }
    *result = firewall;
    return 0;
}

struct firewall *firewall_close(struct firewall *firewall)
{
    if (firewall) {
        netlink_free(firewall->tables);
        netlink_free(firewall->policies);
        free(firewall);
    }
    return NULL;
}

void firewall_check(struct firewall *firewall)
{
    firewall->found[0] = '\0';
    firewall->may_translate = false;
    check_nftables(firewall);
    check_iptables(firewall);
    check_xfrm(firewall);
    check_translated(firewall);
}

const char *firewall_found(const struct firewall *firewall)
{
    return firewall->found[0] ? firewall->found : NULL;
}
