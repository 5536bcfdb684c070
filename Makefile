# supernest. `make help` lists what there is to make; everything ends up in build/.

VERSION := $(file <VERSION)

# How far `make run` goes, in which guest; empty is the command's own default
DEPTH =
MEM =
ACCEL =
TIMEOUT = 300

# What `make dist` adds to the kernel command line, and signs with
WORDS =
export SIGN_KEY SIGN_CERT

# Trees of the user's own, instead of the packaged sources
export KERNEL_TREE QEMU_TREE BUSYBOX_TREE EMULATOR_TREE V

# The mirror of the Debian that everything is made in, where this machine is none
export DEBIAN_MIRROR

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

all: build/bzImage build/initramfs.cpio build/initramfs.cpio.gz build/supernest build/supernest.1

run: setup
	$(Q)$(MAKE) --no-print-directory all
	$(Q)build/supernest run $(if $(DEPTH),--depth $(DEPTH)) $(if $(MEM),--memory $(MEM)) \
		$(if $(ACCEL),--accel $(ACCEL)) $(if $(TIMEOUT),--timeout $(TIMEOUT))

# Where `make install` puts what was built: DESTDIR/PREFIX
export PREFIX = /usr/local
export DESTDIR =

# Builds nothing, for it is often run as another user
install:
	$(Q)scripts/install

deb:
	$(Q)scripts/setup deb
	$(Q)$(MAKE) --no-print-directory all
	$(say) DEB build/deb
	$(Q)scripts/deb build/deb

# What is published; WORDS= are added to the kernel command line in it. Signed if there is a SIGN_KEY= and a SIGN_CERT=.
dist:
	$(Q)scripts/setup dist
	$(Q)$(MAKE) --no-print-directory all build/qemu-emulator
	$(say) DIST build/dist/supernest-$(VERSION)
	$(Q)scripts/dist $(VERSION) build/dist/supernest-$(VERSION) "$(WORDS)"

# All tests but those of booting, which are many machines and have a target of their own.
test:
	$(Q)scripts/setup dist deb report vmx
	$(Q)$(MAKE) --no-print-directory dist
	$(Q)tests/run unit/ e2e/ build/ vmx/

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

# Fuzzers of all that is read from a child, a file or a person, SECONDS each; FUZZ= names those wanted
SECONDS = 600
FUZZ =
fuzz: setup
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/fuzz/run $(SECONDS) $(FUZZ)

# Every fault at every level, and what is reported: build/faults/results.tsv
test-faults: setup
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/faults/run

# What a level costs: prints it and writes build/bench.json
bench: setup
	$(Q)$(MAKE) --no-print-directory all
	$(Q)scripts/bench

# The QEMU that `supernest run` prefers, if it is there
emulator:
	$(Q)scripts/setup
	$(Q)$(MAKE) --no-print-directory build/qemu-emulator

setup:
	$(Q)scripts/setup

check:
	$(Q)scripts/setup --check

clean:
	$(Q)rm -rf build

help:
	@echo 'make          build/bzImage, build/initramfs.cpio(.gz), build/supernest'
	@echo 'make run      install what is missing, build, nest on this machine and print the report'
	@echo '              DEPTH=N MEM=SIZE ACCEL=auto|kvm|tcg TIMEOUT=SECONDS ($(TIMEOUT); empty: none)'
	@echo 'make test     install what is missing, build and run the tests'
	@echo 'make test-boot   boot what is published in every way: PXE, HTTP, UEFI, BIOS, CD, stick'
	@echo 'make test-vmx    nest on Intel VT-x, which Bochs emulates'
	@echo 'make test-ci  try what is in ci/ with LAVA, kunit.py, labgrid, virtme-ng, gitlab-ci-local'
	@echo 'make fuzz     feed the parsers hostile input, SECONDS=$(SECONDS) for each of the fuzzers in tests/fuzz/'
	@echo 'make test-faults break every level in every way, and see what is reported'
	@echo 'make dist     build/dist/: what is published, and SHA256SUMS of it'
	@echo '              WORDS="nest.depth=2" for its kernel command line, SIGN_KEY=KEY.pem SIGN_CERT=CERT.pem'
	@echo 'make install  copy what was built to DESTDIR/PREFIX ($(PREFIX))'
	@echo 'make deb      build/deb/: a Debian package of it'
	@echo 'make bench    measure what a level costs in exits, memory and time: build/bench.json'
	@echo 'make emulator build/qemu-emulator: an emulated CPU that nests better; run and tests use it when it is there'
	@echo 'make setup    install what is missing and nothing else'
	@echo 'make clean    remove build/ (what is expensive stays in the cache)'
	@echo 'V=1           show the commands and the logs'
	@echo 'KERNEL_TREE= QEMU_TREE= BUSYBOX_TREE= EMULATOR_TREE=   build from a tree of your own'
	@echo 'DEBIAN_MIRROR=     where this machine is not Debian: the mirror of the Debian root that it is all made in'
	@echo 'SUPERNEST_CACHE=   where sources and expensive outputs are kept (~/.cache/supernest)'

# The expensive steps. A key changes only when what it stands for did.
build/%.key: FORCE | check
	$(Q)scripts/cached $*

build/busybox.key build/qemu.key build/emulator.key build/firmware.key: build/parts.key

build/bzImage: build/kernel.key
	$(Q)install -m 0644 build/kernel/bzImage $@

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

# The launcher: one static program, /init in the archive and the command on a host
CC = musl-gcc
CFLAGS = -std=gnu11 -Os -g0 -Wall -Wextra -Werror
LAUNCHER_CFLAGS = $(CFLAGS) -static -fno-pie -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables \
	-ffile-prefix-map=$(CURDIR)/= -DVERSION='"$(VERSION)"' -Ibuild/generated -Ibuild/parts -idirafter build/parts/headers
LAUNCHER_LDFLAGS = -static -no-pie -s -Wl,--gc-sections -Wl,--build-id=none
OBJECTS = $(patsubst %.c,build/obj/%.o,launcher.c $(sort $(wildcard launcher/*.c))) build/obj/cJSON.o

build/supernest: $(OBJECTS)
	$(say) LINK $@
	$(Q)$(CC) $(LAUNCHER_LDFLAGS) -o $@ $^

build/generated/our_kernel.h: build/bzImage scripts/kernel-sizes
	$(Q)mkdir -p $(@D)
	$(Q)scripts/kernel-sizes $< >$@.new && mv $@.new $@

build/obj/%.o: %.c build/parts.key Makefile VERSION | build/generated/our_kernel.h
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

.PHONY: all run install deb dist test test-boot test-vmx test-ci test-faults fuzz bench emulator setup check clean help FORCE
.DELETE_ON_ERROR:

endif
