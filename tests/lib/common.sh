# shellcheck shell=sh
# Helpers for tests in shell. A test runs in an empty folder of its own; TOP is the checkout. ART=DIR names another folder than build/ whose
# files are tested.

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

# status EXPECTED COMMAND...: runs the command, with its output in `out` and `err`; its exit status must be EXPECTED
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

# says FILE PATTERN...: each pattern must match a line of the file
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

# is FILTER...: each jq filter must be true of report.json
is() {
	for filter; do
		[ "$(jq "$filter" report.json)" = true ] || {
			jq -c '.outcome, (.levels[] | del(.checks)), (.levels[].checks | map([.id, .result, .value]))' report.json
			fail "not so: $filter"
		}
	done
}

# within SECONDS COMMAND...: repeats the command until it succeeds; fails after that time
within() {
	tries=$(($1 * 10))
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

# gone PID: whether the process has ended
gone() {
	! kill -0 "$1" 2>/dev/null
}

# program NAME: makes an executable from standard input
program() {
	cat >"$1"
	chmod 755 "$1"
}

# needs_tcg: skips the test if no QEMU emulates AMD-V well enough
needs_tcg() {
	"$ART/supernest" check --accel tcg >reasons || skip "$(sed -n 's/^tcg: no: //p' reasons)"
}

# qemus: the emulator, if it was built, and this machine's own QEMU
qemus() {
	[ ! -x "$ART/qemu-emulator" ] || echo "$ART/qemu-emulator"
	echo qemu-system-x86_64
}

# nest STATUS OPTION...: a run on TCG that must end with this status; its report is in report.json
nest() {
	expected=$1
	shift
	rm -f report.json
	status "$expected" "$ART/supernest" run --accel tcg --kernel "$KERNEL" --initramfs "$INITRAMFS" --json report.json "$@"
	[ "$(tail -n 1 out)" = '# supernest: end' ] || fail "the last line is not '# supernest: end'"
	[ "$(jq -r .schema report.json)" = supernest-report/1 ] || fail "no report"
}

# came_up N: L0 to LN must have been ready, and no others
came_up() {
	is ".outcome.reached == $1" "[.levels[] | select(.ready) | .level] == [range($1 + 1)]"
}

# stopped_by REASON LEVEL PATTERN: checks the outcome; its detail must match the pattern
stopped_by() {
	is ".outcome.stop == \"$1\"" ".outcome.stop_level == $2" ".outcome.detail | test(\"$3\")"
}

# with_hook LEVEL SCRIPT: puts a hook into INITRAMFS that runs SCRIPT in this level (*: in every level)
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

# append DIR: appends these files to the appliance's INITRAMFS, as a user does
append() {
	(cd "$1" && find . -mindepth 1 | cpio -o -H newc -R 0:0 --quiet | gzip) >files.cpio.gz
	cat "$ART/initramfs.cpio.gz" files.cpio.gz >initramfs.cpio.gz
	INITRAMFS=$PWD/initramfs.cpio.gz
}

# plain PARAMETERS [QEMU OPTION...]: runs the README's one-liner with these kernel parameters until the machine ends. `console` gets its
# serial console. QEMU= names another QEMU than this machine's own.
plain() {
	words=$1
	shift
	"${QEMU:-qemu-system-x86_64}" -accel tcg -cpu max,+svm -m 1G -nographic -no-reboot -kernel "$KERNEL" -initrd "$INITRAMFS" \
		-append "console=ttyS0 $words" "$@" </dev/null >serial
	tr -d '\r' <serial >console
	# Only messages of the ending kernel may follow.
	[ "$(grep -v '^\[' console | tail -n 1)" = '# supernest: end' ] || {
		tail -n 30 console
		fail "the last line is not '# supernest: end'"
	}
}

# checkout DIR: copies the checkout, without build/
checkout() {
	mkdir -p "$1"
	tar -C "$TOP" --exclude ./build --exclude ./.git -cf - . | tar -C "$1" --no-same-permissions -xf -
}

# real_cache: the folder of the cache that the build uses
real_cache() {
	(cd "$TOP" && . scripts/cache && echo "$CACHE")
}

# private_cache DIR: makes a cache of this test's own, with the sources of the real one
private_cache() {
	mkdir -p "$1"
	ln -s "$(real_cache)/sources" "$(real_cache)/apt" "$1"
}

# published: makes a release in the folder `published`, with a depth and an end for tests
published() {
	(cd "$TOP" && scripts/dist test "$OLDPWD/published" "nest.depth=1 nest.end=reboot")
	v=supernest-test
	export v
}

# released: copies the release that `make dist` made to the folder `published`
released() {
	v=supernest-$(cat "$TOP/VERSION")
	export v
	mkdir published
	for file in "$TOP/build/dist/$v"/*; do
		case $file in
		*-source.tar) ln -s "$file" published/ ;; # large
		*) cp -r "$file" published/ ;;
		esac
	done
}

# served: does that and serves it by HTTP, on port 8000 of this test's own network; SUPERNEST is the address
served() {
	released
	(cd published && exec python3 -m http.server --bind 127.0.0.1 8000) >http.log 2>&1 &
	export SUPERNEST=http://127.0.0.1:8000
	within 10 curl -fso /dev/null $SUPERNEST/SHA256SUMS || fail "nothing is served"
}

# recipe NAME [DOCUMENT]: prints the code block of the document (docs/booting.md) that starts with the comment `# NAME`
recipe() {
	awk -v first="# $1" '
		/^```/ { if (found) exit; start = 1; next }
		start && ($0 == first || index($0, first ":") == 1) { found = 1 }
		{ start = 0 }
		found' "$TOP/${2:-docs/booting.md}" | grep . || fail "${2:-docs/booting.md} has no recipe called $1"
}

# boots NAME [PARAMETER...]: boots the release in the machine of this recipe; it must nest once, report, and end. Its kernel command line must
# have the PARAMETERs.
boots() {
	recipe "$1" >steps
	(cd published && sh -eu ../steps) </dev/null >serial
	tr -d '\r' <serial >console
	nested_once "$1"
	shift
	for word; do
		says console "Command line: .*$word"
	done
}

# nested_once NAME: the report in `console` must be complete: L1 was reached, and all checks passed
nested_once() {
	mv console "console of $1"
	says "console of $1" '^# supernest: L0 ready$' '^# supernest: L1 ready$' '^PASS: reached L1 of L1; stopped by depth' \
		'^KTAP version 1$' '^ok 1 supernest # stop=depth reached=1$' '^# supernest: end$' \
		'TEST_CASE_ID=l1_kernel RESULT=pass' '^L0  *machine  *TCG  *svm '
	! grep -a -e '^ *not ok' -e 'RESULT=fail' -e 'Kernel panic' "console of $1" || fail "a check failed: see 'console of $1'"
	cp "console of $1" console
	echo "$1: booted to '# supernest: end'"
}

# alone FLAGS: runs the rest of the test in namespaces of its own, by unshare's FLAGS: m, mounts; n, a network without a way out. The test is
# root there; AS_ROOT is -r if it is not outside.
alone() {
	[ -z "${ALONE-}" ] || return 0
	AS_ROOT=
	[ "$(id -u)" = 0 ] || AS_ROOT=-r
	export AS_ROOT ALONE=1
	unshare $AS_ROOT "-$1" true 2>err || skip "no namespaces to be had: $(cat err)"
	exec unshare $AS_ROOT "-$1" "$0"
}

# own_network: runs the rest of the test in a network of its own, without a way out
own_network() {
	alone n
	ip link set lo up
}

# on_bochs MODEL DEPTH SECONDS TEXT: boots the CD of a release in Bochs with this CPU model, by docs/booting.md, until its serial line says
# TEXT or this machine's clock says that the time is up. Bochs does not stop by itself.
on_bochs() {
	command -v bochs >/dev/null || skip "bochs is not installed, and nothing else here emulates VT-x"
	# Bochs 3.0 has posted interrupts and refuses KVM's descriptor of them. Its log says "VMFAIL: VMCS EXEC CTRL: Posted Interrupt Descriptor
	# phy addr malformed" (tigerlake). 2.7 has none.
	(cd "$TOP" && scripts/dist test "$OLDPWD/published" \
		"nest.timeout=0 nest.depth=$2 nest.report=table,json kvm_intel.enable_apicv=0")
	ln -sf published/supernest-test-x86_64.iso cd.iso
	recipe bochsrc | sed "s/model=[a-z0-9_]*/model=$1/" >configuration
	recipe Bochs | sed 's/^bochs/exec bochs/; s/-f bochsrc/-f configuration/' >steps
	rm -f serial
	sh -eu steps >messages 2>&1 &
	machine=$!
	began=$(date +%s) level=-1 found=0
	while [ $(($(date +%s) - began)) -lt "$3" ] && ! gone $machine; do
		if [ -e serial ] && [ "$(grep -c '^# supernest: L[0-9]* ready' serial)" -gt $((level + 1)) ]; then
			level=$((level + 1))
			echo "$1: L$level ready after $(($(date +%s) - began)) s"
		elif grep -qs "^$4" serial; then
			found=1
			break
		fi
		sleep 1
	done
	kill -s KILL $machine 2>/dev/null || true
	echo "$1: stopped after $(($(date +%s) - began)) s"
	tr -d '\r' <serial >console
}

# console_report: gets the report, which must be complete, from `console`
console_report() {
	[ "$found" = 1 ] || {
		tail -n 20 console bochs.log messages
		fail "no end of the report"
	}
	sed -n '/^# supernest: json begin$/,/^# supernest: json end$/p' console | grep -v '^#' >report.json
}

# nest_in_bochs MODEL DEPTH SECONDS [OPTION...]: a run to this depth in Bochs, with this CPU model
nest_in_bochs() {
	for program in bochs xorriso; do
		command -v $program >/dev/null || skip "$program is not installed, and nothing else here emulates VT-x"
	done
	model=$1 depth=$2 seconds=$3
	shift 3
	nest 0 --cpu-emulator bochs --cpu "$model" --depth "$depth" --memory 512M --timeout "$seconds" "$@"
}

# shellcheck disable=SC2016 # $ is jq's
# nested_on_vtx DEPTH: report.json must be complete, and from an Intel CPU that Bochs emulates
nested_on_vtx() {
	came_up "$1"
	stopped_by depth "$1" "depth $1 was asked for and reached"
	is '.outcome.ok' '.outcome.lost_records == 0' '.outcome.console == []' '.levels[0].hypervisor == "Bochs"' \
		'all(.levels[1:][]; .hypervisor == "KVM")' 'all(.levels[].cpu; .vendor == "GenuineIntel" and .virt == "vmx")' \
		'[.levels[].cpu.model] | unique | length == 1' 'all(.levels[].checks[]; .result == "pass" and .detail == "")' \
		'all(.levels[1:][].checks; map(.id) | index("archive") != null and index("kernel") != null)' \
		'[.levels[].archive_sha256] | unique | length == 1' '[.levels[].kernel_sha256] | unique | length == 1' \
		'all(.levels[1:][].exits; .boot > 50 and .boot <= .total)' \
		'[.levels[1:][].exits.chain] as $c | all(range($c | length - 1); $c[. + 1] > 2 * $c[.])' \
		'[.levels[].cost.cpuid_cycles] as $c | all(range($c | length - 1); $c[. + 1] / $c[.] > 2)' \
		'all(.levels[:-1][].memory; .overhead_kib > 15000 and .overhead_kib < 60000)'
	jq -c '.levels[] | [.level, .cpu.features, .exits, .memory.overhead_kib, .cost.cpuid_cycles]' report.json
}

# debian_kernel SUITE: tests a kernel of scripts/versions; its modules are in `tree`
debian_kernel() {
	tree=$(cd "$TOP" && scripts/sources "kernel-$1" 2>"$OLDPWD/sources") || {
		cat sources
		skip "no kernel of $1 to be had: $(tail -n 1 sources)"
	}
	KERNEL=$(find "$tree/" -name 'vmlinuz*' | head -n 1)
	[ -n "$KERNEL" ] || fail "$tree has no vmlinuz"
}

# nests_debian LEVELS DEPTH: runs the kernel under test in these levels (all: everywhere) and ours in the others; everything must pass
nests_debian() {
	case $1 in
	all) nest 0 --depth "$2" --modules "$tree" --timeout 200 ;;
	*) nest 0 --depth "$2" --modules "$tree" --timeout 200 --levels "$1" ;;
	esac
	jq -c '.levels[] | [.level, .kernel, .memory.overhead_kib, .exits.boot, .boot.wall_s]' report.json
	came_up "$2"
	is '.outcome.ok' 'all(.levels[].checks[]; .result == "pass")' '[.levels[].archive_sha256] | unique | length == 1' \
		'.outcome.lost_records == 0' \
		"all(.levels[]; .level as \$l | (.kernel | test(\"cloud-amd64$\"))
			== (\"$1\" == \"all\" or (\"$1\" | split(\",\") | index(\$l | tostring)) != null))"
	! grep 'lacks CONFIG' out || fail "Debian's kernel is said to lack something"
}
