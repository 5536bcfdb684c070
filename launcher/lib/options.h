/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a person asked for, by kernel command line (nest.*=) or by option (--*): one table for both.
 */
#ifndef SUPERNEST_OPTIONS_H
#define SUPERNEST_OPTIONS_H

#include "lib/base.h"

#define DEPTH_MAX (-1)	/* nest.depth=max */
#define LEVEL_NONE (-1) /* no nest.level=: nobody started us */
#define SHELL_NONE (-1)
#define LIMIT_DEFAULT (-1)
#define FILES_MAX 8
#define CHECKS_SIZE 128
#define PROGRAMS_MAX 32
#define INPUT_NONE (-1)
#define EXEC_S 600
#define SUITE_S 7200
#define SETTINGS_MAX 16
#define SETTING_SIZE 100
#define HOOK_S 600

enum accel { ACCEL_AUTO, ACCEL_KVM, ACCEL_TCG };
enum cpu_emulator { CPU_EMULATOR_QEMU, CPU_EMULATOR_BOCHS };
enum start { START_AUTO, START_MANUAL };
/* How VMRUN of a guest hypervisor is handled: by each level below it, or by the CPU alone. */
enum nesting { NESTING_CLASSIC, NESTING_RECURSIVE };
extern const char *const nesting_names[]; /* NULL behind the last */
enum ending { END_REBOOT, END_POWEROFF, END_HALT, END_SHELL };

/* Bits of options.report; one for each name in report_names[]. */
enum report_bit {
	REPORT_TABLE = 1,
	REPORT_KTAP = 2,
	REPORT_LAVA = 4,
	REPORT_JSON = 8,
	REPORT_CSV = 16,
	REPORT_HTML = 32, /* these two in a file, never on a console */
	REPORT_SVG = 64,
	REPORT_KCIDB = 128 /* of `report` alone: it needs to be told what was tested */
};

/* A set of levels. */
struct levels {
	uint64_t bits[(MAX_LEVEL + 1) / 64];
};

/* What is asked of some levels alone: each item is "LEVELS:WHAT", as it was given. */
struct settings {
	int count;
	char item[SETTINGS_MAX][SETTING_SIZE];
};

/* When a level runs its programs: before its child, while that runs, after it has ended. */
enum exec_when { EXEC_FIRST, EXEC_PARENT, EXEC_LAST };

extern const char *const exec_when_names[];

/* What levels run besides their checks; handed down from level to level. */
struct exec {
	struct levels at;  /* those that run them; none: the deepest */
	int when;	   /* enum exec_when */
	int timeout_s;	   /* of each; 0 in what was asked for: by default */
	int input;	   /* the level whose first program has the standard input, or INPUT_NONE */
	char command[512]; /* of nest.exec=, %20 for a blank; or "" */
};

/* An option that may be given more than once. */
struct list {
	int count;
	const char *item[PROGRAMS_MAX];
};

struct options {
	int depth;	    /* a level, or DEPTH_MAX */
	int timeout_s;	    /* 0: none */
	int64_t mem_kib;    /* RAM of the next level, 0: all that fits */
	int64_t memory_kib; /* RAM of the outermost guest that a host starts */
	int report;
	int start, end;
	int shell; /* a level, or SHELL_NONE */
	char qemu_args[256];
	char checks[CHECKS_SIZE]; /* quick, thorough, or names */
	int level;
	char run_id[17]; /* hex */
	char seed[65];	 /* hex, of the kernel's random numbers; "": none was handed down */
	int accel, nesting, cpu_emulator;
	int smp; /* vCPUs of each level */
	bool plain, deterministic, strict, enlightened, stop_on_failure, blame;
	int repeat;					/* runs */
	int exits_percent, kib_percent, cycles_percent; /* of compare; LIMIT_DEFAULT: its own */
	struct levels levels;				/* those that run --kernel; none: all */
	const char *qemu, *cpu, *kernel, *modules, *config, *initramfs, *append, *json_path,
		*artifacts, *matrix;
	const char *origin, *build_id; /* of KCIDB */
	const char *files[FILES_MAX];  /* the operands of report and compare */
	int file_count;
	struct exec exec;
	int hook_timeout_s;
	struct settings set;  /* MODULE.PARAMETER=VALUE of their kernels */
	struct settings cpus; /* of the CPU that QEMU shows them */
	char offered[4];      /* svm or vmx, if the KVM above offers it to this level; or "" */
	struct list programs; /* of --exec: CMD or NAME=CMD */
	struct list packed;   /* of --file: PATH or PATH:DEST */
	struct list suites;   /* of --suite: NAME or a directory, and :WORD,WORD */
	const char *guest, *guest_append, *guest_initrd;
	const char *expect, *learn; /* files of known failures */
	char *const *program;	    /* behind "--": a program and its arguments, or NULL */
	const char *from;	    /* plan's report */
};

/* What was decided by it, and is handed down from level to level. */
struct decided {
	int depth; /* a level, or DEPTH_MAX */
	int shell; /* a level, or SHELL_NONE */
	int nesting;
	bool enlightened;
	int smp;	   /* vCPUs of each level below */
	double deadline_s; /* on now_s(); 0: none */
	char run_id[17];
	char checks[CHECKS_SIZE];
	struct exec exec;
	int hook_timeout_s;
	struct settings set, cpus;
	char seed[65]; /* of random numbers, the levels' are derived from */
};

/* One bit for each command that takes an option. */
enum command_bit { CMD_RUN = 1, CMD_CHECK = 2, CMD_REPORT = 4, CMD_COMPARE = 8, CMD_PLAN = 16 };

/* The defaults of the contract. */
void options_init(struct options *o);
/*
 * Reads the nest.* parameters of a kernel command line and ignores all others. -1 if one is unknown
 * or its value is malformed; the error is printed.
 */
int options_from_cmdline(struct options *o, const char *cmdline);
/* Reads --options of a command.  -1 on wrong use; the error is printed. */
int options_from_args(struct options *o, int command, int argc, char **argv);
/*
 * Nothing is asked for at a level deeper than the run goes, where it would silently not be done.  Its name in the
 * message is that of the kernel parameter, or of the option.  -1 if something is; the error is printed.
 */
int options_check_depth(const struct options *o, bool parameters);
/* A shell is where a run ends, and so is the last level with a program, unless it is to go deeper. */
void options_decide(const struct options *o, int shell, struct decided *d);
/* Prints the options of a command, or all kernel parameters: a line each. */
void options_help(int command);
void options_help_parameters(void);

/* Which of NAMES it is; -1 if it is none. */
int parse_choice(const char *text, const char *const names[], int *out);

/* "1", "1,3", "L1,L3" or "all", LEN characters.  -1: it is none of these. */
int levels_parse(const char *text, size_t len, struct levels *levels);
void levels_add(struct levels *s, int level);
bool levels_have(const struct levels *s, int level);
bool levels_choose(const struct levels *s, int level); /* the same, but none stands for all */
/* -1 if there is none. */
int levels_first(const struct levels *s);
int levels_last(const struct levels *s);

/* WHAT of item number I, and the levels that it is for. */
const char *setting_get(const struct settings *s, int i, struct levels *levels);
/* WHAT of the last item that is for this level; NULL: there is none. */
const char *setting_of(const struct settings *s, int level);

/* 512M, 2G, 900000K; a bare number counts MiB as QEMU's -m does.  In KiB; -1 if it is no size. */
int parse_size(const char *text, int64_t *kib);

#endif
