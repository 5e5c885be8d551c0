/*
 * DHCP's options (RFC 2132 and the registry behind it): which there are, and what their values look like.
 *
 * One table says for each option its number, the type of its value, its name (that of the registry, as other servers
 * have it in their configurations) and who may set it. Everything that knows an option knows it from here.
 */
#pragma once

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(enumerator, name, shortest, longest, multiple of, help); lengths in bytes, longest 0: no bound of its own. Where
 * two have the same name, the second takes several values of the first. */
#define DHCP_TYPES(X)                                                                             \
    X(EMPTY, "empty", 0, 0, 1, "nothing")                                                         \
    X(BOOL, "bool", 1, 1, 1, "true or false")                                                     \
    X(U8, "uint8", 1, 1, 1, "a number from 0 to 255")                                             \
    X(U8S, "uint8", 1, 0, 1, "a number from 0 to 255")                                            \
    X(U16, "uint16", 2, 2, 2, "a number from 0 to 65535")                                         \
    X(U16S, "uint16", 2, 0, 2, "a number from 0 to 65535")                                        \
    X(U32, "uint32", 4, 4, 4, "a number from 0 to 4294967295")                                    \
    X(S32, "int32", 4, 4, 4, "a number from -2147483648 to 2147483647")                           \
    X(ADDRESS, "address", 4, 4, 4, "an address")                                                  \
    X(ADDRESSES, "address", 4, 0, 4, "an address")                                                \
    X(ADDRESS_PAIRS, "address-pair", 8, 0, 8, "two addresses, as \"10.1.2.3 10.0.0.1\"")          \
    X(TEXT, "text", 1, 0, 1, "text of 1 to 255 characters")                                       \
    X(NAME, "name", 1, 0, 1, "a domain name (RFC 1035 2.3.1)")                                    \
    X(NAMES, "domain", 1, 0, 1, "a domain name (RFC 1035 2.3.1)")                                 \
    X(ROUTES, "route", 5, 0, 1, "a prefix and a gateway, as \"10.0.0.0/8 192.0.2.1\" (RFC 3442)") \
    X(BYTES, "bytes", 1, 0, 1, "hexadecimal digits, two a byte, as \"01:02:0a\"")

enum dhcp_type {
#define X(enumerator, name, shortest, longest, multiple, help) DHCP_TYPE_##enumerator,
    DHCP_TYPES(X)
#undef X
        DHCP_TYPE_COUNT
};

/* X(enumerator, code, type, name, whose): CONFIGURED, the configuration says it; PROTOCOL, the exchange itself does.
 * NAME is a name as text, NAMES are in the form of RFC 1035 3.1. */
#define DHCP_OPTIONS(X)                                                                          \
    X(SUBNET_MASK, 1, ADDRESS, "subnet-mask", PROTOCOL)                                          \
    X(TIME_OFFSET, 2, S32, "time-offset", CONFIGURED)                                            \
    X(ROUTERS, 3, ADDRESSES, "routers", CONFIGURED)                                              \
    X(TIME_SERVERS, 4, ADDRESSES, "time-servers", CONFIGURED)                                    \
    X(NAME_SERVERS, 5, ADDRESSES, "name-servers", CONFIGURED)                                    \
    X(DOMAIN_NAME_SERVERS, 6, ADDRESSES, "domain-name-servers", CONFIGURED)                      \
    X(LOG_SERVERS, 7, ADDRESSES, "log-servers", CONFIGURED)                                      \
    X(COOKIE_SERVERS, 8, ADDRESSES, "cookie-servers", CONFIGURED)                                \
    X(LPR_SERVERS, 9, ADDRESSES, "lpr-servers", CONFIGURED)                                      \
    X(IMPRESS_SERVERS, 10, ADDRESSES, "impress-servers", CONFIGURED)                             \
    X(RESOURCE_LOCATION_SERVERS, 11, ADDRESSES, "resource-location-servers", CONFIGURED)         \
    X(HOST_NAME, 12, TEXT, "host-name", CONFIGURED)                                              \
    X(BOOT_SIZE, 13, U16, "boot-size", CONFIGURED)                                               \
    X(MERIT_DUMP, 14, TEXT, "merit-dump", CONFIGURED)                                            \
    X(DOMAIN_NAME, 15, NAME, "domain-name", CONFIGURED)                                          \
    X(SWAP_SERVER, 16, ADDRESS, "swap-server", CONFIGURED)                                       \
    X(ROOT_PATH, 17, TEXT, "root-path", CONFIGURED)                                              \
    X(EXTENSIONS_PATH, 18, TEXT, "extensions-path", CONFIGURED)                                  \
    X(IP_FORWARDING, 19, BOOL, "ip-forwarding", CONFIGURED)                                      \
    X(NON_LOCAL_SOURCE_ROUTING, 20, BOOL, "non-local-source-routing", CONFIGURED)                \
    X(POLICY_FILTER, 21, ADDRESS_PAIRS, "policy-filter", CONFIGURED)                             \
    X(MAX_DGRAM_REASSEMBLY, 22, U16, "max-dgram-reassembly", CONFIGURED)                         \
    X(DEFAULT_IP_TTL, 23, U8, "default-ip-ttl", CONFIGURED)                                      \
    X(PATH_MTU_AGING_TIMEOUT, 24, U32, "path-mtu-aging-timeout", CONFIGURED)                     \
    X(PATH_MTU_PLATEAU_TABLE, 25, U16S, "path-mtu-plateau-table", CONFIGURED)                    \
    X(INTERFACE_MTU, 26, U16, "interface-mtu", CONFIGURED)                                       \
    X(ALL_SUBNETS_LOCAL, 27, BOOL, "all-subnets-local", CONFIGURED)                              \
    X(BROADCAST_ADDRESS, 28, ADDRESS, "broadcast-address", CONFIGURED)                           \
    X(PERFORM_MASK_DISCOVERY, 29, BOOL, "perform-mask-discovery", CONFIGURED)                    \
    X(MASK_SUPPLIER, 30, BOOL, "mask-supplier", CONFIGURED)                                      \
    X(ROUTER_DISCOVERY, 31, BOOL, "router-discovery", CONFIGURED)                                \
    X(ROUTER_SOLICITATION_ADDRESS, 32, ADDRESS, "router-solicitation-address", CONFIGURED)       \
    X(STATIC_ROUTES, 33, ADDRESS_PAIRS, "static-routes", CONFIGURED)                             \
    X(TRAILER_ENCAPSULATION, 34, BOOL, "trailer-encapsulation", CONFIGURED)                      \
    X(ARP_CACHE_TIMEOUT, 35, U32, "arp-cache-timeout", CONFIGURED)                               \
    X(IEEE802_3_ENCAPSULATION, 36, BOOL, "ieee802-3-encapsulation", CONFIGURED)                  \
    X(DEFAULT_TCP_TTL, 37, U8, "default-tcp-ttl", CONFIGURED)                                    \
    X(TCP_KEEPALIVE_INTERVAL, 38, U32, "tcp-keepalive-interval", CONFIGURED)                     \
    X(TCP_KEEPALIVE_GARBAGE, 39, BOOL, "tcp-keepalive-garbage", CONFIGURED)                      \
    X(NIS_DOMAIN, 40, TEXT, "nis-domain", CONFIGURED)                                            \
    X(NIS_SERVERS, 41, ADDRESSES, "nis-servers", CONFIGURED)                                     \
    X(NTP_SERVERS, 42, ADDRESSES, "ntp-servers", CONFIGURED)                                     \
    X(VENDOR_ENCAPSULATED, 43, BYTES, "vendor-encapsulated-options", CONFIGURED)                 \
    X(NETBIOS_NAME_SERVERS, 44, ADDRESSES, "netbios-name-servers", CONFIGURED)                   \
    X(NETBIOS_DD_SERVER, 45, ADDRESSES, "netbios-dd-server", CONFIGURED)                         \
    X(NETBIOS_NODE_TYPE, 46, U8, "netbios-node-type", CONFIGURED)                                \
    X(NETBIOS_SCOPE, 47, TEXT, "netbios-scope", CONFIGURED)                                      \
    X(FONT_SERVERS, 48, ADDRESSES, "font-servers", CONFIGURED)                                   \
    X(X_DISPLAY_MANAGER, 49, ADDRESSES, "x-display-manager", CONFIGURED)                         \
    X(REQUESTED_ADDRESS, 50, ADDRESS, "dhcp-requested-address", PROTOCOL)                        \
    X(LEASE_TIME, 51, U32, "dhcp-lease-time", PROTOCOL)                                          \
    X(OVERLOAD, 52, U8, "dhcp-option-overload", PROTOCOL)                                        \
    X(MESSAGE_TYPE, 53, U8, "dhcp-message-type", PROTOCOL)                                       \
    X(SERVER_ID, 54, ADDRESS, "dhcp-server-identifier", PROTOCOL)                                \
    X(PARAMETER_LIST, 55, U8S, "dhcp-parameter-request-list", PROTOCOL)                          \
    X(MESSAGE, 56, TEXT, "dhcp-message", PROTOCOL)                                               \
    X(MAX_MESSAGE_SIZE, 57, U16, "dhcp-max-message-size", PROTOCOL)                              \
    X(RENEWAL_TIME, 58, U32, "dhcp-renewal-time", PROTOCOL)                                      \
    X(REBINDING_TIME, 59, U32, "dhcp-rebinding-time", PROTOCOL)                                  \
    X(VENDOR_CLASS, 60, TEXT, "vendor-class-identifier", CONFIGURED)                             \
    X(CLIENT_ID, 61, BYTES, "dhcp-client-identifier", PROTOCOL)                                  \
    X(NWIP_DOMAIN, 62, TEXT, "nwip-domain-name", CONFIGURED)                                     \
    X(NWIP_SUBOPTIONS, 63, BYTES, "nwip-suboptions", CONFIGURED)                                 \
    X(NISPLUS_DOMAIN, 64, TEXT, "nisplus-domain-name", CONFIGURED)                               \
    X(NISPLUS_SERVERS, 65, ADDRESSES, "nisplus-servers", CONFIGURED)                             \
    X(TFTP_SERVER_NAME, 66, TEXT, "tftp-server-name", CONFIGURED)                                \
    X(BOOT_FILE_NAME, 67, TEXT, "boot-file-name", CONFIGURED)                                    \
    X(MOBILE_IP_HOME_AGENT, 68, ADDRESSES, "mobile-ip-home-agent", CONFIGURED)                   \
    X(SMTP_SERVER, 69, ADDRESSES, "smtp-server", CONFIGURED)                                     \
    X(POP_SERVER, 70, ADDRESSES, "pop-server", CONFIGURED)                                       \
    X(NNTP_SERVER, 71, ADDRESSES, "nntp-server", CONFIGURED)                                     \
    X(WWW_SERVER, 72, ADDRESSES, "www-server", CONFIGURED)                                       \
    X(FINGER_SERVER, 73, ADDRESSES, "finger-server", CONFIGURED)                                 \
    X(IRC_SERVER, 74, ADDRESSES, "irc-server", CONFIGURED)                                       \
    X(STREETTALK_SERVER, 75, ADDRESSES, "streettalk-server", CONFIGURED)                         \
    X(STREETTALK_DIRECTORY, 76, ADDRESSES, "streettalk-directory-assistance-server", CONFIGURED) \
    X(USER_CLASS, 77, BYTES, "user-class", PROTOCOL)                                             \
    X(RAPID_COMMIT, 80, EMPTY, "rapid-commit", PROTOCOL)                                         \
    X(FQDN, 81, BYTES, "fqdn", PROTOCOL)                                                         \
    X(RELAY_INFO, 82, BYTES, "dhcp-agent-options", PROTOCOL)                                     \
    X(NDS_SERVERS, 85, ADDRESSES, "nds-servers", CONFIGURED)                                     \
    X(NDS_TREE_NAME, 86, TEXT, "nds-tree-name", CONFIGURED)                                      \
    X(NDS_CONTEXT, 87, TEXT, "nds-context", CONFIGURED)                                          \
    X(BCMCS_DOMAINS, 88, NAMES, "bcms-controller-names", CONFIGURED)                             \
    X(BCMCS_ADDRESSES, 89, ADDRESSES, "bcms-controller-address", CONFIGURED)                     \
    X(CLIENT_SYSTEM, 93, U16S, "client-system", PROTOCOL)                                        \
    X(CLIENT_NDI, 94, BYTES, "client-ndi", PROTOCOL)                                             \
    X(UUID_GUID, 97, BYTES, "uuid-guid", PROTOCOL)                                               \
    X(UAP_SERVERS, 98, TEXT, "uap-servers", CONFIGURED)                                          \
    X(PCODE, 100, TEXT, "pcode", CONFIGURED)                                                     \
    X(TCODE, 101, TEXT, "tcode", CONFIGURED)                                                     \
    X(IPV6_ONLY_PREFERRED, 108, U32, "v6-only-preferred", CONFIGURED)                            \
    X(NETINFO_ADDRESS, 112, ADDRESSES, "netinfo-server-address", CONFIGURED)                     \
    X(NETINFO_TAG, 113, TEXT, "netinfo-server-tag", CONFIGURED)                                  \
    X(CAPTIVE_PORTAL, 114, TEXT, "v4-captive-portal", CONFIGURED)                                \
    X(AUTO_CONFIG, 116, U8, "auto-config", CONFIGURED)                                           \
    X(NAME_SERVICE_SEARCH, 117, U16S, "name-service-search", CONFIGURED)                         \
    X(SUBNET_SELECTION, 118, ADDRESS, "subnet-selection", PROTOCOL)                              \
    X(DOMAIN_SEARCH, 119, NAMES, "domain-search", CONFIGURED)                                    \
    X(SIP_SERVERS, 120, BYTES, "sip-servers", CONFIGURED)                                        \
    X(CLASSLESS_ROUTES, 121, ROUTES, "classless-static-routes", CONFIGURED)                      \
    X(VIVCO, 124, BYTES, "vivco-suboptions", CONFIGURED)                                         \
    X(VIVSO, 125, BYTES, "vivso-suboptions", CONFIGURED)                                         \
    X(PANA_AGENTS, 136, ADDRESSES, "pana-agent", CONFIGURED)                                     \
    X(V4_LOST, 137, NAMES, "v4-lost", CONFIGURED)                                                \
    X(CAPWAP_AC, 138, ADDRESSES, "capwap-ac-v4", CONFIGURED)                                     \
    X(SIP_UA_DOMAINS, 141, NAMES, "sip-ua-cs-domains", CONFIGURED)                               \
    X(TFTP_SERVER_ADDRESSES, 150, ADDRESSES, "tftp-server-address", CONFIGURED)                  \
    X(PXE_CONFIG_FILE, 209, TEXT, "pxelinux-config-file", CONFIGURED)                            \
    X(PXE_PATH_PREFIX, 210, TEXT, "pxelinux-path-prefix", CONFIGURED)                            \
    X(PXE_REBOOT_TIME, 211, U32, "pxelinux-reboot-time", CONFIGURED)                             \
    X(WPAD, 252, TEXT, "wpad", CONFIGURED)                                                       \
    X(MS_CLASSLESS_ROUTES, 249, ROUTES, "ms-classless-static-routes", CONFIGURED)

enum dhcp_option_code {
    DHCP_PAD = 0,
#define X(enumerator, code, type, name, whose) DHCP_OPTION_##enumerator = (code),
    DHCP_OPTIONS(X)
#undef X
        DHCP_END = 255,
};

struct dhcp_option {
    const char *name;
    enum dhcp_type type;
    uint8_t code;
    bool configured; /* a configuration may say it */
};

/* By number, or by name or a short name of ours ("dns", "domain", "ntp", "mtu"). NULL: not in the table. Static
 * storage. */
const struct dhcp_option *dhcp_option_find(unsigned code);
const struct dhcp_option *dhcp_option_find_name(const char *name);

/* Whether a value of so many bytes can be one of the option's type; any length fits an option that is not known. */
bool dhcp_option_fits(unsigned code, size_t len);

/* The type of that name, for a list if there is one. DHCP_TYPE_COUNT: there is none. */
enum dhcp_type dhcp_type_find(const char *name);
const char *dhcp_type_keyword(enum dhcp_type type);

/* Whether several values may be given, each appended to the one before. */
bool dhcp_type_is_list(enum dhcp_type type);
const char *dhcp_type_help(enum dhcp_type type);

/* Append one value, as people write it, to the bytes[0 ... *len - 1] of an option. 0; -EINVAL with *err filled in;
 * -ENOSPC if it would be longer than room. */
int dhcp_option_encode(enum dhcp_type type, const char *text, uint8_t *bytes, size_t room, size_t *len,
                       struct text_error *err);
