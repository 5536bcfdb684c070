/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cases: code of G1.  Each tries one part of what KVM does for a guest, or for a guest that is a
 * hypervisor, and states facts by expect().
 */
#ifndef SUPERNEST_CASES_H
#define SUPERNEST_CASES_H

void case_exits(void);
void case_maps(void);
void case_events(void);
void case_interrupts(void);
void case_npt(void);
void case_state(void);
void case_tlb(void);
void case_tsc(void);
void case_modes(void);
void case_refused(void);

#endif
