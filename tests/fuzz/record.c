// SPDX-License-Identifier: GPL-2.0-or-later
/* The record decoder: raw bytes, and the same bytes as the body of a record with the right checksum. */
#include "check.h"
#include "report/record.h"

#include <stdlib.h>
#include <string.h>

#define ID "5eed"

static bool is_name(const char *name, size_t size)
{
	return *name && strlen(name) < size &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

static void check_record(const struct record *r)
{
	static struct record again;
	char line[RECORD_MAX], same[RECORD_MAX];
	int len = record_encode(r, ID, line);

	must(r->from >= -1 && r->from <= MAX_LEVEL && r->about >= -1 && r->about <= MAX_LEVEL);
	must(r->count <= RECORD_FIELDS && is_name(r->kind, sizeof(r->kind)));
	must(len > 0 && len < RECORD_MAX);
	must(record_decode(&again, ID, line, len) == RECORD_OK);
	must(again.from == r->from && again.about == r->about && again.seq == r->seq);
	must(!strcmp(again.kind, r->kind) && again.count == r->count);
	for (int i = 0; i < r->count; i++) {
		must(is_name(r->field[i].key, RECORD_MAX));
		check_harmless(r->field[i].value);
		must(!strcmp(again.field[i].key, r->field[i].key));
		must(!strcmp(again.field[i].value, r->field[i].value));
	}
	must(record_encode(&again, ID, same) == len && !memcmp(line, same, len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct record r;
	char *line = malloc(size + RECORD_TAIL + 1);

	memcpy(line, data, size);
	if (record_decode(&r, ID, line, size) == RECORD_OK)
		check_record(&r);
	sprintf(line + size, " !%08x;", record_crc(ID, line, size));
	if (record_decode(&r, ID, line, size + RECORD_TAIL) == RECORD_OK)
		check_record(&r);
	free(line);
	return 0;
}
