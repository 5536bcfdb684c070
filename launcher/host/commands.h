/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands that run nothing: they read reports, or inspect this machine.  Each gets the arguments
 * after its name, and returns an exit status, or -1 (printed) for STATUS_WRONG.
 */
#pragma once

int command_report(int argc, char **argv);
int command_compare(int argc, char **argv);
int command_plan(int argc, char **argv);
int command_check(int argc, char **argv);
int command_status(int argc, char **argv);
int command_cpuid(int argc, char **argv);
int command_msr(int argc, char **argv);
