/* SPDX-License-Identifier: MIT
 *
 * table.c: every section and key of thimble.ini, one row each; finding a row by its name.
 *
 * Layer 6.  See table.h for what the columns mean.
 */
#include "table.h"

#include <string.h>

#if THIMBLE_SETTINGS_HELP
#define HELP(text) .help = (text),
#else
#define HELP(text)
#endif

#define SECTION(id, field, n, first_, strict_, name_, help_) \
    [id] = { .name = (name_), HELP(help_) .at = offsetof(struct thimble_settings, field), \
             .stride = sizeof(((struct thimble_settings *)0)->field) / (n), .count = (n), \
             .first = (first_), .strict = (strict_) }

const struct th_section th_sections[TH_SECTION_COUNT] = {
    SECTION(TH_SECTION_NETWORK, network, 1, 0, false, "network",
            "The machine in its network."),
    SECTION(TH_SECTION_WIFI, wifi, THIMBLE_SETTINGS_WIFI, 1, false, "wifi",
            "WiFi networks in order of preference: `[wifi 1]`, `[wifi 2]` and so on; `[wifi]` is "
            "`[wifi 1]`. A board takes the first that it can reach."),
    SECTION(TH_SECTION_TARGET, target, THIMBLE_SETTINGS_TARGETS, 1, true, "target",
            "What initiators log in to: `[target 1]`, `[target 2]` and so on; `[target]` is "
            "`[target 1]`, which is there even if the file does not mention it."),
    SECTION(TH_SECTION_DISCOVERY, discovery, 1, 0, true, "discovery",
            "Who may ask for the names of the targets. Without this section: everybody."),
    SECTION(TH_SECTION_LUN, lun, THIMBLE_SETTINGS_LUNS, 0, true, "lun",
            "Disks: `[lun 0]`, `[lun 1]` and so on; `[lun]` is `[lun 0]`. Without any such section a "
            "board serves its whole card as LUN 0."),
    SECTION(TH_SECTION_CARD, card, 1, 0, false, "card", "The SD card."),
    SECTION(TH_SECTION_PINS, pins, 1, 0, false, "pins",
            "What is connected where. A pin that is not mentioned stays where the board's page in "
            "docs/boards shows it."),
    SECTION(TH_SECTION_LIGHTS, lights, 1, 0, false, "lights", "LEDs and the display."),
    SECTION(TH_SECTION_LOG, log, 1, 0, false, "log", "What is said on the serial line, or on stderr."),
    SECTION(TH_SECTION_STATUS, status, 1, 0, false, "status",
            "What can be seen over the network, by everybody who reaches it; nothing can be changed there."),
    SECTION(TH_SECTION_SETUP, setup, 1, 0, false, "setup",
            "A board with WiFi that has no network, or finds none for some minutes, can be an access point with a "
            "form to enter one: [set-up.md](set-up.md) says which boards can."),
    SECTION(TH_SECTION_UPDATE, update, 1, 0, false, "update",
            "Another firmware over the network, by `scripts/ota`: [set-up.md](set-up.md) says which boards can."),
    SECTION(TH_SECTION_LIMITS, limits, 1, 0, false, "limits",
            "Sizes of the engine. Without them, each board has what fits into its memory."),
    SECTION(TH_SECTION_TIMEOUTS, timeouts, 1, 0, false, "timeouts", "How long peers are waited for, "
            "in seconds."),
};

#define FIELD(type, field) \
    .at = offsetof(struct type, field), .bytes = sizeof(((struct type *)0)->field)
#define KEY(id, key_, kind_, flags_, help_) \
    .section = (id), .key = (key_), .kind = (kind_), .flags = (flags_), HELP(help_)
#define PIN(index, key_, help_) \
    { KEY(TH_SECTION_PINS, key_, TH_SET_PIN, TH_SET_BOARD, help_) .max = 99, \
      FIELD(thimble_settings_pins, pin[index]) }

/* User and secret each way, of a target and of discovery. */
#define ACCOUNT(id, type) \
    { KEY(id, "chap-user", TH_SET_TEXT, TH_SET_BOTH, \
          "demands CHAP: the name that initiators log in by") \
      .min = 1, .max = 255, FIELD(type, account.user) }, \
    { KEY(id, "chap-password", TH_SET_ASCII, TH_SET_BOTH | TH_SET_SECRET, \
          "and the secret that they prove; Windows takes no more than 16 characters") \
      .min = THIMBLE_CHAP_SECRET_MIN, .max = THIMBLE_CHAP_SECRET_MAX, FIELD(type, account.password) }, \
    { KEY(id, "mutual-user", TH_SET_TEXT, TH_SET_BOTH, \
          "our own name, for initiators that want to know whom they talk to (mutual CHAP)") \
      .min = 1, .max = 255, FIELD(type, account.mutual_user) }, \
    { KEY(id, "mutual-password", TH_SET_ASCII, TH_SET_BOTH | TH_SET_SECRET, \
          "and our secret; it must not be the same as `chap-password`") \
      .min = THIMBLE_CHAP_SECRET_MIN, .max = THIMBLE_CHAP_SECRET_MAX, FIELD(type, account.mutual_password) }

const struct th_setting th_settings[] = {
    { KEY(TH_SECTION_NETWORK, "hostname", TH_SET_HOSTNAME, TH_SET_BOARD,
          "the name by which DHCP servers know the board, and its network, with `.local` behind it")
      .fallback = "thimble", .min = 1, .max = 63, FIELD(thimble_settings_network, hostname) },
    { KEY(TH_SECTION_NETWORK, "address", TH_SET_SUBNET, TH_SET_BOARD,
          "address of the board and length of its network's prefix; 24 is the netmask 255.255.255.0")
      .words = "dhcp", .fallback = "dhcp", FIELD(thimble_settings_network, address) },
    { KEY(TH_SECTION_NETWORK, "fallback", TH_SET_SUBNET, TH_SET_BOARD,
          "address to take when no DHCP server answers")
      FIELD(thimble_settings_network, fallback) },
    { KEY(TH_SECTION_NETWORK, "gateway", TH_SET_ADDRESS, TH_SET_BOARD,
          "router for initiators in other networks, with a static address")
      .bytes = 4, .at = offsetof(struct thimble_settings_network, gateway) },
    { KEY(TH_SECTION_NETWORK, "dns", TH_SET_ADDRESS, TH_SET_BOARD,
          "name server, with a static address")
      .bytes = 4, .at = offsetof(struct thimble_settings_network, dns) },
    { KEY(TH_SECTION_NETWORK, "ipv6", TH_SET_BOOL, TH_SET_BOARD,
          "have an IPv6 address too, where the firmware's network stack has IPv6: the emulated boards' has")
      .fallback = "yes", FIELD(thimble_settings_network, ipv6) },
    { KEY(TH_SECTION_NETWORK, "port", TH_SET_NUMBER, TH_SET_BOTH, "TCP port of the target")
      .fallback = "3260", .min = 1, .max = 65535, FIELD(thimble_settings_network, port) },
    { KEY(TH_SECTION_NETWORK, "listen", TH_SET_ASCII, TH_SET_HOST | TH_SET_LIST,
          "where to listen: `127.0.0.1`, `0.0.0.0`, `[::1]:3261`; behind it there can be `group=N`, its portal group "
          "(1 to 65535; without it 1); without any, only this machine can connect")
      .min = 1, .max = 127 },
    { KEY(TH_SECTION_NETWORK, "announce", TH_SET_BOOL, TH_SET_BOTH,
          "be found in the local network by DNS-SD: a host through avahi-daemon, a board as `HOSTNAME.local`; without it "
          "`no` on a host and `yes` on a board that can")
      FIELD(thimble_settings_network, announce) },

    { KEY(TH_SECTION_WIFI, "ssid", TH_SET_TEXT, TH_SET_BOARD, "name of the network")
      .min = 1, .max = 32, FIELD(thimble_settings_wifi, ssid) },
    { KEY(TH_SECTION_WIFI, "password", TH_SET_ASCII, TH_SET_BOARD | TH_SET_SECRET,
          "without it the network is taken to be open")
      .min = 8, .max = 63, FIELD(thimble_settings_wifi, password) },
    { KEY(TH_SECTION_WIFI, "country", TH_SET_COUNTRY, TH_SET_BOARD,
          "ISO 3166 code of the country; it decides which channels may be used")
      .min = 2, .max = 2, FIELD(thimble_settings_wifi, country) },

    { KEY(TH_SECTION_TARGET, "name", TH_SET_NAME, TH_SET_BOTH,
          "iSCSI name, in lower case; give each of your targets another. The default is that of target "
          "1, others must have one")
      .fallback = THIMBLE_SETTINGS_NAME, .max = 223, FIELD(thimble_settings_target, name) },
    { KEY(TH_SECTION_TARGET, "alias", TH_SET_TEXT, TH_SET_BOTH, "a name for people to read")
      .min = 1, .max = 255, FIELD(thimble_settings_target, alias) },
    { KEY(TH_SECTION_TARGET, "allow", TH_SET_NAME, TH_SET_BOTH | TH_SET_LIST,
          "initiators that may log in, separated by commas, or a line each. Without it: all")
      .max = 223 },
    ACCOUNT(TH_SECTION_TARGET, thimble_settings_target),
    { KEY(TH_SECTION_TARGET, "chap-file", TH_SET_TEXT, TH_SET_HOST,
          "a file of many names and secrets, as `--chap-file` takes it, instead of the four keys above")
      .min = 1, .max = 255, FIELD(thimble_settings_target, chap_file) },
    { KEY(TH_SECTION_TARGET, "state", TH_SET_TEXT, TH_SET_HOST,
          "a folder where persistent reservations (APTPL), saved mode pages and others are kept over a restart")
      .min = 1, .max = 255, FIELD(thimble_settings_target, state) },

    ACCOUNT(TH_SECTION_DISCOVERY, thimble_settings_discovery),

    { KEY(TH_SECTION_LUN, "disk", TH_SET_DISK, TH_SET_BOTH,
          "`card` is the whole card, `partition 2` the second of its partitions, `file NAME` an image file "
          "on the card; `flash`, `psram` and `ram SIZE` are memory of the board. A host has `file PATH` (a "
          "file or a block device; a relative path starts where thimble.ini is) and `ram SIZE`")
      .fallback = "card", .min = 1, .max = 255, FIELD(thimble_settings_lun, disk) },
    { KEY(TH_SECTION_LUN, "target", TH_SET_NUMBER, TH_SET_BOTH, "the `[target N]` that it belongs to")
      .fallback = "1", .min = 1, .max = THIMBLE_SETTINGS_TARGETS, FIELD(thimble_settings_lun, target) },
    { KEY(TH_SECTION_LUN, "number", TH_SET_NUMBER, TH_SET_BOTH,
          "LUN by which initiators see it, if it is another than the section's; each target should have "
          "a LUN 0")
      .max = THIMBLE_LUNS_MAX - 1, FIELD(thimble_settings_lun, number) },
    { KEY(TH_SECTION_LUN, "type", TH_SET_WORD, TH_SET_BOTH,
          "`cdrom` is an image of a CD or DVD as a CD-ROM drive: read-only, removable, blocks of 2048 bytes")
      .words = "disk|cdrom", .fallback = "disk", FIELD(thimble_settings_lun, type) },
    { KEY(TH_SECTION_LUN, "allow", TH_SET_VIEW, TH_SET_BOTH | TH_SET_LIST,
          "initiators that see it, of those that may log in, separated by commas, or a line each; `*` is all whom "
          "it does not name. Behind a name, `lun=N` is the LUN by which that one sees it, `read-only` "
          "refuses its writes. To others it is not there. Without it: all")
      .max = 223 },
    { KEY(TH_SECTION_LUN, "read-only", TH_SET_BOOL, TH_SET_BOTH, "refuse writes")
      .fallback = "no", FIELD(thimble_settings_lun, read_only) },
    { KEY(TH_SECTION_LUN, "block-size", TH_SET_WORD, TH_SET_BOTH,
          "logical blocks of a file or of memory; a card's are 512 bytes")
      .words = "512|4096", .fallback = "512", FIELD(thimble_settings_lun, block_size) },
    { KEY(TH_SECTION_LUN, "physical-block-size", TH_SET_SIZE, TH_SET_HOST,
          "what initiators should align to, a power of two; without it 4K, or what the device says")
      .min = 512, .max = 65536, FIELD(thimble_settings_lun, physical_bytes) },
    { KEY(TH_SECTION_LUN, "removable", TH_SET_BOOL, TH_SET_HOST,
          "the medium can be ejected, and its file be taken away or be replaced by another")
      .fallback = "no", FIELD(thimble_settings_lun, removable) },
    { KEY(TH_SECTION_LUN, "vendor", TH_SET_ASCII, TH_SET_BOTH, "what INQUIRY tells; default THIMBLE")
      .min = 1, .max = 8, FIELD(thimble_settings_lun, vendor) },
    { KEY(TH_SECTION_LUN, "product", TH_SET_ASCII, TH_SET_BOTH, "what INQUIRY tells; default DISK or CD-ROM")
      .min = 1, .max = 16, FIELD(thimble_settings_lun, product) },
    { KEY(TH_SECTION_LUN, "serial", TH_SET_ASCII, TH_SET_BOTH,
          "serial number, which no other disk may have; without it that of the card or the device, or one made "
          "from the path and the machine")
      .min = 1, .max = 32, FIELD(thimble_settings_lun, serial) },
    { KEY(TH_SECTION_LUN, "unmap", TH_SET_BOOL, TH_SET_HOST, "offer UNMAP (thin provisioning)")
      .fallback = "yes", FIELD(thimble_settings_lun, unmap) },
    { KEY(TH_SECTION_LUN, "create", TH_SET_SIZE, TH_SET_HOST,
          "make a file that does not exist: sparse, of this length")
      .min = 512, FIELD(thimble_settings_lun, create_bytes) },

    { KEY(TH_SECTION_CARD, "speed", TH_SET_NUMBER, TH_SET_BOARD,
          "fastest clock of the card's bus in MHz; less helps long wires")
      .fallback = "25", .min = 1, .max = 50, FIELD(thimble_settings_card, speed_mhz) },

    PIN(THIMBLE_PIN_SD_CS, "sd-cs", "SD card on SPI: chip select"),
    PIN(THIMBLE_PIN_SD_SCK, "sd-sck", "clock"),
    PIN(THIMBLE_PIN_SD_MOSI, "sd-mosi", "data to the card"),
    PIN(THIMBLE_PIN_SD_MISO, "sd-miso", "data from the card"),
    PIN(THIMBLE_PIN_ETH_CS, "eth-cs", "Ethernet chip on SPI: chip select"),
    PIN(THIMBLE_PIN_ETH_SCK, "eth-sck", "clock"),
    PIN(THIMBLE_PIN_ETH_MOSI, "eth-mosi", "data to the chip"),
    PIN(THIMBLE_PIN_ETH_MISO, "eth-miso", "data from the chip"),
    PIN(THIMBLE_PIN_ETH_INT, "eth-int", "interrupt"),
    PIN(THIMBLE_PIN_ETH_RESET, "eth-reset", "reset, of Ethernet chips on SPI and others"),
    PIN(THIMBLE_PIN_LED_READY, "led-ready", "LED: an address is there, initiators can connect"),
    PIN(THIMBLE_PIN_LED_READ, "led-read", "LED: the disk is being read"),
    PIN(THIMBLE_PIN_LED_WRITE, "led-write", "LED: the disk is being written"),
    PIN(THIMBLE_PIN_LED_ERROR, "led-error", "LED: something is wrong"),
    PIN(THIMBLE_PIN_DISPLAY_CLK, "display-clk", "TM1637 display: clock"),
    PIN(THIMBLE_PIN_DISPLAY_DIO, "display-dio", "TM1637 display: data"),

    { KEY(TH_SECTION_LIGHTS, "active", TH_SET_WORD, TH_SET_BOARD, "level of the pin at which a LED is on")
      .words = "high|low", .fallback = "high", FIELD(thimble_settings_lights, active) },
    { KEY(TH_SECTION_LIGHTS, "brightness", TH_SET_NUMBER, TH_SET_BOARD, "of the display")
      .fallback = "2", .max = 7, FIELD(thimble_settings_lights, brightness) },

    { KEY(TH_SECTION_LOG, "level", TH_SET_WORD, TH_SET_BOTH,
          "how much is told; without it `warning` on a host and `info` on a board")
      .words = "error|warning|info|debug", FIELD(thimble_settings_log, level) },
    { KEY(TH_SECTION_LOG, "to", TH_SET_WORD, TH_SET_HOST, "where it goes, as `--log-to` takes it")
      .words = "stderr|syslog|journald", .fallback = "stderr", FIELD(thimble_settings_log, to) },
    { KEY(TH_SECTION_LOG, "syslog", TH_SET_ENDPOINT, TH_SET_BOARD,
          "where the same lines are sent by UDP, as RFC 5424 writes them, on boards whose network stack is lwIP without tasks")
      .min = 514, FIELD(thimble_settings_log, syslog) },
    { KEY(TH_SECTION_LOG, "color", TH_SET_BOOL, TH_SET_BOARD, "colours for terminals that show them")
      .fallback = "no", FIELD(thimble_settings_log, color) },

    { KEY(TH_SECTION_STATUS, "http", TH_SET_NUMBER, TH_SET_BOTH,
          "TCP port of the status page, `/status.json` and `/metrics`; 0: none")
      .fallback = "0", .max = 65535, FIELD(thimble_settings_status, http_port) },
    { KEY(TH_SECTION_STATUS, "http-address", TH_SET_ASCII, TH_SET_HOST,
          "address that a host shows it at, such as 0.0.0.0; without it this machine alone can see it")
      .min = 1, .max = 63, FIELD(thimble_settings_status, http_address) },
    { KEY(TH_SECTION_STATUS, "snmp-community", TH_SET_ASCII, TH_SET_BOARD,
          "who knows this word can read by SNMP, version 1 or 2c; without it there is no SNMP")
      .min = 1, .max = 32, FIELD(thimble_settings_status, snmp_community) },
    { KEY(TH_SECTION_STATUS, "snmp-trap", TH_SET_ADDRESS, TH_SET_BOARD,
          "who is notified by SNMP, with the same word, of logins and sessions that failed")
      .bytes = 4, .at = offsetof(struct thimble_settings_status, snmp_trap) },
    { KEY(TH_SECTION_STATUS, "agentx", TH_SET_TEXT, TH_SET_HOST,
          "socket of snmpd's AgentX, such as /var/agentx/master: SNMP by the ISCSI-MIB of RFC 7147")
      .min = 1, .max = 107, FIELD(thimble_settings_status, agentx) },

    { KEY(TH_SECTION_SETUP, "access-point", TH_SET_WORD, TH_SET_BOARD,
          "`password`: it has one, which is told on the serial log; `open`: everybody near can come in, and hear the "
          "password that is entered; `no`: there is none")
      .words = "password|open|no", .fallback = "password", FIELD(thimble_settings_setup, access_point) },

    { KEY(TH_SECTION_UPDATE, "key", TH_SET_ASCII, TH_SET_BOARD | TH_SET_SECRET,
          "who has it may give the board another firmware; without it nobody may")
      .min = 16, .max = 64, FIELD(thimble_settings_update, key) },

    { KEY(TH_SECTION_LIMITS, "connections", TH_SET_NUMBER, TH_SET_BOTH,
          "connections at a time, those in login included")
      .min = 1, .max = 50000, FIELD(thimble_settings_limits, connections) },
    { KEY(TH_SECTION_LIMITS, "sessions", TH_SET_NUMBER, TH_SET_BOTH, "initiators logged in at a time")
      .min = 1, .max = 50000, FIELD(thimble_settings_limits, sessions) },
    { KEY(TH_SECTION_LIMITS, "queue-depth", TH_SET_NUMBER, TH_SET_BOTH,
          "commands that one session may have open")
      .min = 1, .max = 1024, FIELD(thimble_settings_limits, queue_depth) },
    { KEY(TH_SECTION_LIMITS, "buffers", TH_SET_NUMBER, TH_SET_BOTH, "data buffers")
      .min = 2, .max = 4096, FIELD(thimble_settings_limits, buffers) },
    { KEY(TH_SECTION_LIMITS, "buffer-size", TH_SET_SIZE, TH_SET_BOTH,
          "bytes of one, a multiple of 4K; also the longest data segment that is taken")
      .min = 4096, .max = (1 << 24) - 4096, FIELD(thimble_settings_limits, buffer_bytes) },
    { KEY(TH_SECTION_LIMITS, "max-burst", TH_SET_SIZE, TH_SET_BOTH, "MaxBurstLength in negotiation")
      .min = 512, .max = (1 << 24) - 1, FIELD(thimble_settings_limits, max_burst_bytes) },
    { KEY(TH_SECTION_LIMITS, "first-burst", TH_SET_SIZE, TH_SET_BOTH,
          "FirstBurstLength in negotiation, not over `max-burst`")
      .min = 512, .max = (1 << 24) - 1, FIELD(thimble_settings_limits, first_burst_bytes) },
    { KEY(TH_SECTION_LIMITS, "outstanding-r2t", TH_SET_NUMBER, TH_SET_BOTH,
          "MaxOutstandingR2T in negotiation")
      .min = 1, .max = 255, FIELD(thimble_settings_limits, outstanding_r2t) },
    { KEY(TH_SECTION_LIMITS, "unsolicited-data", TH_SET_BOOL, TH_SET_BOTH,
          "agree to InitialR2T=No: initiators may send data before they are asked")
      .fallback = "yes", FIELD(thimble_settings_limits, unsolicited_data) },
    { KEY(TH_SECTION_LIMITS, "immediate-data", TH_SET_BOOL, TH_SET_BOTH,
          "agree to ImmediateData=Yes: data in the command itself")
      .fallback = "yes", FIELD(thimble_settings_limits, immediate_data) },
    { KEY(TH_SECTION_LIMITS, "cache", TH_SET_SIZE, TH_SET_BOARD, "memory of the block cache")
      .max = 1 << 30, FIELD(thimble_settings_limits, cache_bytes) },

    { KEY(TH_SECTION_TIMEOUTS, "login", TH_SET_SECONDS, TH_SET_BOTH, "for a whole login")
      .words = "never", .fallback = "15", .min = 1, .max = 43200,
      FIELD(thimble_settings_timeouts, login_s) },
    { KEY(TH_SECTION_TIMEOUTS, "logout", TH_SET_SECONDS, TH_SET_BOTH,
          "from our request to log out to the end of the connection")
      .words = "never", .fallback = "5", .min = 1, .max = 43200,
      FIELD(thimble_settings_timeouts, logout_s) },
    { KEY(TH_SECTION_TIMEOUTS, "data-out", TH_SET_SECONDS, TH_SET_BOTH,
          "between two parts of data that were asked for")
      .words = "never", .fallback = "30", .min = 1, .max = 43200,
      FIELD(thimble_settings_timeouts, data_out_s) },
    { KEY(TH_SECTION_TIMEOUTS, "nop", TH_SET_SECONDS, TH_SET_BOTH,
          "silence after which an initiator is pinged")
      .words = "never", .fallback = "30", .min = 1, .max = 43200,
      FIELD(thimble_settings_timeouts, nop_s) },
    { KEY(TH_SECTION_TIMEOUTS, "nop-answer", TH_SET_SECONDS, TH_SET_BOTH,
          "silence after that until it is dropped")
      .words = "never", .fallback = "30", .min = 1, .max = 43200,
      FIELD(thimble_settings_timeouts, nop_answer_s) },
    { KEY(TH_SECTION_TIMEOUTS, "send", TH_SET_SECONDS, TH_SET_BOTH,
          "until an initiator that takes no data is dropped")
      .words = "never", .fallback = "60", .min = 1, .max = 43200,
      FIELD(thimble_settings_timeouts, send_s) },
    { KEY(TH_SECTION_TIMEOUTS, "grace", TH_SET_SECONDS, TH_SET_HOST,
          "for initiators to log out when the server is asked to end")
      .fallback = "3", .min = 0, .max = 43200, FIELD(thimble_settings_timeouts, grace_s) },
};

const uint8_t th_n_settings = sizeof th_settings / sizeof th_settings[0];

_Static_assert(sizeof th_settings / sizeof th_settings[0] < 256, "a row's index is 8 bits");
_Static_assert(sizeof(void *) > 4 || sizeof(struct thimble_settings_lun) <= 56, "see settings.h");

uint32_t th_given_bit(const struct th_setting *row)
{
    unsigned first = (unsigned)(row - th_settings);

    while (first > 0 && th_settings[first - 1].section == row->section)
        first--;
    return UINT32_C(1) << ((unsigned)(row - th_settings) - first);
}

/* --------------------------------------------------------------------------------------
 * Names
 */

/* For comparing: upper and lower case are the same, and so are _ and -. */
static char plain(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c == '_' ? '-' : c;
}

bool th_word_equal(const char *a, const char *b)
{
    while (*a && plain(*a) == plain(*b))
        a++, b++;
    return plain(*a) == plain(*b);
}

const struct th_setting *th_setting_find(unsigned section, const char *key)
{
    for (const struct th_setting *row = th_settings; row < th_settings + th_n_settings; row++)
        if (row->section == section && th_word_equal(row->key, key))
            return row;
    return NULL;
}

enum { NEAR_MAX = 20, FAR = 255 };

/* How many letters must be put in, left out or changed to make one word of the other. */
static unsigned distance(const char *a, const char *b)
{
    uint8_t row[NEAR_MAX + 1];
    size_t a_len = strlen(a), b_len = strlen(b);

    if (a_len > NEAR_MAX || b_len > NEAR_MAX)
        return FAR;
    for (size_t i = 0; i <= b_len; i++)
        row[i] = (uint8_t)i;
    for (size_t k = 1; k <= a_len; k++) {
        uint8_t corner = row[0];                    /* row k - 1, column i - 1 */
        row[0] = (uint8_t)k;
        for (size_t i = 1; i <= b_len; i++) {
            uint8_t best = (uint8_t)(corner + (plain(a[k - 1]) != plain(b[i - 1])));
            corner = row[i];
            if (row[i] + 1 < best)
                best = (uint8_t)(row[i] + 1);
            if (row[i - 1] + 1 < best)
                best = (uint8_t)(row[i - 1] + 1);
            row[i] = best;
        }
    }
    return row[b_len];
}

/* One of them is the beginning of the other, and not by chance. */
static bool begins(const char *a, const char *b)
{
    size_t n = 0;

    while (a[n] && plain(a[n]) == plain(b[n]))
        n++;
    return n >= 3 && (!a[n] || !b[n]);
}

/* A smaller number is nearer; FAR: nobody could have meant that. */
static unsigned nearness(const char *typed, const char *known)
{
    unsigned d = distance(typed, known);
    size_t len = strlen(known);

    if (d > 1 && begins(typed, known))
        return 1;
    return d <= (len > 8 ? 3 : len > 3 ? 2 : 1) ? d : FAR;
}

const char *th_nearest_section(const char *name)
{
    const char *best = NULL;
    unsigned least = FAR;

    for (unsigned i = 0; i < TH_SECTION_COUNT; i++) {
        unsigned d = nearness(name, th_sections[i].name);
        if (d < least) {
            least = d;
            best = th_sections[i].name;
        }
    }
    return best;
}

const char *th_nearest_key(unsigned section, const char *key)
{
    const char *best = NULL;
    unsigned least = FAR;

    for (unsigned i = 0; i < th_n_settings; i++) {
        if (th_settings[i].section != section)
            continue;
        unsigned d = nearness(key, th_settings[i].key);
        if (d < least) {
            least = d;
            best = th_settings[i].key;
        }
    }
    return best;
}
