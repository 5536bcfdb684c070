# shellcheck shell=sh
# Helpers of the tests in e2e/ and build/. A test runs in a folder of its own; TOP is the checkout.
# ART=DIR has the artifacts to test, if not build/.

ART=${ART:-$TOP/build}
KERNEL=$ART/bzImage
INITRAMFS=$ART/initramfs.cpio.gz

fail() {
	echo "FAIL: $*"
	exit 1
}

skip() {
	echo "$*"
	exit 77
}

# status EXPECTED COMMAND...: runs it, what it prints in `out` and `err`. Its exit status must be the EXPECTED one.
status() {
	expected=$1
	shift
	is=0
	"$@" >out 2>err </dev/null || is=$?
	[ "$is" = "$expected" ] || {
		cat out err
		fail "exit status $is instead of $expected: $*"
	}
}

# says FILE PATTERN...: each in some line of the file
says() {
	file=$1
	shift
	for pattern; do
		grep -q -e "$pattern" "$file" || {
			tail -n 30 "$file"
			fail "$file does not say: $pattern"
		}
	done
}

# is FILTER...: true of report.json
is() {
	for filter; do
		[ "$(jq "$filter" report.json)" = true ] || {
			jq -c '.outcome, (.levels[] | del(.checks)), (.levels[].checks | map([.id, .result, .value]))' report.json
			fail "not so: $filter"
		}
	done
}

# within SECONDS COMMAND...: until it succeeds, or fails if it does not by then
within() {
	tries=$(($1 * 10))
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

# gone PID
gone() {
	! kill -0 "$1" 2>/dev/null
}

# program NAME: a script from standard input
program() {
	cat >"$1"
	chmod 755 "$1"
}

# needs_tcg: skips where no QEMU emulates AMD-V well enough
needs_tcg() {
	"$ART/supernest" check --accel tcg >reasons || skip "$(sed -n 's/^tcg: no: //p' reasons)"
}

# The QEMUs to test: the emulator, if it was built, and this machine's own
qemus() {
	[ ! -x "$ART/qemu-emulator" ] || echo "$ART/qemu-emulator"
	echo qemu-system-x86_64
}

# nest STATUS OPTION...: a run on TCG, its report in report.json
nest() {
	expected=$1
	shift
	rm -f report.json
	status "$expected" "$ART/supernest" run --accel tcg --kernel "$KERNEL" --initramfs "$INITRAMFS" --json report.json "$@"
	[ "$(tail -n 1 out)" = '# supernest: end' ] || fail "the last line is not '# supernest: end'"
	[ "$(jq -r .schema report.json)" = supernest-report/1 ] || fail "no report"
}

# came_up N: L0 to LN, and no more, were ready
came_up() {
	is ".outcome.reached == $1" "[.levels[] | select(.ready) | .level] == [range($1 + 1)]"
}

# stopped_by REASON LEVEL WORDS: the outcome, and the words in its detail
stopped_by() {
	is ".outcome.stop == \"$1\"" ".outcome.stop_level == $2" ".outcome.detail | test(\"$3\")"
}

# with_hook LEVEL SCRIPT: the level runs it before its checks; LEVEL * is every level. INITRAMFS is what has it.
with_hook() {
	mkdir -p files/etc/supernest
	program files/etc/supernest/hook <<-END
		#!/bin/sh
		case \$NEST_LEVEL in
		$1) ;;
		*) exit 0 ;;
		esac
		$2
	END
	append files
}

# append DIR: INITRAMFS is the appliance's with these files behind it, as a user appends them
append() {
	(cd "$1" && find . -mindepth 1 | cpio -o -H newc -R 0:0 --quiet | gzip) >files.cpio.gz
	cat "$ART/initramfs.cpio.gz" files.cpio.gz >initramfs.cpio.gz
	INITRAMFS=$PWD/initramfs.cpio.gz
}

# plain WORDS [QEMU OPTION...]: the one-liner of the README. The serial console is in `console`, the machine ends by itself.
# QEMU= is which one, if not this machine's own.
plain() {
	words=$1
	shift
	"${QEMU:-qemu-system-x86_64}" -accel tcg -cpu max,+svm -m 1G -nographic -no-reboot -kernel "$KERNEL" -initrd "$INITRAMFS" \
		-append "console=ttyS0 $words" "$@" </dev/null >serial
	tr -d '\r' <serial >console
	# What the kernel says as it ends is all that may come after it.
	[ "$(grep -v '^\[' console | tail -n 1)" = '# supernest: end' ] || {
		tail -n 30 console
		fail "the last line is not '# supernest: end'"
	}
}

# checkout DIR: a copy of the checkout, without what was built in it
checkout() {
	mkdir -p "$1"
	tar -C "$TOP" --exclude ./build --exclude ./.git -cf - . | tar -C "$1" --no-same-permissions -xf -
}

# The cache that the checkout's build uses
real_cache() {
	(cd "$TOP" && . scripts/cache && echo "$CACHE")
}

# private_cache DIR: one of this test's own, with the sources of the real one
private_cache() {
	mkdir -p "$1"
	ln -s "$(real_cache)/sources" "$(real_cache)/apt" "$1"
}
