#include "twamp/session.h"

#include "base/compiler.h"

#include <string.h>

enum state { UNDER_WAY, BACK, LOST };

const char *twamp_verdict_name(unsigned verdict)
{
    static const char *const names[] = {
#define X(enumerator, name, help) name,
        TWAMP_VERDICTS(X)
#undef X
    };

    return verdict < ARRAY_SIZE(names) ? names[verdict] : "unknown";
}

static void open_way(struct twamp_way *way)
{
    way->least_ns[0] = way->least_ns[1] = INT64_MAX;
}

void twamp_session_open(struct twamp_session *session, int64_t now_ns)
{
    memset(session, 0, sizeof(*session));
    session->least_at_ns = now_ns + TWAMP_LEAST_NS;
    open_way(&session->round);
    open_way(&session->there);
    open_way(&session->back);
}

/* --- what is under way ------------------------------------------------------------------------------------------- */

static void lose_oldest(struct twamp_session *session)
{
    uint8_t *state = &session->flight[session->oldest % TWAMP_FLIGHT].state;

    if (*state == UNDER_WAY) {
        *state = LOST;
        session->lost++;
    }
    session->oldest++;
}

void twamp_session_turn(struct twamp_session *session, int64_t now_ns)
{
    while (session->oldest != session->next) {
        unsigned at = session->oldest % TWAMP_FLIGHT;
        if (session->flight[at].state == UNDER_WAY && now_ns - session->flight[at].sent_ns < TWAMP_LOST_NS)
            return;
        lose_oldest(session);
    }
}

struct twamp_sent twamp_session_send(struct twamp_session *session, int64_t now_ns, int64_t stamp_ns)
{
    uint32_t number = session->next;
    unsigned at = number % TWAMP_FLIGHT;

    if (number - session->oldest == TWAMP_FLIGHT)
        lose_oldest(session);
    session->flight[at].number = number;
    session->flight[at].sent_ns = now_ns;
    session->flight[at].stamp_ns = stamp_ns;
    session->flight[at].state = UNDER_WAY;
    session->next++;
    session->sent++;
    return (struct twamp_sent){.number = number, .sent_ns = stamp_ns, .error = {.multiplier = 1}};
}

/* --- what comes back --------------------------------------------------------------------------------------------- */

static void note_least(struct twamp_way *way, int64_t ns)
{
    way->last_ns = ns;
    if (ns < way->least_ns[0])
        way->least_ns[0] = ns;
}

static int64_t above_least(const struct twamp_way *way, int64_t ns)
{
    return ns - (way->least_ns[1] < way->least_ns[0] ? way->least_ns[1] : way->least_ns[0]);
}

static void next_window(struct twamp_way *way)
{
    way->least_ns[1] = way->least_ns[0];
    way->least_ns[0] = INT64_MAX;
}

static void measure(struct twamp_session *session, const struct twamp_reflected *said, int64_t now_ns, int64_t stamp_ns)
{
    int64_t there_ns = said->received_ns - said->sent.sent_ns, back_ns = stamp_ns - said->reflected_ns;

    if (now_ns >= session->least_at_ns) {
        next_window(&session->round);
        next_window(&session->there);
        next_window(&session->back);
        session->least_at_ns = now_ns + TWAMP_LEAST_NS;
    }
    note_least(&session->round, there_ns + back_ns);
    note_least(&session->there, there_ns);
    note_least(&session->back, back_ns);
    histogram_add(&session->round.delay, there_ns + back_ns);
    histogram_add(&session->there.delay, above_least(&session->there, there_ns));
    histogram_add(&session->back.delay, above_least(&session->back, back_ns));
}

/* It answers what was sent: who cannot have seen that cannot know when it was. */
static bool is_ours(const struct twamp_session *session, const struct twamp_sent *sent)
{
    unsigned at = sent->number % TWAMP_FLIGHT;

    return session->next - sent->number - 1 < TWAMP_FLIGHT && session->sent > 0 &&
           session->flight[at].number == sent->number && session->flight[at].stamp_ns == sent->sent_ns;
}

static enum twamp_verdict judge(struct twamp_session *session, const uint8_t *bytes, size_t len, int64_t now_ns,
                                int64_t stamp_ns)
{
    struct twamp_reflected said;

    if (!twamp_read_reflected(bytes, len, &said) || !is_ours(session, &said.sent))
        return TWAMP_STRANGE;
    uint8_t *state = &session->flight[said.sent.number % TWAMP_FLIGHT].state;
    if (*state != UNDER_WAY)
        return *state == LOST ? TWAMP_LATE : TWAMP_DUPLICATE;
    *state = BACK;
    session->reordered += (int32_t)(said.sent.number + 1 - session->newest) <= 0;
    if ((int32_t)(said.sent.number + 1 - session->newest) > 0)
        session->newest = said.sent.number + 1;
    measure(session, &said, now_ns, stamp_ns);
    return TWAMP_TAKEN;
}

enum twamp_verdict twamp_session_take(struct twamp_session *session, const uint8_t *bytes, size_t len, int64_t now_ns,
                                      int64_t stamp_ns)
{
    enum twamp_verdict verdict = judge(session, bytes, len, now_ns, stamp_ns);

    session->verdicts[verdict]++;
    twamp_session_turn(session, now_ns);
    return verdict;
}
