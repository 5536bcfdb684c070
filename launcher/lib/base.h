/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every part needs: the one error helper, the clock, small files.
 */
#ifndef SUPERNEST_BASE_H
#define SUPERNEST_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

#ifndef VERSION
#define VERSION "unknown"
#endif

#define KIB_PER_MIB 1024
#define SMP_MAX 8 /* vCPUs of a level: CONFIG_NR_CPUS of kernel-config-smp */
#define MAX_LEVEL 255

/* Exit status of the command, from the contract. */
enum status {
	STATUS_OK = 0,	    /* what was asked for was reached */
	STATUS_NOT = 1,	    /* it was not */
	STATUS_WRONG = 2,   /* wrong use, broken setup */
	STATUS_SKIPPED = 4, /* this machine cannot do it */
};

/*
 * The error helper: prints "supernest: MESSAGE" on stderr, keeps the message for last_error(),
 * returns -1.  A message says what failed, on what, why (%m) and what to do.
 */
int fail(const char *fmt, ...) PRINTF_LIKE(1, 2);
const char *last_error(void);
/* Where such messages go instead of to stderr; NULL: there again. */
void fail_to(void (*sink)(void *context, const char *message), void *context);

/* Seconds on a clock that never goes backwards and starts with the kernel. */
double now_s(void);

/* snprintf() that always ends the string and may cut it. */
void format(char *buf, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The same behind what BUF holds already. */
void append(char *buf, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);

/*
 * Text that is passed on arrives whole, or not at all: half a parameter means something else.  -1 (printed),
 * with WHAT it is, if SIZE does not hold all of it.
 */
int format_whole(const char *what, char *buf, size_t size, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Whether WORD stands in LIST, which has a blank between two. */
bool has_word(const char *list, const char *word);
/* Appends a word, quoted if a shell needs that, and a blank before it unless it is the first. */
void append_word(char *buf, size_t size, const char *word);

/* Reads a small file whole, without its last newline.  -1 (errno set, nothing printed) if it can't. */
int read_text(const char *path, char *buf, size_t size);
/* The same; -1 with errno EFBIG if SIZE does not hold all of it. */
int read_whole(const char *path, char *buf, size_t size);
/* The same of a file that a person named: "-" is standard input. */
int read_input(const char *path, char *buf, size_t size);
/* The number behind a word of such a file (procfs); -1 if there is none. */
int64_t number_behind(const char *path, const char *word);

/* write() until all is written.  -1 with errno set if it can't. */
int write_all(int fd, const void *buf, size_t len);

/*
 * Sanitizes text that a child may have written, in place: each byte that is not printable ASCII
 * becomes '?', and so does one byte of each phrase that a lab's log parser would act on.
 */
void sanitize(char *text);

#endif
