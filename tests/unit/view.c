// SPDX-License-Identifier: GPL-2.0-or-later
#include "spoken.h"
#include "report/view.h"

#define HOST (-1)

static struct report r;
static struct view v;
static struct frame f;
static unsigned int seq[MAX_LEVEL + 2];
static double now;

/* Tells the report and the view of a record with the sender's next number. */
static void say(int from, int about, const char *kind, const char *fields)
{
	struct record rec;

	speak(&rec, from, about, kind, fields);
	rec.seq = seq[from + 1]++;
	assert_int_equal(report_add(&r, &rec), 0);
	view_record(&v, &rec, now);
}

static void begin(int requested)
{
	memset(seq, 0, sizeof(seq));
	report_init(&r, requested);
	r.outermost = 0;
	v = (struct view){
		.on = true, .report = &r, .memory_kib = 1048576, .exits = UNKNOWN, .text_level = -1
	};
	strcpy(v.text, "QEMU 7.2.22 emulates AMD-V that nests");
	now = v.start_s = 1000;
	v.deadline_s = 1300;
}

static void up(int level, double s)
{
	char fields[64];

	format(fields, sizeof(fields), "hypervisor=%s,total_kib=%d", level ? "KVM" : "TCG",
	       1027496 - level * 80000);
	say(level, level, "level", fields);
	now += s;
	say(level, level, "check", "id=fpu,result=pass,value=10,unit=exits");
	say(level, level, "ready", "ready_s=1.5");
	format(fields, sizeof(fields), "chain=%d", level * level * 1000);
	if (level)
		say(0, level, "level", fields);
}

static void starts(int level)
{
	char fields[64];

	format(fields, sizeof(fields), "child_kib=%d", 1027496 - level * 80000 - 40000);
	say(level, level, "level", fields);
}

static void draw(int columns, int rows, bool color, bool utf8)
{
	f = (struct frame){ .columns = columns, .rows = rows, .color = color, .utf8 = utf8 };
	view_draw(&v, now, &f);
}

static void shows(int line, const char *want)
{
	char text[sizeof(f.lines[0].text)];
	size_t len;

	assert_in_range(line, 0, f.count - 1);
	format(text, sizeof(text), "%s", f.lines[line].text);
	for (len = strlen(text); len && text[len - 1] == ' '; len--)
		text[len - 1] = '\0';
	assert_string_equal(text, want);
}

/* Columns as a terminal counts them; only known characters may occur. */
static int columns_of(const struct line *l)
{
	int columns = 0;

	for (const unsigned char *p = (const unsigned char *)l->text; *p; p++) {
		if (*p == '\033') {
			assert_true(f.color);
			assert_int_equal(p[1], '[');
			p += 2 + strspn((const char *)p + 2, "0123456789;");
			assert_int_equal(*p, 'm');
			continue;
		}
		if (*p >= 0x80)
			assert_true(f.utf8);
		else
			assert_in_range(*p, ' ', '~');
		columns += (*p & 0xc0) != 0x80;
	}
	return columns;
}

static void check_frame(int columns, int rows)
{
	assert_in_range(f.count, 0, rows);
	for (int i = 0; i < f.count; i++) {
		const struct line *l = &f.lines[i];

		assert_int_equal(columns_of(l), l->width);
		assert_in_range(l->width, 0, columns);
		assert_int_equal(strlen(l->text), l->len);
		if (f.color && strchr(l->text, '\033')) /* no colour runs on */
			assert_int_equal(strncmp(strrchr(l->text, '\033'), "\033[m", 3), 0);
	}
}

/* In windows of all sizes. */
static void check_all(void)
{
	for (int columns = 0; columns <= TERMINAL_COLUMNS; columns += columns < 90 ? 1 : 7)
		for (int rows = 0; rows <= TERMINAL_ROWS; rows += rows < 14 ? 1 : 11)
			for (int way = 0; way < 4; way++) {
				draw(columns, rows, way & 1, way & 2);
				check_frame(columns, rows);
			}
}

static void test_pictures(void **state)
{
	begin(5);
	now += 1.5;
	draw(79, 23, false, false);
	shows(0, "supernest  L0 is booting                                           "
		 "0:01 of 5:00");
	shows(2, "L0         booting    ---------------------------------   1024     1 s        "
		 "-");
	shows(3, "");
	shows(4, "QEMU 7.2.22 emulates AMD-V that nests");
	assert_int_equal(f.count, 5);
	up(0, 1);
	starts(0);
	up(1, 2);
	starts(1);
	up(2, 4);
	starts(2);
	now += 3;
	say(0, 0, "alive", "exits=10000");
	say(3, 3, "level", "hypervisor=KVM,total_kib=787496");
	say(2, 3, "text", "line=[    1.296663] Hello");
	draw(79, 23, false, false);
	shows(0, "supernest  L3 is measuring                                         "
		 "0:11 of 5:00");
	shows(1, "    on     state      memory                               MiB    time  exits/s");
	shows(2, "L0  TCG    ready      ==============================---   1003   2.5 s        "
		 "-");
	shows(3, "L1  KVM    ready      ===========================---       925   2.0 s      "
		 "500");
	shows(4, "L2  KVM    ready      =========================---         847   4.0 s      "
		 "750");
	shows(5, "L3  KVM    measuring  =========================            769     3 s     "
		 "2000");
	shows(6, "10000 exits, L3 in ~5 s, L5 in ~53 s, x2.0 a level");
	shows(7, "L3| Hello");
	assert_int_equal(f.count, 8);
	draw(39, 11, false, false);
	shows(0, "supernest  L3 is measuring         0:11");
	shows(6, "10000 exits, L3 in ~5 s, L5 in ~53 s");
	shows(4, "L2  ready      ======--     847   4.0 s");
	draw(79, 6, false, false); /* low: the first level and the deepest */
	shows(1, "L0  TCG    ready      ==============================---   1003   2.5 s        "
		 "-");
	shows(2, "    2 more");
	shows(5, "L3| Hello");
	draw(79, 23, false, true);
	assert_non_null(strstr(f.lines[3].text, "━╾──"));
	say(3, 3, "stop", "reason=memory,detail=too small");
	draw(79, 23, false, false);
	assert_int_equal(strncmp(f.lines[0].text, "supernest  stopped by memory at L3 ", 35), 0);
	shows(6, "10000 exits");
}

/* A level's end: failed checks by name, late checks, the orderly end. */
static void test_ends(void **state)
{
	begin(DEPTH_OPEN);
	up(0, 1);
	starts(0);
	up(1, 1);
	starts(1);
	draw(79, 23, false, false);
	assert_non_null(strstr(f.lines[4].text, "booting"));
	say(1, 2, "stop", "reason=panic,detail=sysrq");
	draw(79, 23, false, false);
	assert_non_null(strstr(f.lines[4].text, "L2         panic "));
	say(1, 1, "check", "id=msr,result=pass,value=10,unit=exits");
	draw(79, 23, false, false);
	assert_non_null(strstr(f.lines[3].text, "measuring"));
	say(1, 1, "end", "");
	say(0, 1, "level", "total=4711");
	draw(79, 23, false, false);
	assert_non_null(strstr(f.lines[3].text, "stopped"));
	assert_non_null(strstr(f.lines[2].text, "ready"));
	shows(5, "4711 exits");
	v.on = false;
	draw(79, 23, false, false);
	assert_non_null(strstr(f.lines[2].text, "stopped"));
	assert_non_null(strstr(f.lines[4].text, "panic"));
}

static void test_windows(void **state)
{
	begin(MAX_LEVEL);
	check_all();
	for (int level = 0; level < 4; level++) {
		up(level, 1 + level);
		check_all();
		starts(level);
		check_all();
	}
	say(3, 4, "stop", "reason=hang,detail=x");
	check_all();
	begin(MAX_LEVEL);
	r.outermost = 0;
	for (int level = 0; level <= 12; level++) {
		up(level, 1000);
		if (level < 12)
			starts(level);
	}
	check_all();
}

/* A level may send anything about itself. */
static void test_hostile(void **state)
{
	begin(DEPTH_OPEN);
	up(0, 1);
	starts(0);
	say(0, 1, "level", "chain=9007199254740992");
	say(1, 1, "level",
	    "hypervisor=\033[2J\r\n\a\xff\xe2\x94,total_kib=9007199254740992,child_kib=1");
	say(1, 1, "text",
	    "line=\033]0;title\a\033[31m\xe2\x80\xae\t\x9b"
	    "5n and more than fits a narrow window or a wide one "
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	say(0, 0, "alive", "exits=99999999999999999999999");
	check_all();
	say(0, 0, "alive", "exits=-5");
	say(0, 0, "alive", "exits=\033[2J");
	say(1, 1, "alive", "exits=7"); /* not its to say */
	assert_true(v.exits > 1e14);
	say(1, 1, "ready", "ready_s=0");
	say(1, 1, "stop", "reason=no-kvm,detail=\033[2J");
	check_all();
	draw(79, 23, true, true);
	assert_null(strstr(f.lines[f.count - 1].text, "\033]"));
	now = v.start_s - 5; /* a clock that was set back */
	check_all();
	now = v.start_s + 1e9;
	check_all();
}

RUN(T(test_pictures), T(test_ends), T(test_windows), T(test_hostile))
