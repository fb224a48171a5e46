/* SPDX-License-Identifier: MIT
 *
 * test_chap_file.c: names and secrets from a file, and the sentence for each mistake.
 */
#define _GNU_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../host/chap_file.h"

static char path[] = "/tmp/thimble-chap-XXXXXX";
static char message[CHAP_MESSAGE_MAX];
static struct chap_file file;

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static int load_bytes(const char *text, size_t len)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(len, fwrite(text, 1, len, f));
    assert_int_equal(0, fclose(f));
    return chap_file_load(&file, path, message);
}

static int load(const char *text)
{
    return load_bytes(text, strlen(text));
}

static void good(const char *text)
{
    if (load(text) != 0)
        fail_msg("%s: %s", text, message);
}

/* Refused in this line with this sentence, in which no secret stands. */
static void bad(const char *text, unsigned line, const char *part)
{
    char place[16];

    snprintf(place, sizeof place, ":%u: ", line);
    if (load(text) != -1)
        fail_msg("%s: accepted", text);
    if ((line && !strstr(message, place)) || !strstr(message, part) ||
        strncmp(message, path, strlen(path)) != 0 || strchr(message, '\n'))
        fail_msg("%s: unclear message: %s", text, message);
    assert_null(strstr(message, "Secret"));
}

static void one_way_and_mutual(void **state)
{
    (void)state;
    good("# people\n"
         "\n"
         "incoming alice aliceSecret12\n"
         "\tincoming   bob\tbobsSecret123456  \r\n"
         "  # ourselves\n"
         "outgoing disk  diskSecret123");
    assert_int_equal(2, file.chap.n_users);
    assert_string_equal("alice", file.chap.users[0].name);
    assert_int_equal(13, file.chap.users[0].secret_len);
    assert_memory_equal("aliceSecret12", file.chap.users[0].secret, 13);
    assert_string_equal("bob", file.chap.users[1].name);
    assert_memory_equal("bobsSecret123456", file.chap.users[1].secret, 16);
    assert_int_equal(16, file.chap.users[1].secret_len);
    assert_string_equal("disk", file.chap.outgoing->name);
    assert_int_equal(13, file.chap.outgoing->secret_len);
    chap_file_free(&file);

    good("incoming a#b Secret#12345\n");
    assert_null(file.chap.outgoing);
    assert_string_equal("a#b", file.chap.users[0].name);
    assert_memory_equal("Secret#12345", file.chap.users[0].secret, 12);
    chap_file_free(&file);
}

static void binary_secrets(void **state)
{
    static const uint8_t bytes[] = { 0x00, 0x8f, 0x3a, 0x55, 0x12, 0xc0,
                                     0x9b, 0xe7, 0x71, 0x4d, 0x20, 0xff };

    (void)state;
    good("incoming a 0x008f3a5512C09BE7714d20ff\n");
    assert_int_equal(12, file.chap.users[0].secret_len);
    assert_memory_equal(bytes, file.chap.users[0].secret, 12);
    chap_file_free(&file);
    good("incoming a 0bAI86VRLAm+dxTSD/\n");
    assert_int_equal(12, file.chap.users[0].secret_len);
    assert_memory_equal(bytes, file.chap.users[0].secret, 12);
    chap_file_free(&file);
    good("incoming a 0bU2VjcmV0U2VjcmV0MQ==\n");
    assert_int_equal(13, file.chap.users[0].secret_len);
    assert_memory_equal("SecretSecret1", file.chap.users[0].secret, 13);
    chap_file_free(&file);
    good("incoming a 0bU2VjcmV0U2VjcmV0MTI=\n");
    assert_int_equal(14, file.chap.users[0].secret_len);
    assert_memory_equal("SecretSecret12", file.chap.users[0].secret, 14);
    chap_file_free(&file);
}

static void mistakes_have_line_and_sentence(void **state)
{
    char long_line[700];

    (void)state;
    bad("incoming alice Secret12345\n", 1, "shorter than 12");
    bad("\n# x\nincoming alice\n", 3, "must follow");
    bad("incoming\n", 1, "must follow");
    bad("user alice Secret1234567\n", 1, "incoming USER SECRET");
    bad("incoming alice Secret123 45678\n", 1, "words follow");
    bad("incoming a Secret1234567\nincoming a Secret2234567\n", 2, "this name");
    bad("incoming a Secret1234567\noutgoing b Secret2234567\noutgoing c "
        "Secret3234567\n",
        3, "outgoing line already");
    bad("incoming a 0x12345678901234567890123\n", 1, "hexadecimal");
    bad("incoming a 0x1234567890123456789012xy\n", 1, "hexadecimal");
    bad("incoming a 0x1234567890123456789012\n", 1, "shorter than 12");
    bad("incoming a 0x\n", 1, "hexadecimal");
    bad("incoming a 0bU2VjcmV0U2VjcmV0MTI\n", 1, "base64");
    bad("incoming a 0bU2VjcmV0U2V*cmV0MTI=\n", 1, "base64");
    bad("incoming a 0b\n", 1, "base64");
    bad("incoming a Secret1234567\noutgoing b Secret1234567\n", 0, "same secret");
    bad("outgoing b Secret1234567\n", 0, "nobody could log in");
    bad("", 0, "nobody could log in");

    memset(long_line, 's', sizeof long_line);
    memcpy(long_line, "incoming a ", 11);
    long_line[11 + 256] = '\0';
    bad(long_line, 1, "longer than 255");
    long_line[11 + 255] = '\0';
    good(long_line);
    assert_int_equal(255, file.chap.users[0].secret_len);
    chap_file_free(&file);
}

static void not_a_text_file(void **state)
{
    (void)state;
    assert_int_equal(-1, load_bytes("incoming a Secret1234567\0\n", 27));
    assert_non_null(strstr(message, "not a text file"));
    assert_int_equal(-1, chap_file_load(&file, "/nonexistent/secrets", message));
    assert_non_null(strstr(message, "/nonexistent/secrets: cannot be read"));
    assert_int_equal(-1, chap_file_load(&file, "/tmp", message));
    assert_non_null(strstr(message, "/tmp: "));
}

static void others_that_can_read_it_are_noticed(void **state)
{
    (void)state;
    good("incoming a Secret1234567\n");
    assert_false(file.readable_by_others);
    chap_file_free(&file);
    assert_int_equal(0, chmod(path, 0644));
    assert_int_equal(0, chap_file_load(&file, path, message));
    assert_true(file.readable_by_others);
    chap_file_free(&file);
    assert_int_equal(0, chmod(path, 0600));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_way_and_mutual),
        cmocka_unit_test(binary_secrets),
        cmocka_unit_test(mistakes_have_line_and_sentence),
        cmocka_unit_test(not_a_text_file),
        cmocka_unit_test(others_that_can_read_it_are_noticed),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
