/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The child's virtual machine: QEMU's command line, its process, and KVM's count of its exits. */
#pragma once

#include "lib/system.h"

/*
 * A level that has a shell, or passes on the terminal of one, gets a virtio serial device.  Its console is
 * the shell's terminal, one port passes bytes on, and another carries control messages.
 */
enum vm_terminal { VM_NO_TERMINAL, VM_TERMINAL_SHELL, VM_TERMINAL_PASSED_ON };
#define VM_TCG_CPU "max,+svm"
/*
 * A VMCS in the guest's memory, as Hyper-V defines it.  Linux uses it if Hyper-V's interface is the only
 * one that it finds, with the hypercall page and the vCPU index (arch/x86/kernel/cpu/mshyperv.c).  As
 * KVM's clock is gone then, it needs Hyper-V's too.
 */
#define VM_ENLIGHTENED "kvm=off,hv-relaxed,hv-vpindex,hv-time,hv-vapic,hv-frequencies,hv-evmcs"
#define VM_CONSOLE_FD 3 /* QEMU's end of the console */
/* In the folder of a VM_BOCHS: its configuration, and the commands for its debugger, if it has one */
#define VM_BOCHS_CONFIG "bochsrc"
#define VM_BOCHS_COMMANDS "continue"
#define VM_TERMINAL_KIB 12288 /* its driver's buffers: three queues of 1024 pages */

enum vm_machine {
	VM_PC,	     /* on a host: an ordinary PC, so that any kernel boots */
	VM_MICROVM,  /* our own QEMU's microvm, with the fewest devices */
	VM_FIRMWARE, /* a microvm with FIRMWARE and an 8250, for a kernel that is not ours */
	VM_NAMED,    /* the user's choice, MACHINE_OPTIONS, with an 8250 as its console */
	VM_BOCHS,    /* Bochs instead of QEMU, with all that it needs in FOLDER */
};

struct vm_config {
	const struct appliance *appliance; /* NULL on a host */
	enum vm_machine machine;
	const char *
		machine_options; /* for -M: all of a VM_NAMED, and what follows the name of a VM_MICROVM */
	const char *folder;
	bool debugger; /* a VM_BOCHS has one */
	const char *firmware;
	const char *qemu, *firmware_dir, *kernel, *initramfs, *cmdline;
	const char *cpu;	/* CPU model, or NULL for one that nests */
	const char *extra_args; /* words separated by %20, or "" */
	const char *sandbox;	/* for its -sandbox, or NULL */
	int64_t memory_kib;
	const char
		*memory_folder; /* its RAM is a file of huge pages there; NULL: anonymous memory */
	int vcpus;
	bool kvm;	    /* otherwise TCG with AMD-V */
	bool enlightened;   /* with VM_ENLIGHTENED */
	bool deterministic; /* TCG with an instruction-counted clock */
	enum vm_terminal terminal;
	bool serial_records; /* its serial device takes records too, in large pieces */
	bool monitor;	     /* with a QMP monitor */
};

struct vm {
	const struct appliance *appliance;
	pid_t pid;
	int pidfd, console, records, messages;	/* messages: output of QEMU itself */
	const char *name;			/* of the program */
	bool stays;				/* Bochs: does not end when its guest asks for it */
	int vcpus, stats[SMP_MAX], stats_count; /* KVM's statistics of each vCPU, once found */
	/* Of the terminal, if there is one: to write, to read, to write. */
	int terminal_in, terminal_out, control;
	int requests, answers; /* of its monitor: to write, to read; -1: there is none */
	bool serial_records;
	double start_s;
};

/* Starts QEMU.  -1 (printed) on failure.  Errors that it has later come through the pipes. */
int vm_start(struct vm *vm, const struct vm_config *config);
/* Kills QEMU if it still runs, waits for it and returns its wait status. */
int vm_end(struct vm *vm);
/* Closes the remaining files, the statistics too. */
void vm_close(struct vm *vm);

/*
 * The exits of all vCPUs so far, including those caused by the levels below.  WORK leaves out those caused
 * by physical interrupts, which are no sign of progress.  -1 if KVM's statistics are not available (yet).
 */
int vm_exits(struct vm *vm, int64_t *total, int64_t *work);
/* The sum of one of KVM's statistics over all vCPUs that vm_exits() has found; -1 if there is none of that name. */
int64_t vm_stat(const struct vm *vm, const char *name);

/*
 * CPU time that QEMU and its guest have used, in seconds; -1 once QEMU has ended.  It advances while the
 * child is executed, however little of the CPU it gets, and stands still while it is not.
 */
double vm_cpu_s(const struct vm *vm);

/* Whether a signal or a debugger has stopped QEMU. */
bool vm_is_stopped(const struct vm *vm);

/*
 * Whether these arguments (nest.qemu=) may configure the guest's RAM.  QEMU refuses a vm_config.memory_folder
 * beside them.
 */
bool vm_sets_memory(const char *extra);
/* The command line as a user would type it, for reports and reproduction. */
void vm_command(const struct vm_config *config, char *buf, size_t size);

/* QEMU's anonymous memory in KiB, without the guest's RAM; -1 if it cannot be read. */
int64_t vm_anonymous_kib(const struct vm *vm, int64_t guest_kib);
