/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The launcher's side of a guest of its own: creates it by /dev/kvm, runs, inspects, saves and restores
 * it.  Functions that return -1 leave the reason in m->why.
 */
#pragma once

#include "guest/arena.h"
#include "lib/base.h"

#include <linux/kvm.h>

#define XSAVE_BYTES 4096 /* sizeof(struct kvm_xsave) */
#define MACHINE_MSRS 64
#define ARENA_SLOT 1
#define ARENA_LOG (sizeof(struct arena) / PAGE / 64) /* words of its dirty log */

struct machine {
	int kvm, vm, vcpu;
	struct kvm_run *run;
	size_t run_bytes;
	bool svm;	     /* G1 can be a hypervisor */
	bool npt;	     /* and can use nested paging */
	bool pauses;	     /* KVM lets its guest execute PAUSE */
	bool brief, inexact; /* see arena.h */
	double deadline_s;   /* on now_s(): the end of the run's time */
	double limit_s;	     /* after this long without another fact its guest is stuck */
	uint64_t facts;	     /* that there were at the last look */
	double fact_s;	     /* when the last of them came */
	double tick_s;	     /* the interval at which a signal interrupts KVM_RUN */
	int64_t ticks;	     /* how often it did */
	/* Called for CALL_HOST, and for exits that are not calls.  Returns false to end the case. */
	bool (*on_call)(struct machine *m, int reason);
	int calls; /* calls of on_call() so far, this one included */
	double began_s;
	void (*on_tick)(
		void *context); /* called at each tick, so that the level's own work goes on */
	void *tick_context;
	char why[96]; /* the reason for a failure */
};

/* All state of a vCPU that KVM can save. */
struct machine_state {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_xsave xsave;
	struct kvm_xcrs xcrs;
	struct kvm_debugregs debug;
	struct kvm_vcpu_events events;
	struct kvm_mp_state mp;
	struct kvm_lapic_state apic;
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry[MACHINE_MSRS];
	} msrs;
	union {
		struct kvm_nested_state nested;
		uint8_t bytes[2 * PAGE + sizeof(struct kvm_nested_state)];
	};
};

/* Creates the VM and its vCPU.  -1 on failure. */
int machine_open(struct machine *m, bool svm);
void machine_close(struct machine *m);
/* Fills the arena: page tables and descriptors; everything else is 0. */
void machine_fill(struct machine *m, uint64_t seed);
/* Sets its registers for a call of ENTRY in 64-bit mode.  -1 on failure. */
int machine_enter(struct machine *m, void (*entry)(void));
/* Runs it until CALL_DONE.  -1 on failure. */
int machine_run(struct machine *m);
/* One KVM_RUN.  Returns the exit reason, 0 if a signal (a tick) came first, or -1. */
int machine_step(struct machine *m);
/* Lets KVM complete the instruction of the last exit, and run no further. */
void machine_complete(struct machine *m);
/* Sets the interval at which KVM_RUN is interrupted, in seconds. */
void machine_tick(double s);
/* Save and restore the state, for instance in a fresh vCPU of another VM with the same memory. */
int machine_save(struct machine *m, struct machine_state *s);
int machine_restore(struct machine *m, const struct machine_state *s);
/* Replaces M's VM by a new one with the same memory.  -1 on failure. */
int machine_replace(struct machine *m);
/* Moves the guest to a new VM with the same memory.  WAS gets the state that it had.  -1 on failure. */
int machine_move(struct machine *m, struct machine_state *was);
/* Sets the TSC FORWARD by that many cycles.  -1 on failure. */
int machine_set_time(struct machine *m, uint64_t forward);
/* Clears an INIT that is pending.  -1 on failure. */
int machine_take_init_back(struct machine *m);
/* Maps guest-physical ADDRESS to MEMORY; BYTES 0 removes the slot.  -1 on failure. */
int machine_set_slot(struct machine *m, int slot, uint32_t flags, uint64_t address,
		     const void *memory, size_t bytes);
/* Reads and clears the slot's dirty log: one bit for each page, in BITMAP.  -1 on failure. */
int machine_get_log(struct machine *m, int slot, uint64_t *bitmap);
/* Sets m->why, and returns -1. */
int machine_fail(struct machine *m, const char *fmt, ...) PRINTF_LIKE(2, 3);

_Static_assert(sizeof(struct arena) % (64 * PAGE) == 0, "its dirty log ends with a word");
/* Whether the dirty log of the arena has the page of P. */
static inline bool machine_is_logged(const uint64_t *bitmap, const void *p)
{
	uint64_t page = ((uint64_t)p - ARENA_BASE) / PAGE;

	return bitmap[page / 64] >> page % 64 & 1;
}

/* Where a case returns to, and the entry points of the IDT: runtime.c */
extern const uint8_t guest_entries[], guest_done[];
