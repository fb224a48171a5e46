/* SPDX-License-Identifier: MIT
 *
 * test_store.c: records as files of a folder, and what is answered when the system refuses a call of each kind.
 *
 * The refusals need no rights and no trick with libraries: the new file that a record is written to is there
 * already, as something that cannot be opened, filled or synchronised.
 */
#define _GNU_SOURCE

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../host/store.h"

#define TARGET "iqn.2004-01.org.example:store"
#define RESERVATIONS THIMBLE_RECORD_RESERVATIONS
#define MODE THIMBLE_RECORD_MODE_PAGES

static char folder[32];
static struct file_store store;

static int begin(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/thimble-store-XXXXXX");
    return mkdtemp(folder) && file_store_open(&store, folder, TARGET, 3) == 0 ? 0 : -1;
}

static const char *path(const char *kind)
{
    static char text[128];

    snprintf(text, sizeof text, "%s/" TARGET ".lun3.%s", folder, kind);
    return text;
}

static void away(const char *kind)
{
    const char *name = path(kind);

    if (unlink(name) < 0)
        rmdir(name);
}

static int end(void **state)
{
    (void)state;
    file_store_close(&store);
    away("reservations");
    away("reservations.new");
    away("mode");
    rmdir(folder);
    return 0;
}

static int save(enum thimble_record record, const char *text)
{
    return store.store.save(&store.store, record, text, (uint32_t)strlen(text), NULL);
}

static void expect_kept(enum thimble_record record, const char *text)
{
    char buf[32];

    assert_int_equal(store.store.load(&store.store, record, buf, sizeof buf), strlen(text));
    assert_memory_equal(buf, text, strlen(text));
}

static void test_there_and_back(void **state)
{
    struct stat status;
    (void)state;

    expect_kept(RESERVATIONS, "");
    assert_int_equal(save(RESERVATIONS, "first"), THIMBLE_OK);
    assert_int_equal(save(MODE, "pages"), THIMBLE_OK);
    assert_int_equal(save(RESERVATIONS, "2nd"), THIMBLE_OK);
    expect_kept(RESERVATIONS, "2nd");
    expect_kept(MODE, "pages");
    assert_int_equal(stat(path("reservations"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_not_equal(access(path("reservations.new"), F_OK), 0);
    assert_int_equal(save(RESERVATIONS, ""), THIMBLE_OK);
    expect_kept(RESERVATIONS, "");
    assert_int_not_equal(access(path("reservations"), F_OK), 0);
    assert_int_equal(save(RESERVATIONS, ""), THIMBLE_OK);       /* it was none before */
    expect_kept(MODE, "pages");
}

static void test_longer_than_a_record_can_be(void **state)
{
    char buf[4];
    (void)state;

    assert_int_equal(save(RESERVATIONS, "1234"), THIMBLE_OK);
    assert_int_equal(store.store.load(&store.store, RESERVATIONS, buf, 4), 4);
    assert_int_equal(store.store.load(&store.store, RESERVATIONS, buf, 3), THIMBLE_ERR_RECORD);
}

/* The new file cannot be made; filled; synchronised: the old one stays, and the next time all is well. */
static void test_refused(void **state)
{
    static const struct { const char *link; int want; } cases[] = {
        { NULL, THIMBLE_ERR_IO },                       /* a folder of that name: open() */
        { "/dev/full", THIMBLE_ERR_NO_SPACE },          /* write() */
        { "/dev/null", THIMBLE_ERR_IO },                /* fsync() */
    };
    (void)state;

    if (access("/dev/full", F_OK) != 0)
        skip();                                         /* not every system has it */
    assert_int_equal(save(RESERVATIONS, "old"), THIMBLE_OK);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *fresh = path("reservations.new");
        assert_int_equal(cases[i].link ? symlink(cases[i].link, fresh) : mkdir(fresh, 0700), 0);
        assert_int_equal(save(RESERVATIONS, "new"), cases[i].want);
        expect_kept(RESERVATIONS, "old");
        away("reservations.new");
    }
    assert_int_equal(save(RESERVATIONS, "new"), THIMBLE_OK);
    expect_kept(RESERVATIONS, "new");
}

/* Files may not become longer: that is room that there is none of, as for a disk. */
static void test_limited(void **state)
{
    struct rlimit before, limit;
    (void)state;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 4;
    assert_int_equal(save(RESERVATIONS, "old"), THIMBLE_OK);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int result = save(RESERVATIONS, "longer");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(result, THIMBLE_ERR_NO_SPACE);
    expect_kept(RESERVATIONS, "old");
}

/* What stands in the place of the record cannot be replaced, or taken away. */
static void test_not_replaced(void **state)
{
    (void)state;
    assert_int_equal(mkdir(path("reservations"), 0700), 0);
    assert_true(save(RESERVATIONS, "new") < 0);
    assert_int_not_equal(access(path("reservations.new"), F_OK), 0);    /* nothing is left behind */
    assert_true(save(RESERVATIONS, "") < 0);
}

/* The folder is removed while it is in use: nothing can be kept, and nothing is. */
static void test_folder_is_gone(void **state)
{
    (void)state;
    assert_int_equal(save(RESERVATIONS, "old"), THIMBLE_OK);
    away("reservations");
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(save(RESERVATIONS, "new"), THIMBLE_ERR_IO);
    expect_kept(RESERVATIONS, "");
    assert_int_equal(save(RESERVATIONS, ""), THIMBLE_OK);
}

/* A folder that nobody may write to, not even root. */
static void test_read_only(void **state)
{
    struct file_store other;
    (void)state;

    if (file_store_open(&other, "/sys", TARGET, 0) < 0)
        skip();
    assert_int_equal(other.store.save(&other.store, RESERVATIONS, "x", 1, NULL), THIMBLE_ERR_WRITE_PROTECTED);
    file_store_close(&other);
    assert_int_equal(file_store_open(&other, "/thimble/no/such/folder", TARGET, 0), -1);
    file_store_close(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_there_and_back, begin, end),
        cmocka_unit_test_setup_teardown(test_longer_than_a_record_can_be, begin, end),
        cmocka_unit_test_setup_teardown(test_refused, begin, end),
        cmocka_unit_test_setup_teardown(test_not_replaced, begin, end),
        cmocka_unit_test_setup_teardown(test_folder_is_gone, begin, end),
        cmocka_unit_test_setup_teardown(test_read_only, begin, end),
        cmocka_unit_test_setup_teardown(test_limited, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
