/* SPDX-License-Identifier: MIT
 *
 * test_store.c: records as files of a folder, and what is answered when the system refuses a call of each kind.
 *
 * The refusals need no rights and no trick with libraries: the new file that a record is written to is there
 * already, as something that cannot be opened, filled or synchronised.
 */
#define _GNU_SOURCE

#include <fcntl.h>
#include <poll.h>
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
    return mkdtemp(folder) && file_store_open(&store, folder, TARGET, 3, NULL) == 0 ? 0 : -1;
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

    if (file_store_open(&other, "/sys", TARGET, 0, NULL) < 0)
        skip();
    assert_int_equal(other.store.save(&other.store, RESERVATIONS, "x", 1, NULL), THIMBLE_ERR_WRITE_PROTECTED);
    file_store_close(&other);
    assert_int_equal(file_store_open(&other, "/thimble/no/such/folder", TARGET, 0, NULL), -1);
    file_store_close(&other);
}

/* --------------------------------------------------------------------------------------
 * With a worker
 */
struct saving {
    struct thimble_io io;               /* first */
    int answers;
};

static void on_saved(struct thimble_io *io, int result)
{
    struct saving *s = (struct saving *)(void *)io;

    io->result = result;
    s->answers++;
}

static void ask(struct saving *s, enum thimble_record record, const char *text)
{
    *s = (struct saving){ .io = { .done = on_saved } };
    assert_int_equal(store.store.save(&store.store, record, text, (uint32_t)strlen(text), &s->io), THIMBLE_PENDING);
}

static void wait_for(const struct saving *s)
{
    while (s->answers == 0) {
        struct pollfd bell = { .fd = worker_fd(store.worker), .events = POLLIN };
        assert_int_equal(poll(&bell, 1, 10000), 1);
        assert_int_equal(s->answers, 0);                /* only when we ask, in our thread */
        worker_answer(store.worker);
    }
    assert_int_equal(s->answers, 1);
}

static int begin_with_worker(void **state)
{
    if (begin(state) < 0)
        return -1;
    file_store_close(&store);
    struct worker *w = worker_start();
    return w && file_store_open(&store, folder, TARGET, 3, w) == 0 ? 0 : -1;
}

static int end_with_worker(void **state)
{
    worker_stop(store.worker);
    return end(state);
}

static void test_later(void **state)
{
    struct saving first, second, third;
    (void)state;

    ask(&first, RESERVATIONS, "first");
    ask(&second, MODE, "pages");
    ask(&third, RESERVATIONS, "third");
    wait_for(&first);
    wait_for(&second);
    wait_for(&third);
    assert_int_equal(first.io.result, THIMBLE_OK);
    assert_int_equal(second.io.result, THIMBLE_OK);
    assert_int_equal(third.io.result, THIMBLE_OK);
    expect_kept(RESERVATIONS, "third");
    expect_kept(MODE, "pages");
    ask(&first, RESERVATIONS, "");
    wait_for(&first);
    expect_kept(RESERVATIONS, "");
}

/* A medium that takes its time: opening a FIFO waits for a reader.  Nobody is answered until then, and nobody waits but those
 * who save. */
static void test_slow(void **state)
{
    struct saving slow, next;
    (void)state;

    ask(&slow, RESERVATIONS, "old");
    wait_for(&slow);
    assert_int_equal(mkfifo(path("reservations.new"), 0600), 0);
    ask(&slow, RESERVATIONS, "new");
    ask(&next, MODE, "pages");
    struct pollfd bell = { .fd = worker_fd(store.worker), .events = POLLIN };
    assert_int_equal(poll(&bell, 1, 50), 0);
    worker_answer(store.worker);
    assert_int_equal(slow.answers + next.answers, 0);
    expect_kept(RESERVATIONS, "old");                   /* can be asked in between */
    expect_kept(MODE, "");

    int reader = open(path("reservations.new"), O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    wait_for(&slow);
    wait_for(&next);
    close(reader);
    assert_int_equal(slow.io.result, THIMBLE_ERR_IO);   /* a FIFO cannot be synchronised */
    assert_int_equal(next.io.result, THIMBLE_OK);
    expect_kept(RESERVATIONS, "old");
    expect_kept(MODE, "pages");
}

/* The end comes while there is work: it is done, and nobody is told. */
static void test_stopped(void **state)
{
    struct saving first, second;
    (void)state;

    ask(&first, RESERVATIONS, "first");
    ask(&second, MODE, "pages");
    worker_stop(store.worker);
    store.worker = NULL;
    assert_int_equal(first.answers + second.answers, 0);
    expect_kept(RESERVATIONS, "first");
    expect_kept(MODE, "");                              /* was waiting for its turn */
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
        cmocka_unit_test_setup_teardown(test_later, begin_with_worker, end_with_worker),
        cmocka_unit_test_setup_teardown(test_slow, begin_with_worker, end_with_worker),
        cmocka_unit_test_setup_teardown(test_stopped, begin_with_worker, end_with_worker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
