#include "book/order.h"

#include "base/compiler.h"

static const char *const names[] = {
#define X(enumerator, name, help) [BOOK_##enumerator] = (name),
    BOOK_OPERATIONS(X)
#undef X
};

const char *book_operation_name(enum book_operation operation)
{
    return names[operation];
}

enum book_operation book_operation_of(const char *name)
{
    unsigned operation = 0;

    while (operation < BOOK_OPERATION_COUNT && strcmp(names[operation], name) != 0)
        operation++;
    return (enum book_operation)operation;
}

void book_pack_range(struct pack *pack, struct ipv4_range range)
{
    pack_u32(pack, range.first);
    pack_u32(pack, range.last);
}

struct ipv4_range book_unpack_range(struct unpack *unpack)
{
    uint32_t first = unpack_u32(unpack), last = unpack_u32(unpack);

    unpack->wrong |= first > last;
    return (struct ipv4_range){first, last};
}

void book_pack_entry(struct pack *pack, const struct plan_entry *entry)
{
    book_pack_range(pack, entry->range);
    pack_u8(pack, entry->kind);
    pack_u8(pack, entry->status);
    pack_u8(pack, (uint8_t)(entry->delegated | entry->for_sibling << 1));
    pack_u32(pack, entry->created_s);
    pack_u32(pack, entry->changed_s);
    pack_u32(pack, entry->until_s);
    pack_text(pack, entry->name);
    pack_text(pack, entry->owner);
    pack_text(pack, entry->provider);
    pack_text(pack, entry->contract);
    pack_text(pack, entry->note);
}

void book_unpack_entry(struct unpack *unpack, struct plan_entry *entry)
{
    entry->range = book_unpack_range(unpack);
    entry->kind = unpack_u8(unpack);
    entry->status = unpack_u8(unpack);
    uint8_t flags = unpack_u8(unpack);
    entry->delegated = flags & 1;
    entry->for_sibling = flags & 2;
    entry->created_s = unpack_u32(unpack);
    entry->changed_s = unpack_u32(unpack);
    entry->until_s = unpack_u32(unpack);
    entry->name = unpack_text(unpack);
    entry->owner = unpack_text(unpack);
    entry->provider = unpack_text(unpack);
    entry->contract = unpack_text(unpack);
    entry->note = unpack_text(unpack);
    unpack->wrong |= entry->kind >= PLAN_KIND_COUNT || entry->status >= PLAN_STATUS_COUNT;
}

void book_pack_order(struct pack *pack, const struct book_order *order)
{
    pack_u8(pack, order->operation);
    pack_text(pack, order->node);
    book_pack_range(pack, order->range);
    book_pack_entry(pack, &order->entry);
    pack_u32(pack, order->gives);
    book_pack_range(pack, order->to);
    pack_u8(pack, order->len);
    pack_u8(pack, order->strategy);
    pack_u8(pack, (uint8_t)(order->keep_sibling | order->all << 1));
    pack_u32(pack, order->cool_off_s);
    pack_u64(pack, order->undoes);
    pack_text(pack, order->key);
}

bool book_unpack_order(struct unpack *unpack, struct book_order *order)
{
    order->operation = unpack_u8(unpack);
    order->node = unpack_text(unpack);
    order->range = book_unpack_range(unpack);
    book_unpack_entry(unpack, &order->entry);
    order->gives = unpack_u32(unpack);
    order->to = book_unpack_range(unpack);
    order->len = unpack_u8(unpack);
    order->strategy = unpack_u8(unpack);
    uint8_t flags = unpack_u8(unpack);
    order->keep_sibling = flags & 1;
    order->all = flags & 2;
    order->cool_off_s = unpack_u32(unpack);
    order->undoes = unpack_u64(unpack);
    order->key = unpack_text(unpack);
    return !unpack->wrong && order->operation < BOOK_EXPIRE && order->strategy < PLAN_STRATEGY_COUNT;
}
