#include "net/ipv4_hilbert.h"

struct point {
    uint32_t x, y;
};

/* The point at a distance along the curve that fills a square of 2^order by 2^order; from its corner to the right. */
static struct point point_at(unsigned order, uint32_t distance)
{
    struct point at = {0, 0};

    for (unsigned i = 0; i < order; i++, distance /= 4) {
        uint32_t side = UINT32_C(1) << i, down = distance >> 1 & 1, right = (distance ^ down) & 1;
        if (!right) { /* that quarter is turned */
            struct point turned = down ? (struct point){side - 1 - at.x, side - 1 - at.y} : at;
            at = (struct point){turned.y, turned.x};
        }
        at.x += side * right;
        at.y += side * down;
    }
    return at;
}

struct ipv4_rect ipv4_hilbert(struct ipv4_prefix map, struct ipv4_prefix prefix)
{
    unsigned order = (33U - map.len) / 2, bits = 32U - prefix.len;
    uint32_t distance = prefix.addr - map.addr, side = UINT32_C(1) << bits / 2, mask = ~(side - 1);
    struct point first = point_at(order, distance);
    struct ipv4_rect rect = {first.x & mask, first.y & mask, side, side};

    if (bits % 2) {
        struct point second = point_at(order, distance + side * side);
        second = (struct point){second.x & mask, second.y & mask};
        rect.width += second.x != rect.x ? side : 0;
        rect.height += second.y != rect.y ? side : 0;
        rect.x = second.x < rect.x ? second.x : rect.x;
        rect.y = second.y < rect.y ? second.y : rect.y;
    }
    return rect;
}
