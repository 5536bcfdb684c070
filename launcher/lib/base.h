/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every part uses: the one error helper, the clock, text and small files. */
#pragma once

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

/* Exit statuses of the command: docs/interfaces.md. */
enum status {
	STATUS_OK = 0,	    /* what was asked for was reached */
	STATUS_NOT = 1,	    /* what was asked for was not reached */
	STATUS_WRONG = 2,   /* wrong use or a broken setup */
	STATUS_SKIPPED = 4, /* this machine cannot do it */
};

/*
 * The error helper.  Prints "supernest: MESSAGE" on stderr, keeps the message for last_error(), and
 * returns -1.  A message says what failed, on what, why (%m) and what to do.
 */
int fail(const char *fmt, ...) PRINTF_LIKE(1, 2);
const char *last_error(void);
/* Sends error messages to SINK instead of stderr; NULL restores stderr. */
void fail_to(void (*sink)(void *context, const char *message), void *context);

/* Seconds on the monotonic clock, which starts with the kernel. */
double now_s(void);

/* snprintf() without a result: the string always ends in NUL, and is cut if SIZE is too small. */
void format(char *buf, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Does the same behind the text that BUF already holds. */
void append(char *buf, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);

/*
 * format() that never cuts, for text that another program reads: half of a parameter means something
 * else.  -1 (printed, naming WHAT) if SIZE is too small.
 */
int format_whole(const char *what, char *buf, size_t size, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Whether WORD is in LIST, whose words are separated by single blanks. */
bool has_word(const char *list, const char *word);
/* Appends a word, quoted if a shell needs that, with a blank before it unless it is the first. */
void append_word(char *buf, size_t size, const char *word);

/* Parses a decimal number of at most nine digits.  -1 if TEXT is not one, or not from MIN to MAX. */
int parse_int(const char *text, int min, int max, int *out);

/*
 * Reads a small file, without its last newline.  Cuts what SIZE does not hold.  -1 with errno set on
 * failure; nothing is printed.
 */
int read_text(const char *path, char *buf, size_t size);
/* The same, but a file that SIZE does not hold is an error: -1 with errno EFBIG. */
int read_whole(const char *path, char *buf, size_t size);
/* read_whole() of a file that the user named: "-" is standard input. */
int read_input(const char *path, char *buf, size_t size);
/* The number that follows WORD in a small file, for instance in /proc/meminfo; -1 if there is none. */
int64_t number_behind(const char *path, const char *word);

/* Calls write() until everything is written.  -1 with errno set on failure. */
int write_all(int fd, const void *buf, size_t len);

/*
 * Sanitizes text that a child may have written, in place.  Each byte that is not printable ASCII becomes
 * '?', and so does one byte of each phrase that a lab's log parser would act on.
 */
void sanitize(char *text);
