#include "twamp/session.h"

#include "base/compiler.h"

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

static void note(struct twamp_way *way, int64_t ns, int64_t now_ns)
{
    window_min_add(&way->least_ns, ns, now_ns, TWAMP_LEAST_NS);
}

static int64_t above_least(const struct twamp_way *way, int64_t ns)
{
    return ns - window_min_get(&way->least_ns);
}

static void measure(struct twamp_session *session, const struct twamp_reflected *said, int64_t now_ns, int64_t stamp_ns)
{
    int64_t there_ns = said->received_ns - said->sent.sent_ns, back_ns = stamp_ns - said->reflected_ns;

    note(&session->round, there_ns + back_ns, now_ns);
    note(&session->there, there_ns, now_ns);
    note(&session->back, back_ns, now_ns);
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
    if ((int32_t)(said.sent.number + 1 - session->newest) > 0)
        session->newest = said.sent.number + 1;
    else
        session->reordered++;
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
