/* SPDX-License-Identifier: MIT
 *
 * test_sendtargets.c: text exchanges in full feature phase: listings of any length,
 * continuation, Rejects.
 */
#include "nego_test.h"

#define ADDRESS(tag) "TargetAddress=192.0.2.1:3260," tag
#define SIX(n, tag) " TargetAddress=[2001:db8::" n "]:3260," tag

struct list_case {
    const char *title;
    int node;                   /* session's own, -1: discovery */
    const char *initiator;
    unsigned n_portals;
    const char *request, *answer;
};

static const struct list_case lists[] = {
    { "all, as far as this initiator may see them", -1, HOST, 1, "SendTargets=All",
      "TargetName=" DISK " " ADDRESS("1") " TargetName=" OTHER " " ADDRESS("65535") },
    { "all, for one who is on the allow-list", -1, FRIEND, 1, "SendTargets=All",
      "TargetName=" DISK " " ADDRESS("1") " TargetName=" OTHER " " ADDRESS("65535")
      " TargetName=" VAULT " " ADDRESS("2") },
    { "several portals, the one in use first", -1, HOST, 3, "SendTargets=" OTHER,
      "TargetName=" OTHER " " ADDRESS("65535") SIX("1", "65535") SIX("2", "65535") },
    { "no portal to tell of", -1, HOST, 0, "SendTargets=" DISK, "TargetName=" DISK },
    { "by name", -1, HOST, 1, "SendTargets=" DISK, "TargetName=" DISK " " ADDRESS("1") },
    { "by name in capitals", -1, HOST, 1, "SendTargets=IQN.2024-01.EXAMPLE:DISK",
      "TargetName=" DISK " " ADDRESS("1") },
    { "by a name that it may not see", -1, HOST, 1, "SendTargets=" VAULT, "" },
    { "by a name that it may see", -1, FRIEND, 1, "SendTargets=" VAULT,
      "TargetName=" VAULT " " ADDRESS("2") },
    { "by a name of nobody", -1, HOST, 1, "SendTargets=iqn.2024-01.example:dis", "" },
    { "'all' is a name, and of nobody", -1, HOST, 1, "SendTargets=all", "" },
    { "empty in discovery", -1, HOST, 1, "SendTargets=", "SendTargets=Reject" },
    { "this target", 1, HOST, 1, "SendTargets=",
      "TargetName=" OTHER " " ADDRESS("65535") },
    { "this target by name", 1, HOST, 1, "SendTargets=" OTHER,
      "TargetName=" OTHER " " ADDRESS("65535") },
    { "another target by name", 1, HOST, 1, "SendTargets=" DISK, "" },
    { "all in a normal session", 1, HOST, 1, "SendTargets=All", "SendTargets=Reject" },
    { "with other keys before", -1, HOST, 1, "X-a=1 SendTargets=" DISK,
      "X-a=NotUnderstood TargetName=" DISK " " ADDRESS("1") },
    { "with other keys behind", -1, HOST, 1, "SendTargets=" DISK " X-a=1",
      "X-a=NotUnderstood TargetName=" DISK " " ADDRESS("1") },
    { "an answer instead of a value", -1, HOST, 1, "SendTargets=Reject", "" },
};

static void test_lists(void **state)
{
    (void)state;
    static struct world w;
    unsigned bad = 0;
    for (size_t i = 0; i < COUNT(lists); i++) {
        const struct list_case *l = &lists[i];
        world_init(&w);
        w.n_portals = l->n_portals;
        text_init(&w, l->node < 0 ? NULL : &w.nodes[l->node]);
        strcpy(w.peer.name, l->initiator);
        text(&w, T, l->request);
        if (w.reject != 0 || !w.over || strcmp(plain_text(&w), l->answer) != 0) {
            print_error("%s: %02x %d '%s'\n", l->title, w.reject, w.over, plain_text(&w));
            bad++;
        }
    }
    assert_int_equal(bad, 0);
}

/* ------------------------------------------------------------------------------------
 * More than fits one PDU
 */
enum { MANY = 255 };

static struct th_node many[MANY];
static char names[MANY][TH_NAME_MAX + 1];

static void make_many(struct world *w)
{
    for (unsigned i = 0; i < MANY; i++) {
        int len = sprintf(names[i], "iqn.2024-01.example:%03u.", i);
        size_t total = i % 5 == 0 ? TH_NAME_MAX : (size_t)len + i % 40;
        memset(names[i] + len, 'a' + (int)(i % 26), total - (size_t)len);
        names[i][total] = '\0';
        many[i] = (struct th_node){ .name = names[i],
                   .portal_group_tag = (uint16_t)(i + 1) };
    }
    w->env.nodes = many;
    w->env.n_nodes = MANY;
}

/* Appends the answers of a whole exchange to `all`; returns their number. */
static unsigned gather(struct world *w, const char *request, char *all, size_t size,
                       size_t *len)
{
    unsigned n = 0;
    *len = 0;
    text(w, T, request);
    for (;;) {
        assert_int_equal(w->reject, 0);
        assert_true(*len + w->len <= size);
        memcpy(all + *len, w->text, w->len);
        *len += w->len;
        n++;
        if (w->over)
            return n;
        assert_int_equal(w->bhs[1], C);         /* more of this text follows (11.11.2) */
        assert_true(w->len > 0);                /* no empty rounds */
        assert_int_equal(w->text[w->len - 1], '\0');
        text(w, T, "");
    }
}

static void test_many(void **state)
{
    (void)state;
    static struct world w;
    static char expected[262144], all[262144];
    static const uint32_t limits[] = { 512, 513, 600, 1000, 4096, 8192, 65536, 16777215 };

    world_init(&w);
    make_many(&w);
    size_t expected_len = 0;
    for (unsigned i = 0; i < MANY; i++) {
        expected_len += (size_t)sprintf(expected + expected_len, "TargetName=%s",
                         names[i]) + 1;
        expected_len += (size_t)sprintf(expected + expected_len,
                         "TargetAddress=192.0.2.1:3260,%u", i + 1) + 1;
        expected_len += (size_t)sprintf(expected + expected_len,
                         "TargetAddress=[2001:db8::1]:3260,%u", i + 1) + 1;
    }

    for (size_t i = 0; i < COUNT(limits); i++) {
        size_t len;
        w.n_portals = 2;
        text_init(&w, NULL);
        w.params.max_send_bytes = limits[i];
        unsigned n = gather(&w, "SendTargets=All", all, sizeof all, &len);
        assert_int_equal(len, expected_len);
        assert_memory_equal(all, expected, len);
        uint32_t limit = th_min32(limits[i], THIMBLE_TEXT_ANSWER_MAX);
        assert_in_range(n, expected_len / limit, expected_len / (limit - 240) + 1);
    }
}

/* A portal hook that never ends its list ends nothing else. */
static void test_endless_portals(void **state)
{
    (void)state;
    static struct world w;
    static char all[65536];
    size_t len;
    world_init(&w);
    w.n_portals = UINT32_MAX;
    text_init(&w, NULL);
    gather(&w, "SendTargets=" DISK, all, sizeof all, &len);
    unsigned n = 0;
    for (size_t i = 0; i < len; i++)
        n += all[i] == '\0';
    assert_int_equal(n, 1 + 255);
}

/* Other answers than a listing, more than one PDU takes. */
static void test_many_answers(void **state)
{
    (void)state;
    static struct world w;
    static char request[4096], all[8192], expected[8192];
    size_t at = 0, expected_len = 0, len;
    world_init(&w);
    for (unsigned i = 0; i < 100; i++) {
        at += (size_t)sprintf(request + at, "X-key-%u=1 ", i);
        expected_len += (size_t)sprintf(expected + expected_len, "X-key-%u=NotUnderstood",
                         i) + 1;
    }
    sprintf(request + at, "SendTargets=%s", DISK);
    expected_len += (size_t)sprintf(expected + expected_len, "TargetName=%s", DISK) + 1;
    expected_len += (size_t)sprintf(expected + expected_len, ADDRESS("1")) + 1;

    text_init(&w, NULL);
    w.params.max_send_bytes = 512;
    assert_in_range(gather(&w, request, all, sizeof all, &len), expected_len / 512,
                    expected_len / 450 + 1);
    assert_int_equal(len, expected_len);
    assert_memory_equal(all, expected, len);
}

/* A smaller segment length holds for the very answer to it. */
static void test_segment_length_in_force(void **state)
{
    (void)state;
    static struct world w;
    world_init(&w);
    make_many(&w);
    text_init(&w, NULL);
    w.params.max_send_bytes = 65536;
    text(&w, T, "MaxRecvDataSegmentLength=512 SendTargets=All");
    assert_int_equal(w.params.max_send_bytes, 512);
    assert_true(w.len <= 512);
    assert_false(w.over);
}

/* ------------------------------------------------------------------------------------
 * Requests in parts
 */
static void test_requests_in_parts(void **state)
{
    (void)state;
    static struct world w;
    static const char whole[] = "TargetName=" DISK " " ADDRESS("1") " "
                                "TargetName=" OTHER " " ADDRESS("65535");
    char data[64];
    uint32_t len = wire_text(data, "X=1 SendTargets=All");
    for (uint32_t cut = 0; cut <= len; cut++) {
        world_init(&w);
        text_init(&w, NULL);
        text_bytes(&w, C, data, cut, 0);
        assert_int_equal(w.reject, 0);
        assert_int_equal(w.len, 0);
        assert_int_equal(w.bhs[1], 0);
        assert_int_not_equal(w.ttt, TH_TAG_NONE);
        text_bytes(&w, T, data + cut, len - cut, 0);
        assert_int_equal(w.reject, 0);
        assert_true(w.over);
        assert_memory_equal(plain_text(&w), "X=NotUnderstood ", 16);
        assert_string_equal(plain_text(&w) + 16, whole);

        world_init(&w);
        text_init(&w, NULL);
        text_bytes(&w, T, data, len, cut);
        assert_string_equal(plain_text(&w) + 16, whole);
    }
}

/* F=0: the initiator has more to say, so the exchange stays open although the answer is
 * complete. */
static void test_not_final(void **state)
{
    (void)state;
    static struct world w;
    world_init(&w);
    text_init(&w, &w.nodes[0]);
    text(&w, 0, "MaxRecvDataSegmentLength=16384");
    assert_int_equal(w.bhs[1], 0);
    assert_false(w.over);
    assert_int_equal(w.params.max_send_bytes, 8192);    /* not yet */
    text(&w, 0, "X=1");
    assert_string_equal(plain_text(&w), "X=NotUnderstood");
    assert_false(w.over);
    text(&w, T, "");
    assert_true(w.over);
    assert_int_equal(w.params.max_send_bytes, 16384);
}

/* A new request, with the reserved tag, drops what was under way. */
static void test_reset(void **state)
{
    (void)state;
    static struct world w;
    world_init(&w);
    text_init(&w, &w.nodes[0]);
    text(&w, 0, "MaxRecvDataSegmentLength=16384");
    w.ttt = TH_TAG_NONE;
    w.itt++;
    text(&w, T, "X=1");
    assert_true(w.over);
    assert_int_equal(w.params.max_send_bytes, 8192);
    text(&w, T, "MaxRecvDataSegmentLength=512");        /* not "twice" */
    assert_int_equal(w.reject, 0);
    assert_int_equal(w.params.max_send_bytes, 512);

    make_many(&w);
    text_init(&w, NULL);
    text(&w, T, "SendTargets=All");
    assert_false(w.over);
    w.ttt = TH_TAG_NONE;
    text(&w, T, "X=1");
    assert_string_equal(plain_text(&w), "X=NotUnderstood");
    assert_true(w.over);
}

/* ------------------------------------------------------------------------------------
 * Rejects
 */
static void test_rejects(void **state)
{
    (void)state;
    static struct world w;
    static char data[8192];

    world_init(&w);                     /* F with C */
    text_init(&w, NULL);
    text(&w, T | C, "X=1");
    assert_int_equal(w.reject, TH_REJECT_PROTOCOL_ERROR);

    world_init(&w);                     /* the reserved task tag */
    text_init(&w, NULL);
    w.itt = TH_TAG_NONE;
    text(&w, T, "X=1");
    assert_int_equal(w.reject, TH_REJECT_INVALID_FIELD);

    world_init(&w);                     /* going on with what never began */
    text_init(&w, NULL);
    w.ttt = 1;
    text(&w, T, "");
    assert_int_equal(w.reject, TH_REJECT_INVALID_FIELD);

    world_init(&w);                     /* going on with what is over */
    text_init(&w, NULL);
    text(&w, T, "X=1");
    assert_true(w.over);
    w.ttt = 1;
    text(&w, T, "");
    assert_int_equal(w.reject, TH_REJECT_INVALID_FIELD);

    world_init(&w);                     /* another tag, another task */
    make_many(&w);
    text_init(&w, NULL);
    text(&w, T, "SendTargets=All");
    w.ttt++;
    text(&w, T, "");
    assert_int_equal(w.reject, TH_REJECT_INVALID_FIELD);
    world_init(&w);
    make_many(&w);
    text_init(&w, NULL);
    text(&w, T, "SendTargets=All");
    w.itt++;
    text(&w, T, "");
    assert_int_equal(w.reject, TH_REJECT_INVALID_FIELD);

    world_init(&w);                     /* talks instead of listening */
    make_many(&w);
    text_init(&w, NULL);
    text(&w, T, "SendTargets=All");
    text(&w, T, "X=1");
    assert_int_equal(w.reject, TH_REJECT_PROTOCOL_ERROR);

    world_init(&w);                     /* more text than we take */
    text_init(&w, NULL);
    for (uint32_t total = 0; total < THIMBLE_TEXT_REQUEST_MAX; total += sizeof data) {
        text_bytes(&w, C, data, sizeof data, 0);
        assert_int_equal(w.reject, 0);
    }
    text_bytes(&w, C, data, sizeof data, 0);
    assert_int_equal(w.reject, TH_REJECT_OUT_OF_RESOURCES);

    world_init(&w);                     /* more answers than we keep */
    text_init(&w, NULL);
    uint32_t len = 0;
    for (unsigned i = 0; len + 16 < sizeof data; i++)
        len += (uint32_t)sprintf(data + len, "X-%u=", i) + 1;
    text_bytes(&w, C, data, len, 0);
    assert_int_equal(w.reject, TH_REJECT_OUT_OF_RESOURCES);
    w.ttt = TH_TAG_NONE;                /* and life goes on */
    text(&w, T, "X=1");
    assert_int_equal(w.reject, 0);
    assert_string_equal(plain_text(&w), "X=NotUnderstood");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_endless_portals),
        cmocka_unit_test(test_many_answers),
        cmocka_unit_test(test_segment_length_in_force),
        cmocka_unit_test(test_requests_in_parts),
        cmocka_unit_test(test_not_final),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_rejects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
