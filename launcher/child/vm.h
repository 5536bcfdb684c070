/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The child's virtual machine: its QEMU command line, its process, KVM's count of its exits.
 */
#ifndef SUPERNEST_VM_H
#define SUPERNEST_VM_H

#include "lib/system.h"

/*
 * A level that has a shell, or passes on the terminal of one, gets a virtio serial device: its
 * console is the shell's terminal, one port passes bytes on, another tells what is known of the
 * terminal.
 */
enum vm_terminal { VM_NO_TERMINAL, VM_TERMINAL_SHELL, VM_TERMINAL_PASSED_ON };
#define VM_TCG_CPU "max,+svm"
/*
 * A VMCS in the guest's memory, as Hyper-V defines it.  Linux takes it where Hyper-V's interface is the only one
 * that it finds, and has the hypercall page and the index of the vCPU (arch/x86/kernel/cpu/mshyperv.c).  As KVM's
 * clock is gone, it needs those of Hyper-V too.
 */
#define VM_ENLIGHTENED "kvm=off,hv-relaxed,hv-vpindex,hv-time,hv-vapic,hv-frequencies,hv-evmcs"
#define VM_CONSOLE_FD 3 /* its end of the console */
/* In the folder of a VM_BOCHS: its configuration, and commands for its debugger, if it has that */
#define VM_BOCHS_CONFIG "bochsrc"
#define VM_BOCHS_COMMANDS "continue"
#define VM_TERMINAL_KIB 12288 /* its driver's buffers: a page for each of 1024 in three queues */

enum vm_machine {
	VM_PC,	     /* on a host: an ordinary PC, so that any kernel boots */
	VM_MICROVM,  /* the one of our own QEMU, with the fewest devices */
	VM_FIRMWARE, /* a microvm for a kernel that is not ours: with FIRMWARE and an 8250 */
	VM_NAMED,    /* a choice of the user, MACHINE_OPTIONS; it has an 8250 as its console */
	VM_BOCHS,    /* no QEMU but a Bochs, which finds in FOLDER all that it is to do */
};

struct vm_config {
	const struct appliance *appliance; /* NULL on a host */
	enum vm_machine machine;
	const char *
		machine_options; /* of its -M: all of a VM_NAMED, from a comma on of a VM_MICROVM */
	const char *folder;
	bool debugger; /* of a VM_BOCHS */
	const char *firmware;
	const char *qemu, *firmware_dir, *kernel, *initramfs, *cmdline;
	const char *cpu;	/* the CPU model, or NULL for the one that nests */
	const char *extra_args; /* words split on %20, or "" */
	const char *sandbox;	/* what its -sandbox is told, or NULL */
	int64_t memory_kib;
	const char *
		memory_folder; /* where its RAM is a file of huge pages; NULL: it is anonymous memory */
	int vcpus;
	bool kvm;	    /* else TCG with AMD-V */
	bool enlightened;   /* it gets VM_ENLIGHTENED */
	bool deterministic; /* TCG with an instruction-counted clock */
	enum vm_terminal terminal;
	bool serial_records; /* its serial device takes records too: a port of it does so in large pieces */
};

struct vm {
	const struct appliance *appliance;
	pid_t pid;
	int pidfd, console, records, messages; /* messages: what QEMU itself prints */
	const char *name;		       /* of the program */
	bool stays; /* it is Bochs, which does not end when its guest says so */
	int vcpus, stats[SMP_MAX], stats_count; /* KVM's statistics of each vCPU, once found */
	/* Of the terminal, if there is one: to write, to read, to write. */
	int terminal_in, terminal_out, control;
	bool serial_records;
	double start_s;
};

/* Starts QEMU.  -1 if that fails (printed); once it runs, all it says comes by the pipes. */
int vm_start(struct vm *vm, const struct vm_config *config);
/* Kills it if it still runs, waits for it and returns its wait status. */
int vm_end(struct vm *vm);
/* Closes what is left of it, the statistics too. */
void vm_close(struct vm *vm);

/*
 * Exits of all vCPUs so far, all levels below it included; WORK leaves out those that a physical
 * interrupt caused, which say nothing of progress.  -1 if KVM's statistics cannot be had (yet).
 */
int vm_exits(struct vm *vm, int64_t *total, int64_t *work);

/*
 * CPU time that QEMU has used, its guest's included, in seconds; -1 once it has ended.  It moves while
 * the child is executed, however little of the CPU it gets, and stands still while it is not.
 */
double vm_cpu_s(const struct vm *vm);

/* The command line as a person would type it, for reports and reproduction. */
void vm_command(const struct vm_config *config, char *buf, size_t size);

/* QEMU's anonymous memory in KiB, without the guest's RAM; -1 if it cannot be read. */
int64_t vm_anonymous_kib(const struct vm *vm, int64_t guest_kib);

#endif
