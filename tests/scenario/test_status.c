/* SPDX-License-Identifier: MIT
 *
 * test_status.c: the documents of src/status are well formed and say what happened, in buffers of
 * any size, with names that somebody chose to break them.
 */
#include "status/status.h"
#include "ways.h"

/* ------------------------------------------------------------------------------------
 * Documents
 */
static const char *peer_text(const void *port_conn)
{
    (void)port_conn;
    return "192.0.2.1:49152";
}

/* A document made in a buffer of `size` bytes, as one string; lab_alloc()ed. */
static char *whole(struct lab *lab, enum thimble_status_document which, size_t size)
{
    enum { ROOM = 65536 };
    char *text = lab_alloc(lab, ROOM), *buf = malloc(size);
    struct thimble_status_source source = {
        .engine = lab->engine, .name = "a \"board\"", .uptime_ms = 61000, .now_ms = lab->now_ms,
        .memory_low_bytes = 4321, .peer = peer_text,
    };
    struct thimble_status_cursor c;
    size_t len = 0, n;

    thimble_status_begin(&c, which, &source);
    while ((n = thimble_status_piece(&c, buf, size)) > 0) {
        CHECK(lab, n < size, "a piece of %zu bytes may have been cut", n);
        CHECK(lab, len + n < ROOM, "the document does not end");
        memcpy(text + len, buf, n);
        len += n;
    }
    free(buf);
    return text;
}

/* ------------------------------------------------------------------------------------
 * JSON, RFC 8259, as far as it is used
 */
static const char *json_value(const char *p);

static const char *json_string(const char *p)
{
    if (*p++ != '"')
        return NULL;
    for (; *p != '"'; p++) {
        if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
            return NULL;
        if (*p == '\\' && *++p != '"' && *p != '\\')
            return NULL;
    }
    return p + 1;
}

static const char *json_list(const char *p, char end, bool named)
{
    if (*p == end)
        return p + 1;
    for (;;) {
        if (named && (!(p = json_string(p)) || *p++ != ':'))
            return NULL;
        if (!(p = json_value(p)))
            return NULL;
        if (*p == end)
            return p + 1;
        if (*p++ != ',')
            return NULL;
    }
}

/* Behind the value at p; NULL: it is none. */
static const char *json_value(const char *p)
{
    if (*p == '{')
        return json_list(p + 1, '}', true);
    if (*p == '[')
        return json_list(p + 1, ']', false);
    if (*p == '"')
        return json_string(p);
    if (strncmp(p, "true", 4) == 0)
        return p + 4;
    if (strncmp(p, "false", 5) == 0)
        return p + 5;
    size_t digits = strspn(p, "0123456789");
    return digits > 0 && digits < 21 ? p + digits : NULL;
}

static const char *json(struct lab *lab, size_t size)
{
    const char *text = whole(lab, THIMBLE_STATUS_JSON, size);
    const char *end = json_value(text);

    CHECK(lab, end && strcmp(end, "\n") == 0, "not JSON: %s", text);
    return text;
}

static void says(struct lab *lab, const char *text, const char *part)
{
    CHECK(lab, strstr(text, part), "%s is not in %s", part, text);
}

static void json_says_what_happened(struct lab *lab)
{
    struct peer *p = session(lab, "");

    read_ok(p, 0, 0, 4);
    write_ok(p, 1, 0, 3, 'w');
    const char *text = json(lab, 4096);
    says(lab, text, "{\"name\":\"a \\\"board\\\"\",\"version\":\"" THIMBLE_VERSION "\",\"uptime_ms\":61000");
    says(lab, text, "\"memory_low_bytes\":4321");
    says(lab, text, "\"targets\":[{\"name\":\"" DISK "\",\"logins\":1,");
    says(lab, text, "\"lun\":0,");
    says(lab, text, "\"read\":{\"commands\":1,\"bytes\":2048,");
    says(lab, text, "\"write\":{\"commands\":1,\"bytes\":1536,");
    says(lab, text, "{\"name\":\"" OTHER_DISK "\",\"logins\":0,");
    says(lab, text, "\"sessions\":[{\"initiator\":\"" HOST "\",\"target\":0,\"peer\":\"192.0.2.1:49152\"");
    says(lab, text, "\"kind\":\"login\",\"target\":0,\"initiator\":\"" HOST "\"}");

    log_out(p);
    text = json(lab, 4096);
    says(lab, text, "\"sessions\":[]");
    says(lab, text, "\"logouts\":1");
}

static bool every_number(struct thimble_insight *of, struct thimble_health *h)
{
    (void)of;
    *h = (struct thimble_health){
        .temperature_c = 31, .used_percent = 107, .failing = true, .counted = true,
        .reads = { UINT32_MAX, UINT32_MAX - 1, UINT32_MAX - 2, UINT32_MAX - 3 },
        .writes = { 1000000001, 1000000002, 1000000003, 1000000004 },
        .garbled = 2000000001, .silent = 2000000002, .refused = 2000000003, .restarts = 2000000004,
        .speed_class = 10, .erase_unit_kib = 65536,
    };
    return true;
}

static bool only_good(struct thimble_insight *of, struct thimble_health *h)
{
    (void)of;
    *h = (struct thimble_health){ .temperature_c = THIMBLE_HEALTH_UNKNOWN, .used_percent = THIMBLE_HEALTH_UNKNOWN };
    return true;
}

static bool not_now(struct thimble_insight *of, struct thimble_health *h)
{
    (void)of;
    *h = (struct thimble_health){ .failing = true };
    return false;
}

static void how_media_are(struct lab *lab)
{
    struct thimble_insight insight = { .health = every_number };
    struct thimble_lun_info info;

    CHECK(lab, thimble_lun_info(lab->engine, 0, 0, &info), "no unit");
    ((struct thimble_block *)(uintptr_t)info.block)->insight = &insight;
    const char *text = json(lab, THIMBLE_STATUS_PIECE_MIN);
    says(lab, text, "\"health\":{\"failing\":true,\"temperature_c\":31,\"used_percent\":107,\"speed_class\":10,"
                    "\"erase_unit_kib\":65536,"
                    "\"reads\":{\"tries\":4294967295,\"mended\":4294967294,\"mended_late\":4294967293,\"failed\":4294967292},"
                    "\"writes\":{\"tries\":1000000001,\"mended\":1000000002,\"mended_late\":1000000003,\"failed\":1000000004},"
                    "\"garbled\":2000000001,\"silent\":2000000002,\"refused\":2000000003,\"restarts\":2000000004}");
    text = whole(lab, THIMBLE_STATUS_METRICS, THIMBLE_STATUS_PIECE_MIN);
#define OF(name) "\nthimble_lun_medium_" name "{target=\"" DISK "\",lun=\"0\""
    says(lab, text, OF("failing") "} 1\n");
    says(lab, text, OF("temperature_celsius") "} 31\n");
    says(lab, text, OF("used_percent") "} 107\n");
    says(lab, text, OF("faults_total") ",fault=\"garbled\"} 2000000001" OF("faults_total") ",fault=\"silent\"} 2000000002"
                    OF("faults_total") ",fault=\"refused\"} 2000000003\n");
    says(lab, text, OF("restarts_total") "} 2000000004\n");
    says(lab, text, OF("tries_total") ",direction=\"read\"} 4294967295" OF("tries_total") ",direction=\"write\"} 1000000001\n");
    says(lab, text, OF("failed_total") ",direction=\"read\"} 4294967292" OF("failed_total") ",direction=\"write\"} 1000000004\n");

    insight.health = only_good;
    says(lab, json(lab, 4096), "\"health\":{\"failing\":false}");
    text = whole(lab, THIMBLE_STATUS_METRICS, 4096);
    says(lab, text, OF("failing") "} 0\n");
    CHECK(lab, !strstr(text, OF("used")) && !strstr(text, OF("faults")) && !strstr(text, OF("tries")), "unknown, and told");
    insight.health = not_now;
    CHECK(lab, !strstr(json(lab, 4096), "health"), "told, but not now");
    CHECK(lab, !strstr(whole(lab, THIMBLE_STATUS_METRICS, 4096), OF("failing")), "told, but not now");
#undef OF
    ((struct thimble_block *)(uintptr_t)info.block)->insight = NULL;
}

static void buffers_of_any_size(struct lab *lab)
{
    struct peer *p = session(lab, "");

    read_ok(p, 0, 0, 1);
    const char *first = json(lab, THIMBLE_STATUS_PIECE_MIN);
    const char *metrics = whole(lab, THIMBLE_STATUS_METRICS, THIMBLE_STATUS_PIECE_MIN);
    for (size_t size = THIMBLE_STATUS_PIECE_MIN + 1; size < 2000; size += 321) {
        CHECK(lab, strcmp(first, json(lab, size)) == 0, "another document");
        CHECK(lab, strcmp(metrics, whole(lab, THIMBLE_STATUS_METRICS, size)) == 0, "others");
    }
}

/* The longest names, and as few friends of JSON in them as the login lets through. */
static void names_of_others(struct lab *lab)
{
    static char long_name[224] = "iqn.2024-01.example:";
    struct peer *p = lab_connect(lab);

    memset(long_name + strlen(long_name), 'n', sizeof long_name - 1 - strlen(long_name));
    p->name = long_name;
    log_in(p, "");
    struct peer *q = lab_connect(lab);
    struct request r = login_request(q, LAST_LOGIN, "InitiatorName=iqn.\"\\\x01\xff<script> TargetName=" DISK);
    put(q, &r);
    lab_run(lab);
    says(lab, json(lab, THIMBLE_STATUS_PIECE_MIN), long_name);
    whole(lab, THIMBLE_STATUS_METRICS, THIMBLE_STATUS_PIECE_MIN);
}

/* The engine goes on between two pieces. */
static void the_world_changes(struct lab *lab)
{
    struct peer *p = session(lab, ""), *q = session(lab, "");
    struct thimble_status_source source = { .engine = lab->engine, .name = "board" };
    struct thimble_status_cursor c;
    char buf[2048], *text = lab_alloc(lab, 65536);
    size_t n;

    thimble_status_begin(&c, THIMBLE_STATUS_JSON, &source);
    for (unsigned i = 0; (n = thimble_status_piece(&c, buf, sizeof buf)) > 0; i++) {
        memcpy(text + strlen(text), buf, n);
        if (i == 3)
            log_out(p);
        if (i == 9)
            log_out(q);
    }
    const char *end = json_value(text);
    CHECK(lab, end && strcmp(end, "\n") == 0, "not JSON: %s", text);
}

/* ------------------------------------------------------------------------------------
 * Prometheus' text
 */
static bool name_char(char c)
{
    return (c >= 'a' && c <= 'z') || c == '_' || (c >= '0' && c <= '9');
}

/* Each family begins with HELP and TYPE, and its samples stand behind them and nowhere else. */
static void metrics_are_well_formed(struct lab *lab)
{
    struct peer *p = session(lab, "");
    char family[80] = "";

    read_ok(p, 0, 0, 4);
    char *text = whole(lab, THIMBLE_STATUS_METRICS, 4096);
    says(lab, text, "\nthimble_lun_bytes_total{target=\"" DISK "\",lun=\"0\",direction=\"read\"} 2048\n");
    says(lab, text, ",le=\"+Inf\"} 1\n");
    says(lab, text, "thimble_lun_latency_seconds_count{target=\"" DISK "\",lun=\"0\",direction=\"read\"} 1\n");
    says(lab, text, "thimble_uptime_seconds 61.000000\n");
    says(lab, text, ",initiator=\"" HOST "\",tsih=\"");

    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        if (strncmp(line, "# HELP ", 7) == 0) {
            size_t len = strcspn(line + 7, " ");
            CHECK(lab, strncmp(family, line + 7, len) != 0 || family[len], "twice: %s", line);
            snprintf(family, sizeof family, "%.*s", (int)len, line + 7);
            continue;
        }
        if (strncmp(line, "# TYPE ", 7) == 0)
            continue;
        size_t len = 0;
        while (name_char(line[len]))
            len++;
        CHECK(lab, strncmp(line, family, strlen(family)) == 0, "%s is not of %s", line, family);
        CHECK(lab, line[len] == ' ' || line[len] == '{', "no sample: %s", line);
        CHECK(lab, strrchr(line, ' ') && strspn(strrchr(line, ' ') + 1, "0123456789.") ==
                       strlen(strrchr(line, ' ') + 1), "no number: %s", line);
    }
}

int main(void)
{
    static const struct scenario scenarios[] = {
        { .name = "json_says_what_happened", .play = json_says_what_happened,
          .no_cuts = true, .no_faults = true },
        { .name = "how_media_are", .play = how_media_are, .no_cuts = true, .no_faults = true },
        { .name = "buffers_of_any_size", .play = buffers_of_any_size, .no_cuts = true, .no_faults = true },
        { .name = "names_of_others", .play = names_of_others, .no_cuts = true },
        { .name = "the_world_changes", .play = the_world_changes, .no_cuts = true },
        { .name = "metrics_are_well_formed", .play = metrics_are_well_formed,
          .no_cuts = true, .no_faults = true },
    };
    return play_all("status", scenarios, COUNT(scenarios));
}
