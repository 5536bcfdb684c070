/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The launcher's side of a guest of its own: makes it by /dev/kvm, runs it, looks at it, saves and restores it.
 */
#ifndef SUPERNEST_MACHINE_H
#define SUPERNEST_MACHINE_H

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
	bool svm;	   /* G1 can be a hypervisor, */
	bool npt;	   /* with nested paging */
	bool brief;	   /* arena.h */
	double deadline_s; /* on now_s() */
	double tick_s;	   /* how often KVM_RUN is interrupted */
	int64_t ticks;	   /* how often it was */
	/* Called for CALL_HOST, and for exits that G1 does not make itself.  False: the case ends here. */
	bool (*on_call)(struct machine *m, int reason);
	int calls; /* of on_call, this one included */
	double began_s;
	void (*on_tick)(void *context); /* life goes on meanwhile */
	void *tick_context;
	char why[96]; /* what went wrong */
};

/* All that KVM knows of a vCPU. */
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

/* Makes it.  -1: m->why says why not. */
int machine_open(struct machine *m, bool svm);
void machine_close(struct machine *m);
/* Fills the arena: page tables, descriptors; all else is 0. */
void machine_fill(struct machine *m, uint64_t seed);
/* Its registers, as for a call of ENTRY in 64-bit mode. */
int machine_enter(struct machine *m, void (*entry)(void));
/* Runs it until CALL_DONE.  -1: m->why. */
int machine_run(struct machine *m);
/* One KVM_RUN.  The exit reason, 0 if a signal came first (a tick), -1: m->why. */
int machine_step(struct machine *m);
/* What KVM_RUN left to do of the last exit is done, and no more. */
void machine_complete(struct machine *m);
/* How often KVM_RUN is interrupted from now on. */
void machine_tick(double s);
/* The same code again, in a fresh vCPU of another VM on the same memory. */
int machine_save(struct machine *m, struct machine_state *s);
int machine_restore(struct machine *m, const struct machine_state *s);
/* A new VM on the same memory in the place of M's. */
int machine_replace(struct machine *m);
/* Guest-physical ADDRESS is what is at MEMORY; BYTES is 0: the slot goes.  -1: m->why. */
int machine_set_slot(struct machine *m, int slot, uint32_t flags, uint64_t address,
		     const void *memory, size_t bytes);
/* Which pages of the slot were written since the last time: a bit each, in BITMAP.  -1: m->why. */
int machine_get_log(struct machine *m, int slot, uint64_t *bitmap);
/* Sets m->why.  -1. */
int machine_fail(struct machine *m, const char *fmt, ...) PRINTF_LIKE(2, 3);

_Static_assert(sizeof(struct arena) % (64 * PAGE) == 0, "its dirty log ends with a word");
/* Whether the page of P, which is in the arena, is in its dirty log. */
static inline bool machine_is_logged(const uint64_t *bitmap, const void *p)
{
	uint64_t page = ((uint64_t)p - ARENA_BASE) / PAGE;

	return bitmap[page / 64] >> page % 64 & 1;
}

/* Where a case ends, and the entries of its IDT: runtime.c */
extern const uint8_t guest_entries[], guest_done[];

#endif
