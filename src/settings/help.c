/* SPDX-License-Identifier: MIT
 *
 * help.c: the tables as text for people: an example file, and the reference page docs/settings.md.
 *
 * Only with THIMBLE_SETTINGS_HELP.  Layer 6.
 */
#include "table.h"

#include <string.h>

#if THIMBLE_SETTINGS_HELP

/* Which machines a key is for; "" for all. */
static const char *where(const struct th_setting *row)
{
    switch (row->flags & TH_SET_BOTH) {
    case TH_SET_HOST:  return "host";
    case TH_SET_BOARD: return "boards";
    default:           return "";
    }
}

/* --------------------------------------------------------------------------------------
 * The example: words into lines that begin with "; "
 */
enum { WIDTH = 78 };

struct wrapper {
    struct thimble_settings_sink sink;          /* for th_put() and the like */
    const struct thimble_settings_sink *to;
    size_t column;
    char word[WIDTH + 1];
    size_t len;
};

static void end_word(struct wrapper *w)
{
    if (w->len == 0)
        return;
    w->word[w->len] = '\0';
    if (w->column && w->column + 1 + w->len > WIDTH) {
        th_put(w->to, "\n");
        w->column = 0;
    }
    th_put(w->to, w->column ? " " : "; ");
    th_put(w->to, w->word);
    w->column += (w->column ? 1 : 2) + w->len;
    w->len = 0;
}

/* Marks for code in Markdown are left out. */
static void put_wrapped(void *ctx, const char *text)
{
    struct wrapper *w = ctx;

    for (; *text; text++) {
        if (*text == ' ')
            end_word(w);
        else if (*text != '`' && w->len < WIDTH - 2)
            w->word[w->len++] = *text;
    }
}

static void wrapper_init(struct wrapper *w, const struct thimble_settings_sink *sink)
{
    *w = (struct wrapper){ .sink = { .put = put_wrapped, .ctx = w }, .to = sink };
}

static void end_comment(struct wrapper *w)
{
    end_word(w);
    if (w->column)
        th_put(w->to, "\n");
    w->column = 0;
}

static void example_key(const struct thimble_settings_sink *sink, struct wrapper *w,
                        const struct th_setting *row)
{
    th_put(sink, "\n");
    if (*where(row)) {
        th_put(&w->sink, "(");
        th_put(&w->sink, where(row));
        th_put(&w->sink, ") ");
    }
    th_put(&w->sink, row->help);
    th_put(&w->sink, ": ");
    th_put_expected(&w->sink, row);
    end_comment(w);
    th_put(sink, ";");
    th_put(sink, row->key);
    th_put(sink, row->fallback ? " = " : " =");
    th_put(sink, row->fallback ? row->fallback : "");
    th_put(sink, "\n");
}

void thimble_settings_example(const struct thimble_settings_sink *sink)
{
    struct wrapper w;

    wrapper_init(&w, sink);
    th_put(&w.sink, "thimble.ini: all settings and their defaults. To change one, take the ; away from its "
                    "line and from that of its [section]. Lines that begin with ; or # are comments.");
    end_comment(&w);
    for (unsigned section = 0; section < TH_SECTION_COUNT; section++) {
        th_put(sink, "\n\n");
        th_put(&w.sink, th_sections[section].help);
        end_comment(&w);
        th_put(sink, ";");
        th_put_section(sink, section, 0);
        th_put(sink, "\n");
        for (unsigned i = 0; i < th_n_settings; i++)
            if (th_settings[i].section == section)
                example_key(sink, &w, &th_settings[i]);
    }
}

/* --------------------------------------------------------------------------------------
 * The reference page
 */
static const char page_begin[] =
    "# thimble.ini\n"
    "\n"
    "One text file says what is served, to whom, and how. This page is made from the program's own table: `thimble\n"
    "settings --markdown` prints it, and a test compares the two.\n"
    "\n"
    "**Who reads it:** the host command, `thimble serve --config thimble.ini` (see [serve.md](serve.md)), and every board, from\n"
    "the main folder of its card's first FAT16, FAT32 or exFAT volume (see [boards](boards/index.md)). What is for the other of\n"
    "them is checked and kept, and has no effect.\n"
    "\n"
    "    thimble settings --example > thimble.ini     a file with every key as a comment\n"
    "    thimble settings --check thimble.ini         all mistakes in it, or what it means\n"
    "\n"
    "A small one for a host:\n"
    "\n"
    "    [network]\n"
    "    listen = 0.0.0.0\n"
    "\n"
    "    [target 1]\n"
    "    name = iqn.2026-11.org.thimble:cellar\n"
    "    chap-user = alice\n"
    "    chap-password = correct-horse-battery\n"
    "\n"
    "    [lun 0]\n"
    "    disk = file disk.img\n"
    "    create = 4G\n"
    "\n"
    "    [lun 1]\n"
    "    disk = file archive.img\n"
    "    read-only = yes\n"
    "\n"
    "## How it is written\n"
    "\n"
    "* `[section]` on a line of its own, `key = value` below it. Upper and lower case are the same in names of sections and\n"
    "  keys, and so are `_` and `-`. A section may be left off and gone on with later.\n"
    "* `;` or `#` at the beginning of a line or after a blank begins a comment.\n"
    "* A value in quotes (`\"`) keeps blanks at its ends, and `;` and `#`; write two quotes for one within it.\n"
    "* `yes`, `on`, `true` and `1` are the same; so are `no`, `off`, `false` and `0`. Sizes are bytes, or take K, M, G and T,\n"
    "  powers of 1024.\n"
    "* The file is UTF-8, with or without a byte order mark, with line ends of any system, 64 KiB at most. A line\n"
    "  has room for 198 characters, so no value can be longer.\n"
    "* Each mistake is told with its line. The key keeps its default, but a target or disk with a mistake in its section is not\n"
    "  served, so that nothing is served that was meant otherwise. On a host, any mistake keeps `thimble serve` from starting; a board\n"
    "serves the rest, and blinks. What may concern anything (a section that nobody knows) keeps a board, too, from serving.\n"
    "* Passwords are never printed; where settings are shown, they are `***`.\n"
    "\n"
    "Numbers of sections and limits below are those of the host command; a board has room for 2 targets, 4 disks and 4 WiFi\n"
    "networks if its firmware was not built otherwise. Where the third column is empty, there is no default.\n";

static void page_row(const struct thimble_settings_sink *sink, const struct th_setting *row)
{
    th_put(sink, "| `");
    th_put(sink, row->key);
    th_put(sink, "` | ");
    th_put_expected(sink, row);
    if (row->flags & TH_SET_LIST)
        th_put(sink, "; may be repeated");
    th_put(sink, " | ");
    if (row->fallback) {
        th_put(sink, "`");
        th_put(sink, row->fallback);
        th_put(sink, "`");
    }
    th_put(sink, " | ");
    th_put(sink, *where(row) ? where(row) : "all");
    th_put(sink, " | ");
    th_put(sink, row->help);
    th_put(sink, " |\n");
}

void thimble_settings_markdown(const struct thimble_settings_sink *sink)
{
    th_put(sink, page_begin);
    for (unsigned section = 0; section < TH_SECTION_COUNT; section++) {
        th_put(sink, "\n## [");
        th_put(sink, th_sections[section].name);
        th_put(sink, "]\n\n");
        th_put(sink, th_sections[section].help);
        th_put(sink, "\n\n| key | value | default | for | |\n| --- | --- | --- | --- | --- |\n");
        for (unsigned i = 0; i < th_n_settings; i++)
            if (th_settings[i].section == section)
                page_row(sink, &th_settings[i]);
    }
}

#endif
