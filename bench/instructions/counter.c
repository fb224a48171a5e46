/* SPDX-License-Identifier: MIT
 *
 * counter.c: a QEMU plugin that counts a firmware's instructions, function by function, between
 * two sleeps of its processor.
 *
 *     -plugin counter.so,functions=FILE,records=FIFO
 *
 * FILE has a line for each function, in order of address: "f START END KINDS" (hexadecimal
 * addresses; KINDS: letters of enum kind, or "-"), and "s ADDRESS" for each instruction at which the
 * processor sleeps.  What a library function does is counted for the function that called it, not
 * as its own; interrupt handlers in between do not count as callers.
 *
 * When the processor goes to sleep and a function of kind 'e' ran since it woke up, a record is
 * written to FIFO: struct span, then `n` times struct count.  Who reads it knows that everything
 * is done that the last event led to.  Time in which nothing happened is only summed up.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qemu-plugin.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

enum { FUNCTIONS_MAX = 8192, SLEEPS_MAX = 16 };

enum kind { LIBRARY = 1, INTERRUPT = 2, EVENT = 4 };

struct function {
    uint64_t start, end;
    unsigned kinds;
};

/* What was executed: by a function itself, and by library functions for it. */
struct work {
    uint64_t instructions, loaded_bytes, stored_bytes;
};

struct span {
    uint64_t instructions;              /* of all translated blocks that were executed: counted apart
                                         * from the functions, to be compared with their sum */
    uint64_t idle_instructions;         /* between two sleeps without an event, since the last record */
    uint64_t n;
};

struct count {
    uint64_t function;                  /* line of FILE, from 0; their number: outside of all */
    struct work own, library;
};

static struct function functions[FUNCTIONS_MAX + 1];
static struct count counts[FUNCTIONS_MAX + 1];
static size_t n_functions;
static uint64_t sleeps[SLEEPS_MAX];
static size_t n_sleeps;
static size_t caller;                   /* the last function that was no library's, no handler */
static bool event;
static uint64_t block_instructions, idle_instructions;
static FILE *records;

static size_t function_at(uint64_t address)
{
    size_t low = 0, high = n_functions;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (functions[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n_functions && functions[low].start <= address ? low : n_functions;
}

static struct work *work_of(size_t function)
{
    return functions[function].kinds & LIBRARY ? &counts[caller].library : &counts[function].own;
}

static void on_block(unsigned cpu, void *n)
{
    (void)cpu;
    block_instructions += (uintptr_t)n;
}

static void on_instruction(unsigned cpu, void *userdata)
{
    size_t function = (uintptr_t)userdata;
    unsigned kinds = functions[function].kinds;
    (void)cpu;
    if (!(kinds & (LIBRARY | INTERRUPT)))
        caller = function;
    if (kinds & EVENT)
        event = true;
    work_of(function)->instructions++;
}

static void on_access(unsigned cpu, qemu_plugin_meminfo_t info, uint64_t address, void *userdata)
{
    struct work *w = work_of((uintptr_t)userdata);
    uint64_t bytes = UINT64_C(1) << qemu_plugin_mem_size_shift(info);
    (void)cpu;
    (void)address;
    if (qemu_plugin_mem_is_store(info))
        w->stored_bytes += bytes;
    else
        w->loaded_bytes += bytes;
}

static bool is_empty(const struct count *c)
{
    static const struct work nothing;
    return memcmp(&c->own, &nothing, sizeof nothing) == 0 &&
           memcmp(&c->library, &nothing, sizeof nothing) == 0;
}

static void write_record(void)
{
    struct span span = { block_instructions, idle_instructions, 0 };
    for (size_t i = 0; i <= n_functions; i++)
        span.n += !is_empty(&counts[i]);

    fwrite(&span, sizeof span, 1, records);
    for (size_t i = 0; i <= n_functions; i++) {
        counts[i].function = i;
        if (!is_empty(&counts[i]))
            fwrite(&counts[i], sizeof counts[i], 1, records);
    }
    if (fflush(records) != 0)
        exit(1);                        /* nobody listens any more */
}

static void on_sleep(unsigned cpu, void *userdata)
{
    (void)cpu;
    (void)userdata;
    if (event) {
        write_record();
        idle_instructions = 0;
    } else {
        idle_instructions += block_instructions;
    }
    memset(counts, 0, (n_functions + 1) * sizeof counts[0]);
    block_instructions = 0;
    event = false;
}

static bool is_sleep(uint64_t address)
{
    for (size_t i = 0; i < n_sleeps; i++)
        if (sleeps[i] == address)
            return true;
    return false;
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    size_t n = qemu_plugin_tb_n_insns(block);
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_cb(block, on_block, QEMU_PLUGIN_CB_NO_REGS, (void *)n);
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
        uint64_t address = qemu_plugin_insn_vaddr(insn);
        void *function = (void *)(uintptr_t)function_at(address);
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_instruction, QEMU_PLUGIN_CB_NO_REGS,
                                               function);
        qemu_plugin_register_vcpu_mem_cb(insn, on_access, QEMU_PLUGIN_CB_NO_REGS,
                                         QEMU_PLUGIN_MEM_RW, function);
        if (is_sleep(address))
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_sleep, QEMU_PLUGIN_CB_NO_REGS, NULL);
    }
}

static unsigned kinds_of(const char *letters)
{
    return (strchr(letters, 'l') ? LIBRARY : 0) | (strchr(letters, 'i') ? INTERRUPT : 0) |
           (strchr(letters, 'e') ? EVENT : 0);
}

static bool read_functions(const char *path)
{
    char line[128], letters[16];
    uint64_t start, end;
    FILE *file = fopen(path, "r");
    if (!file)
        return false;

    while (fgets(line, sizeof line, file)) {
        if (n_functions < FUNCTIONS_MAX &&
            sscanf(line, "f %" SCNx64 " %" SCNx64 " %15s", &start, &end, letters) == 3)
            functions[n_functions++] = (struct function){ start, end, kinds_of(letters) };
        else if (n_sleeps < SLEEPS_MAX && sscanf(line, "s %" SCNx64, &start) == 1)
            sleeps[n_sleeps++] = start;
        else
            return false;
    }
    fclose(file);
    caller = n_functions;
    return n_functions > 0 && n_sleeps > 0;
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    bool have_functions = false;
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "functions=", 10) == 0)
            have_functions = read_functions(argv[i] + 10);
        else if (strncmp(argv[i], "records=", 8) == 0)
            records = fopen(argv[i] + 8, "wb");
    }
    if (!have_functions || !records) {
        fprintf(stderr, "counter: needs functions=FILE and records=FIFO\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    return 0;
}
