/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cases: code of G1.  Each tests one part of what KVM does for a guest, or for a guest that is a
 * hypervisor, and states its findings by expect().
 */
#pragma once

#include "guest/machine.h"

void case_exits(void);
bool call_exits(struct machine *m, int reason);
void case_maps(void);
void case_events(void);
void case_interrupted(void);
void case_interrupts(void);
void case_npt(void);
void case_state(void);
void case_tlb(void);
void case_tsc(void);
bool call_tsc(struct machine *m, int reason);
void case_modes(void);
void case_refused(void);
void case_recursion(void);
bool call_recursion(struct machine *m, int reason);
void case_legacy(void);
void case_xstate(void);

/* Cases that need the launcher: it changes the guest from outside, and the guest checks the result. */
void case_debug(void);
bool call_debug(struct machine *m, int reason);
void case_memory(void);
void case_nested_memory(void);
bool call_memory(struct machine *m, int reason);
void case_transfer(void);
bool call_transfer(struct machine *m, int reason);
void case_segments(void);
bool call_segments(struct machine *m, int reason);
void case_timers(void);
bool call_timers(struct machine *m, int reason);
void case_msrs(void);
bool call_msrs(struct machine *m, int reason);
void case_apic(void);
bool call_apic(struct machine *m, int reason);
void case_pit(void);
bool call_pit(struct machine *m, int reason);
void case_slots(void);
void case_nested_slots(void);
bool call_slots(struct machine *m, int reason);
void case_log(void);
bool call_log(struct machine *m, int reason);
void case_emulator(void);
void case_delivery(void);
bool call_delivery(struct machine *m, int reason);
void case_cpus(void);
bool call_cpus(struct machine *m, int reason);
void case_reset(void);
bool call_reset(struct machine *m, int reason);
void case_smm(void);
void case_nested_smm(void);
bool call_smm(struct machine *m, int reason);
