/* SPDX-License-Identifier: MIT
 *
 * test_config.c: what an engine refuses to be built of, and how much memory it needs.
 */
#include "lab.h"

static void wake(void *ctx, struct thimble_conn *c, void *port_conn)
{
    (void)ctx;
    (void)c;
    (void)port_conn;
}

static size_t portal(void *ctx, void *port_conn, unsigned index, char *text, size_t size)
{
    (void)ctx;
    (void)port_conn;
    (void)index;
    (void)text;
    (void)size;
    return 0;
}

static const struct thimble_config hooks = { .wake = wake, .portal = portal };

static int init(struct thimble **e, const struct thimble_config *c)
{
    static uint64_t mem[1 << 16];
    return thimble_init(e, mem, sizeof mem, c);
}

static void defaults_are_enough(void **state)
{
    struct thimble *e;

    (void)state;
    assert_int_equal(init(&e, &hooks), THIMBLE_OK);
    assert_true(thimble_idle(e));
    assert_in_range(thimble_memory_bytes(&hooks), 40000, 100000);
}

/* Each field below and above its range. */
static void fields_outside_their_range(void **state)
{
    struct thimble_config bad[] = {
        { .n_connections = 2, .n_sessions = 3 },
        { .queue_depth = 1025 },
        { .n_buffers = 1 },
        { .n_buffers = 4097 },
        { .buffer_bytes = 512 },
        { .buffer_bytes = 4097 },
        { .buffer_bytes = 1u << 24 },
        { .n_parameter_buffers = 65 },
        { .parameter_bytes = 4095 },
        { .parameter_bytes = (1u << 20) + 1 },
        { .n_targets = 256 },
        { .max_burst_bytes = 511 },
        { .max_burst_bytes = 1u << 24 },
        { .first_burst_bytes = 511 },
        { .max_burst_bytes = 4096, .first_burst_bytes = 8192 },
        { .n_connections = 1000, .n_sessions = 1000, .queue_depth = 1000 },
    };
    struct thimble *e;

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        bad[i].wake = wake;
        bad[i].portal = portal;
        if (thimble_memory_bytes(&bad[i]) != 0)
            fail_msg("configuration %zu is taken", i);
        assert_int_equal(init(&e, &bad[i]), THIMBLE_ERR_ARGUMENT);
    }
    struct thimble_config no_wake = { .portal = portal }, no_portal = { .wake = wake };
    assert_int_equal(init(&e, &no_wake), THIMBLE_ERR_ARGUMENT);
    assert_int_equal(init(&e, &no_portal), THIMBLE_ERR_ARGUMENT);
}

static unsigned group(void *ctx, void *port_conn, unsigned index)
{
    (void)ctx, (void)port_conn, (void)index;
    return 0;
}

static void portal_groups_that_are_refused(void **state)
{
    static const uint16_t fine[THIMBLE_PORT_GROUPS + 1] = { 5, 1, 65535 }, twice[] = { 1, 2, 1 };
    static const struct { const uint16_t *tags; uint16_t n; bool hook; int err; } cases[] = {
        { fine, 3, true, THIMBLE_OK }, { fine, 1, false, THIMBLE_OK }, { fine, 3, false, THIMBLE_ERR_ARGUMENT },
        { NULL, 2, true, THIMBLE_ERR_ARGUMENT }, { twice, 3, true, THIMBLE_ERR_ARGUMENT },
        { twice, 2, true, THIMBLE_OK }, { fine, 4, true, THIMBLE_ERR_ARGUMENT },        /* 0 is no tag */
        { fine, THIMBLE_PORT_GROUPS + 1, true, THIMBLE_ERR_ARGUMENT },
    };
    struct thimble *e;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct thimble_config config = hooks;
        config.portal_groups = cases[i].tags;
        config.n_portal_groups = cases[i].n;
        config.portal_group = cases[i].hook ? group : NULL;
        assert_int_equal(init(&e, &config), cases[i].err);
    }
}

static void targets_that_are_refused(void **state)
{
    struct thimble_config config = hooks;
    char long_name[300] = "iqn.2024-01.example:", alias[300];
    static const struct thimble_chap_user user = { "u", (const uint8_t *)"a secret: 12", 12 };
    static const uint8_t long_secret[256] = { 1 };
    static const struct thimble_chap_user bad_users[] = {
        { "u", (const uint8_t *)"", 0 }, { "u", (const uint8_t *)"a secret:11", 11 }, { "u", long_secret, 256 },
        { "u", NULL, 12 }, { "", (const uint8_t *)"a secret: 12", 12 }, { NULL, (const uint8_t *)"a secret: 12", 12 },
    };
    static const struct thimble_chap good = { .users = &user, .n_users = 1 };
    static const struct thimble_chap same = { .users = &user, .n_users = 1, .outgoing = &user };
    static const struct thimble_chap nobody = { .users = &user };
    static const struct thimble_crypto crypto = { .ctx = NULL };
    struct thimble *e;

    (void)state;
    memset(long_name + strlen(long_name), 'x', 224 - strlen(long_name));
    memset(alias, 'a', sizeof alias);
    alias[256] = '\0';
    config.n_targets = 2;
    assert_int_equal(init(&e, &config), THIMBLE_OK);
    const char *const names[] = { NULL,
                                  "",
                                  "iqn.",
                                  "disk",
                                  "iqn.2024-01.example:Disk",
                                  "iqn.2024-01.example:a b",
                                  "IQN.2024-01.example:a",
                                  long_name };
    for (size_t i = 0; i < COUNT(names); i++) {
        struct thimble_target_config t = { .name = names[i] };
        assert_int_equal(thimble_target_add(e, &t), THIMBLE_ERR_NAME);
    }
    struct thimble_target_config t = { .name = "eui.0011223344AABBCC", .alias = alias };
    assert_int_equal(thimble_target_add(e, &t), THIMBLE_ERR_ARGUMENT);
    t.alias = NULL;
    t.chap = &good;
    assert_int_equal(thimble_target_add(e, &t), THIMBLE_ERR_ARGUMENT);  /* no crypto hook */
    t.chap = NULL;
    assert_int_equal(thimble_target_add(e, &t), 0);
    assert_int_equal(thimble_target_add(e, &t), THIMBLE_ERR_NAME);

    config.crypto = &crypto;
    assert_int_equal(init(&e, &config), THIMBLE_OK);
    for (size_t i = 0; i < COUNT(bad_users); i++) {
        struct thimble_chap bad[] = { { .users = &bad_users[i], .n_users = 1 },
                                      { .users = &user, .n_users = 1, .outgoing = &bad_users[i] } };
        for (size_t k = 0; k < COUNT(bad); k++) {
            t.chap = &bad[k];
            assert_int_equal(thimble_target_add(e, &t), THIMBLE_ERR_SECRET);
            struct thimble_config discovery = config;
            discovery.discovery_chap = &bad[k];
            assert_int_equal(init(&e, &discovery), THIMBLE_ERR_SECRET);
            assert_int_equal(init(&e, &config), THIMBLE_OK);
        }
    }
    t.chap = &same;
    assert_int_equal(thimble_target_add(e, &t), THIMBLE_ERR_SECRET);
    t.chap = &nobody;
    assert_int_equal(thimble_target_add(e, &t), THIMBLE_ERR_ARGUMENT);
    t.chap = &good;
    assert_int_equal(thimble_target_add(e, &t), 0);
    t.name = "naa.0011223344556677";
    assert_int_equal(thimble_target_add(e, &t), 1);
    t.name = "iqn.2024-01.example:third";
    assert_int_equal(thimble_target_add(e, &t), THIMBLE_ERR_FULL);
}

static void units_that_are_refused(void **state)
{
    static uint8_t mem[512];
    struct thimble_ram_disk disk;
    struct thimble_config config = hooks;
    struct thimble_target_config t = { .name = DISK };
    struct thimble *e;

    (void)state;
    config.n_luns = 2;
    assert_int_equal(init(&e, &config), THIMBLE_OK);
    assert_int_equal(thimble_target_add(e, &t), 0);
    assert_int_equal(thimble_ram_disk_init(&disk, mem, 1, 9), THIMBLE_OK);
    struct thimble_lun_config lun = { .block = &disk.block };
    assert_int_equal(thimble_lun_add(e, 1, &lun), THIMBLE_ERR_ARGUMENT);
    assert_int_equal(thimble_lun_add(e, -1, &lun), THIMBLE_ERR_ARGUMENT);
    lun.lun = THIMBLE_LUNS_MAX;
    assert_int_equal(thimble_lun_add(e, 0, &lun), THIMBLE_ERR_ARGUMENT);
    lun.lun = 0;
    lun.block = NULL;
    assert_int_equal(thimble_lun_add(e, 0, &lun), THIMBLE_ERR_ARGUMENT);
    lun.block = &disk.block;
    disk.block.block_shift = 8;
    assert_int_equal(thimble_lun_add(e, 0, &lun), THIMBLE_ERR_ARGUMENT);
    disk.block.block_shift = 13;
    assert_int_equal(thimble_lun_add(e, 0, &lun), THIMBLE_ERR_ARGUMENT);
    disk.block.block_shift = 9;
    disk.block.physical_shift = 8;
    assert_int_equal(thimble_lun_add(e, 0, &lun), THIMBLE_ERR_ARGUMENT);
    disk.block.physical_shift = 0;
    disk.block.size_blocks = 0;
    assert_int_equal(thimble_lun_add(e, 0, &lun), THIMBLE_ERR_ARGUMENT);
    disk.block.size_blocks = 1;
    assert_int_equal(thimble_lun_add(e, 0, &lun), THIMBLE_OK);
    assert_int_equal(thimble_lun_add(e, 0, &lun), THIMBLE_ERR_FULL);
    thimble_lun_changed(e, 7, 0, THIMBLE_LUN_RESIZED);          /* nothing there: no matter */
    thimble_lun_changed(e, 0, 7, THIMBLE_LUN_RESIZED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_enough),
        cmocka_unit_test(fields_outside_their_range),
        cmocka_unit_test(portal_groups_that_are_refused),
        cmocka_unit_test(targets_that_are_refused),
        cmocka_unit_test(units_that_are_refused),
    };
    return cmocka_run_group_tests_name("configuration", tests, NULL, NULL);
}
