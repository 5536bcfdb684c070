# supernest. `make help` lists the targets; all output goes to build/.

VERSION := $(file <VERSION)

# Options of `make run`; an empty one leaves the command's own default
DEPTH =
MEM =
ACCEL =
TIMEOUT = 300

# What `make dist` adds to the kernel command line, and the key that it signs with
WORDS =
export SIGN_KEY SIGN_CERT

# Source trees of your own, instead of the packaged sources
export KERNEL_TREE QEMU_TREE BUSYBOX_TREE EMULATOR_TREE V

# The mirror of the Debian root that everything is made in where this machine is not Debian
export DEBIAN_MIRROR
# Where sources come from, beside the cache and the machine's mirror
export SOURCES SOURCES_ARCHIVE SUPERNEST_CACHE NETWORK_TIMEOUT

# The tests that `make lint` runs
LINT = build/style build/layers build/docs

Q = $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '  %-8s %s\n')

# A machine that is not Debian runs this same Makefile in a Debian root.
ifneq ($(filter-out help install clean,$(or $(MAKECMDGOALS),all)),)
NOT_DEBIAN := $(shell scripts/in-debian --needed && echo yes)
endif
ifeq ($(NOT_DEBIAN),yes)

.PHONY: in-debian $(or $(MAKECMDGOALS),all)
$(or $(MAKECMDGOALS),all): in-debian ;
in-debian:
	$(Q)scripts/in-debian make $(MAKECMDGOALS) $(MAKEOVERRIDES)

else

# A kernel tree of the user's own is built once, not for more than one CPU too: make smp does that.
all: appliance $(if $(KERNEL_TREE),,smp)

# What a run needs, and what one with --smp needs besides
appliance: build/bzImage build/initramfs.cpio build/initramfs.cpio.gz build/supernest build/supernest.1

smp: build/bzImage-smp build/smp.cpio.gz

run: setup
	$(Q)$(MAKE) --no-print-directory appliance
	$(Q)build/supernest run $(if $(DEPTH),--depth $(DEPTH)) $(if $(MEM),--memory $(MEM)) \
		$(if $(ACCEL),--accel $(ACCEL)) $(if $(TIMEOUT),--timeout $(TIMEOUT))

# Where `make install` puts what was built: DESTDIR/PREFIX
export PREFIX = /usr/local
export DESTDIR =

# Builds nothing: it is often run as another user
install:
	$(Q)scripts/install

deb:
	$(Q)scripts/setup --check deb
	$(Q)$(MAKE) --no-print-directory all
	$(say) DEB build/deb
	$(Q)scripts/deb build/deb

# The release. WORDS= is added to its kernel command line; it is signed if SIGN_KEY= and SIGN_CERT= are given.
dist:
	$(Q)scripts/setup --check dist
	$(Q)$(MAKE) --no-print-directory all build/qemu-emulator
	$(say) DIST build/dist/supernest-$(VERSION)
	$(Q)scripts/source-bundle supernest-$(VERSION)-source build/source.tar
	$(Q)scripts/dist $(VERSION) build/dist/supernest-$(VERSION) "$(WORDS)" build/source.tar

# Without boot/ and ci/, which need many more packages and have targets of their own
TESTS = unit/ e2e/ build/ vmx/

test:
	$(Q)scripts/setup dist deb report vmx
	$(Q)$(MAKE) --no-print-directory dist
	$(Q)tests/run $(TESTS)

# GNU's name for it
check: test

# Headers that are made from other files
GENERATED = build/generated/our_kernel.h build/generated/unusual.h build/generated/known.h

# The quick ones, for each commit
unit: build/parts.key $(GENERATED)
	$(Q)scripts/setup --check test
	$(Q)tests/run unit/ build/programs

lint:
	$(Q)scripts/setup --check test
	$(Q)tests/run $(LINT)

format:
	$(Q)clang-format -i $$(find launcher.c launcher tests -name '*.[ch]')

test-boot:
	$(Q)scripts/setup dist boot
	$(Q)$(MAKE) --no-print-directory dist
	$(Q)tests/run boot/

test-vmx:
	$(Q)scripts/setup dist deb vmx
	$(Q)$(MAKE) --no-print-directory dist
	$(Q)tests/run vmx/

test-ci:
	$(Q)scripts/setup dist ci
	$(Q)$(MAKE) --no-print-directory dist
	$(Q)scripts/ci-tools
	$(Q)tests/run ci/

# Fuzzers of all input from a child, a file or a person. SECONDS= is the time for each; FUZZ= names the ones to run.
SECONDS = 600
FUZZ =
fuzz: appliance
	$(Q)scripts/setup --check test
	$(Q)tests/fuzz/run $(SECONDS) $(FUZZ)

# Injects every fault into every level and compares the reports: build/faults/results.tsv and table.md
test-faults: setup
	$(Q)$(MAKE) --no-print-directory appliance
	$(Q)tests/faults/run

# Measures how deep a chain that recurses goes, and prints the table of docs/performance.md
depth: appliance build/qemu-emulator
	$(Q)scripts/depth

# Measures what a level costs, prints it and writes build/bench.json
bench: appliance
	$(Q)scripts/setup --check test
	$(Q)scripts/bench

# Puts bugs into the kernel, one at a time, and says which are noticed. MUTANTS=DIR has them, as patches.
MUTANTS =
mutants: appliance
	$(Q)scripts/setup --check test
	$(Q)scripts/mutants $(MUTANTS)

# Which lines and branches of KVM run at L0: docs/coverage.md
coverage: all
	$(Q)scripts/setup --check test
	$(Q)scripts/coverage

# A QEMU whose emulated CPU nests better; `supernest run` prefers it if it is there
emulator:
	$(Q)$(MAKE) --no-print-directory build/qemu-emulator

# Linux's own tests of KVM, for --suite kvm-selftests
kvm-selftests: build/selftests.key
	$(Q)ln -sfn selftests/kvm-selftests build/kvm-selftests

# Installs the packages that building and testing need, and those for FOR=; it names them first.
FOR =
setup:
	$(Q)scripts/setup $(FOR)

# Names missing packages and installs nothing
packages:
	$(Q)scripts/setup --check

# All that build, tests and dist need: packages and sources. Afterwards none of them uses a network.
fetch:
	$(Q)scripts/setup dist deb report vmx boot ci
	$(Q)scripts/sources --fetch
	$(Q)$(MAKE) --no-print-directory build/parts.key
	$(Q)scripts/ci-tools

# A new scripts/versions.lock with the newest version of each series; NAMES= are those wanted
update-sources:
	$(Q)scripts/update-sources $(NAMES)

clean:
	$(Q)rm -rf build

help:
	@echo 'Build and run'
	@echo '  make            build build/bzImage, build/initramfs.cpio(.gz), build/supernest and what make smp builds'
	@echo '  make smp        build build/bzImage-smp and build/smp.cpio.gz, for levels with more than one CPU'
	@echo '  make run        install missing packages, build, nest on this machine and print the report'
	@echo '                  DEPTH=N MEM=SIZE ACCEL=auto|kvm|tcg TIMEOUT=SECONDS ($(TIMEOUT); empty: none)'
	@echo '  make emulator   build build/qemu-emulator, whose emulated CPU nests better; run and tests prefer it'
	@echo '  make kvm-selftests  build Linux'"'"'s tests of KVM, for run --suite kvm-selftests'
	@echo '  make setup      install the packages for building and testing; FOR="dist deb boot vmx report ci": more'
	@echo '  make clean      remove build/; the cache keeps what is expensive'
	@echo 'Test'
	@echo '  make test       install missing packages, build and run the tests; make check is the same'
	@echo '  make unit       run the unit tests'
	@echo '  make lint       check style and documentation: $(LINT)'
	@echo '  make format     format all C files'
	@echo '  make test-boot  boot the release in every way: PXE, HTTP, UEFI, BIOS, CD, USB stick'
	@echo '  make test-vmx   nest on Intel VT-x, which Bochs emulates'
	@echo '  make test-ci    try ci/ with LAVA, kunit.py, labgrid, virtme-ng, gitlab-ci-local'
	@echo '  make test-faults  inject every fault into every level and compare the reports'
	@echo '  make fuzz       feed the parsers hostile input, SECONDS=$(SECONDS) for each fuzzer'
	@echo '  make bench      measure what a level costs in exits, memory and time: build/bench.json'
	@echo '  make depth      measure how deep --nesting recursive goes, and at what price'
	@echo '  make mutants    put the bugs of MUTANTS=DIR into the kernel, one at a time, and say which are noticed'
	@echo '  make coverage   measure which lines and branches of KVM runs and suites execute: docs/coverage.md'
	@echo '  tests/run NAME  run one test; see tests/README.md'
	@echo 'Publish'
	@echo '  make dist       build the release and its SHA256SUMS in build/dist/'
	@echo '                  WORDS="nest.depth=2" adds to its kernel command line; SIGN_KEY=KEY.pem SIGN_CERT=CERT.pem sign it'
	@echo '  make deb        build a Debian package in build/deb/'
	@echo '  make install    copy the build to DESTDIR/PREFIX ($(PREFIX))'
	@echo 'Variables'
	@echo '  V=1             show commands and logs'
	@echo '  KERNEL_TREE= QEMU_TREE= BUSYBOX_TREE= EMULATOR_TREE=   build from a tree of your own'
	@echo '  DEBIAN_MIRROR=     where this machine is not Debian: the mirror of the Debian root that `make` builds in'
	@echo '  SOURCES=DIR SOURCES_ARCHIVE=ADDRESS   where sources are looked for too: docs/building.md'
	@echo '  SUPERNEST_CACHE=   where sources and expensive outputs are kept (~/.cache/supernest)'
	@echo 'Only run, setup and the test targets install packages, and they name them first.'

# The expensive steps. A key changes only when the output that it names has changed.
build/%.key: FORCE | packages
	$(Q)scripts/cached $*

build/busybox.key build/qemu.key build/emulator.key build/firmware.key build/selftests.key: build/parts.key

build/bzImage: build/kernel.key
	$(Q)install -m 0644 build/kernel/bzImage $@

build/bzImage-smp: build/kernel-smp.key
	$(Q)install -m 0644 build/kernel-smp/bzImage $@

# It finds build/firmware beside it
build/qemu-emulator: build/emulator.key build/firmware.key
	$(Q)install -m 0755 build/emulator/qemu-emulator $@

build/manifest.txt: build/parts.key build/kernel.key build/qemu.key build/busybox.key scripts/manifest
	$(Q)scripts/manifest >$@.new && mv $@.new $@

build/initramfs.cpio: build/bzImage build/supernest build/manifest.txt build/qemu.key build/busybox.key build/parts.key \
		initramfs/files initramfs/profile initramfs/words scripts/build-initramfs
	$(say) CPIO $@
	$(Q)scripts/build-initramfs

build/initramfs.cpio.gz: build/initramfs.cpio
	$(say) GZIP $@
	$(Q)gzip -n -9 <$< >$@.new && mv $@.new $@

# What makes an initramfs one of levels with more than one CPU, appended to it
build/smp.cpio.gz: build/initramfs.cpio build/bzImage-smp scripts/build-smp
	$(say) CPIO $@
	$(Q)scripts/build-smp | gzip -n -9 >$@.new && mv $@.new $@

# The launcher: one static program, /init in the archive and the command on a host
CC = musl-gcc
CFLAGS = -std=gnu11 -Os -g0 -Wall -Wextra -Werror
LAUNCHER_CFLAGS = $(CFLAGS) -static -fno-pie -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables \
	-ffile-prefix-map=$(CURDIR)/= -DVERSION='"$(VERSION)"' -Ilauncher -Ibuild/generated -Ibuild/parts -idirafter build/parts/headers
LAUNCHER_LDFLAGS = -static -no-pie -s -Wl,--gc-sections -Wl,--build-id=none
OBJECTS = $(patsubst %.c,build/obj/%.o,launcher.c $(sort $(wildcard launcher/*/*.c))) build/obj/cJSON.o

build/supernest: $(OBJECTS)
	$(say) LINK $@
	$(Q)$(CC) $(LAUNCHER_LDFLAGS) -o $@ $^

build/generated/our_kernel.h: build/bzImage build/busybox.key scripts/kernel-sizes
	$(Q)mkdir -p $(@D)
	$(Q)scripts/kernel-sizes $< build/busybox/busybox >$@.new && mv $@.new $@

# What comes with the command, as strings
as_string = { echo 'static const char $(1)[] ='; sed -e 's/[\\"]/\\&/g' -e 's/^/\t"/' -e 's/$$/\\n"/' $<; echo ';'; } >$@.new && mv $@.new $@

build/generated/unusual.h: launcher/host/unusual.matrix Makefile
	$(Q)mkdir -p $(@D)
	$(Q)$(call as_string,unusual_matrix)

build/generated/known.h: launcher/host/kvm-selftests.known Makefile
	$(Q)mkdir -p $(@D)
	$(Q)$(call as_string,known_failures)

build/obj/%.o: %.c build/parts.key Makefile VERSION | $(GENERATED)
	$(say) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LAUNCHER_CFLAGS) -MMD -MP -c -o $@ $<

build/obj/cJSON.o: build/parts.key Makefile
	$(say) CC cJSON.c
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LAUNCHER_CFLAGS) -w -c -o $@ build/parts/cJSON.c

build/supernest.1: docs/supernest.1 scripts/manual build/supernest
	$(say) MAN $@
	$(Q)scripts/manual build/supernest $(VERSION) >$@.new && mv $@.new $@

-include $(OBJECTS:.o=.d)

.PHONY: all appliance smp run install deb dist test check unit lint format test-boot test-vmx test-ci test-faults fuzz bench depth mutants coverage emulator kvm-selftests setup fetch update-sources \
	packages clean help FORCE
.DELETE_ON_ERROR:

endif
