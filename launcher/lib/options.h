/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the user asked for, by kernel parameters (nest.*=) or options (--*).  One table defines both. */
#pragma once

#include "lib/levels.h"

#define DEPTH_MAX (-1)	/* nest.depth=max */
#define LEVEL_NONE (-1) /* without nest.level=: no level started us */
#define SHELL_NONE (-1)
#define LIMIT_DEFAULT (-1)
#define FILES_MAX 8
#define CHECKS_SIZE 128
#define PROGRAMS_MAX 32
#define INPUT_NONE (-1)
#define EXEC_S 600
#define SUITE_S 7200
#define HOOK_S 600

enum accel { ACCEL_AUTO, ACCEL_KVM, ACCEL_TCG };
enum cpu_emulator { CPU_EMULATOR_QEMU, CPU_EMULATOR_BOCHS };
enum start { START_AUTO, START_MANUAL };
/* How a guest hypervisor's VMRUN is handled: by every level above it, or by the CPU alone. */
enum nesting { NESTING_CLASSIC, NESTING_RECURSIVE };
extern const char *const nesting_names[]; /* ends with NULL */
enum ending { END_REBOOT, END_POWEROFF, END_HALT, END_SHELL };

/* Bits of options.report; one for each name in report_names[]. */
enum report_bit {
	REPORT_TABLE = 1,
	REPORT_KTAP = 2,
	REPORT_LAVA = 4,
	REPORT_JSON = 8,
	REPORT_CSV = 16,
	REPORT_HTML = 32, /* this and SVG: only in files, never on a console */
	REPORT_SVG = 64,
	REPORT_KCIDB = 128 /* only for `report`, which is told what was tested */
};

/* When a level runs its programs: before its child starts, while it runs, or after it has ended. */
enum exec_when { EXEC_FIRST, EXEC_PARENT, EXEC_LAST };

extern const char *const exec_when_names[];

/* The programs of the user that levels run; handed down from level to level. */
struct exec {
	struct levels at; /* levels that run them; none: the deepest */
	int when;	  /* enum exec_when */
	int timeout_s;	  /* for each program; 0: the default */
	int input; /* the level whose first program reads the standard input, or INPUT_NONE */
	char command[512]; /* nest.exec=, with %20 for a blank; or "" */
};

/* The values of an option that may be given more than once. */
struct list {
	int count;
	const char *item[PROGRAMS_MAX];
};

struct options {
	int depth;	    /* a level, or DEPTH_MAX */
	int timeout_s;	    /* 0: none */
	int64_t mem_kib;    /* RAM of the next level; 0: all that fits */
	int64_t memory_kib; /* RAM of the outermost guest, which a host starts */
	int report;
	int start, end;
	int shell; /* a level, or SHELL_NONE */
	char qemu_args[256];
	char checks[CHECKS_SIZE]; /* quick, thorough, or names of checks */
	int level;
	char run_id[17]; /* hex */
	char seed[65];	 /* hex, of random numbers; "": none was handed down */
	char sums[163];	 /* TAG:SHA256:SHA256 of the initramfs and its kernel; "": none */
	int accel, nesting, cpu_emulator;
	int smp;	  /* vCPUs of each level */
	int save_restore; /* round trips of each level's state */
	bool plain, deterministic, strict, enlightened, stop_on_failure, blame;
	int repeat;					/* number of runs */
	int exits_percent, kib_percent, cycles_percent; /* for compare; or LIMIT_DEFAULT */
	struct levels levels;				/* levels that run --kernel; none: all */
	const char *qemu, *cpu, *kernel, *modules, *config, *initramfs, *append, *json_path,
		*artifacts, *matrix;
	const char *origin, *build_id; /* for KCIDB */
	const char *files[FILES_MAX];  /* the operands of report and compare */
	int file_count;
	struct exec exec;
	int hook_timeout_s;
	struct settings set;  /* MODULE.PARAMETER=VALUE, for their kernels */
	struct settings cpus; /* the CPU that QEMU shows them */
	char offered[4];      /* svm or vmx if the KVM above offers it to this level, or "" */
	struct list programs; /* --exec: CMD or NAME=CMD */
	struct list packed;   /* --file: PATH or PATH:DEST */
	struct list suites;   /* --suite: NAME or a directory, and :WORD,WORD */
	const char *guest, *guest_append, *guest_initrd;
	const char *expect, *learn; /* files with known failures */
	char *const *program;	    /* the program and its arguments behind "--", or NULL */
	const char *from;	    /* the report of plan */
};

/* One bit for each command that takes an option. */
enum command_bit { CMD_RUN = 1, CMD_CHECK = 2, CMD_REPORT = 4, CMD_COMPARE = 8, CMD_PLAN = 16 };

/* Sets the defaults, which docs/interfaces.md names. */
void options_init(struct options *o);
/*
 * Reads the nest.* parameters of a kernel command line and ignores all others.  -1 (printed) if one is
 * unknown or has a malformed value.
 */
int options_from_cmdline(struct options *o, const char *cmdline);
/* Reads the options of a command.  -1 (printed) on wrong use. */
int options_from_args(struct options *o, int command, int argc, char **argv);
/* Print the options of a command, or all kernel parameters: one line each. */
void options_help(int command);
void options_help_parameters(void);

/* Sets *OUT to the index of TEXT in NAMES.  -1 if it is none of them. */
int parse_choice(const char *text, const char *const names[], int *out);

/* Parses 512M, 2G or 900000K; a bare number counts MiB, as for QEMU's -m.  -1 if it is not a size. */
int parse_size(const char *text, int64_t *kib);
