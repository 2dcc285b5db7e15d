# SPDX-License-Identifier: Apache-2.0
# make            build/kithd and build/kith
# make check      install what is missing, build, run every test; ends in "N passed, N failed"
# make demo       install, build, play a real log through the daemon
# make release    build/release/kithd and build/release/kith: by a profile, for production; a minute or two
# make help       the rest
CC      ?= cc
BUILD   ?= build
CFLAGS  ?= -O3 -g -fno-plt
WARN     = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
           -Wwrite-strings -Wundef -Wvla -Wno-missing-field-initializers
# What gcc takes for uninitialised at -O3 is a hint, not an error.
WERROR_FLAGS = -Werror $(if $(findstring clang,$(CC)),,-Wno-error=maybe-uninitialized)
# gcc clears and copies what is larger than 32 bytes by `rep stos` and `rep movs`, which take 14 ns to
# begin: more than all of a large struct. Where the compiler knows these, stores or a call instead.
copy_flags = unrolled_loop:128:noalign,libcall:-1:noalign
COPY_FLAGS := $(shell for f in memset memcpy; do set -- "$$@" -m$$f-strategy=$(copy_flags); done; \
	$(CC) "$$@" -E -x c /dev/null >/dev/null 2>&1 && echo "$$@")
# "make release" below: COUNTING=1 is the build whose runs are counted; PROFILE=dir is compiled by what was
# counted there, under the names that things had there (-dumpdir), since gcc knows a static function by
# its object's. Functions that were not run are compiled as without a profile, not for size. Linking
# optimises the whole: one pays with the other (docs/PERFORMANCE.md, "Flags").
COUNTING ?=
PROFILE  ?=
count_flags  = -fprofile-generate -fprofile-update=atomic -w
guided_flags = -fprofile-use -fprofile-partial-training -Wno-missing-profile \
               -dumpdir $(dir $(@:$(BUILD)/%=$(PROFILE)/%))
VERSION  = 0.1.0
SAN     ?=
# Contracted floating point would give other bits wherever the compiler inlines otherwise, and a
# replay must give the same ones.
ALL_CFLAGS = -std=gnu11 $(CPPFLAGS) $(CFLAGS) -ffp-contract=off $(WARN) $(if $(WERROR),$(WERROR_FLAGS)) $(SAN) \
             $(if $(COUNTING),$(count_flags)) $(if $(PROFILE),-flto=auto -w) $(HOT) -I. -I$(BUILD)/gen \
             -DKITH_VERSION='"$(VERSION)"' -MMD -MP -pthread -fno-strict-aliasing

CORE_LIBS = -lprotobuf-c -llmdb -ljansson -lxxhash -lm
TOOL_LIBS = -lzmq -lcyaml -lnlopt $(CORE_LIBS)
DAEMON_LIBS = -levent -lzmq -lcyaml -lnlopt -lcurl -lcrypto $(CORE_LIBS) $(shell pkg-config --libs libsystemd 2>/dev/null)

PREREQ = tests/prereq

core_src  := $(wildcard base/*.c words/*.c lifecycle/*.c fit/*.c store/*.c proto/*.c workers/*.c)
core_gen  := $(BUILD)/gen/proto/kith.pb-c.c $(BUILD)/gen/default_lifecycle.c $(BUILD)/gen/words_en.c $(BUILD)/gen/words_zh.c
core_obj  := $(core_src:%.c=$(BUILD)/%.o) $(core_gen:$(BUILD)/%.c=$(BUILD)/%.o)
$(core_obj): HOT = $(if $(SAN),,$(COPY_FLAGS))
daemon_obj := $(patsubst %.c,$(BUILD)/%.o,$(filter-out daemon/main.c,$(wildcard daemon/*.c)))
client_obj := $(patsubst %.c,$(BUILD)/%.o,$(wildcard clients/c/*.c))
ctl_obj   := $(patsubst %.c,$(BUILD)/%.o,$(filter-out ctl/main.c,$(wildcard ctl/*.c)))

unit_tests := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/test_*.c))
sim_lib_obj := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(wildcard tests/sim/test_*.c),$(wildcard tests/sim/*.c)))
sim_tests  := $(patsubst tests/sim/%.c,$(BUILD)/tests/sim/%,$(wildcard tests/sim/test_*.c))
fuzz_names := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz_replays := $(fuzz_names:%=$(BUILD)/tests/fuzz/%_replay)
tool_bins := $(patsubst tests/faults/%.c,$(BUILD)/tests/faults/%,$(filter-out %shim.c,$(wildcard tests/faults/*.c)))

.PHONY: all release check-release bench check test demo prereq clean format arrows asan ubsan ubsan-system tsan fuzz help install sim faults power
.SECONDARY:
all: $(BUILD)/kithd $(BUILD)/kith $(BUILD)/libkith.a

$(BUILD)/gen/proto/kith.pb-c.c $(BUILD)/gen/proto/kith.pb-c.h &: proto/kith.proto
	@mkdir -p $(BUILD)/gen
	protoc-c --c_out=$(BUILD)/gen proto/kith.proto
# Files as bytes: $(1)[] and $(1)_size from the file $(2).
define file_as_bytes
$(BUILD)/gen/$(1).c: $(2) Makefile
	@mkdir -p $$(@D)
	{ echo '/* made from $(2) */'; \
	  echo 'extern const unsigned char $(1)[];'; \
	  echo 'extern const unsigned $(1)_size;'; \
	  echo 'const unsigned char $(1)[] = {'; \
	  od -An -v -tx1 $$< | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'; \
	  echo '0};'; \
	  echo 'const unsigned $(1)_size = sizeof $(1) - 1;'; } > $$@

endef
$(eval $(call file_as_bytes,default_lifecycle,examples/default.lifecycle))
$(eval $(call file_as_bytes,words_en,words/en.messages))
$(eval $(call file_as_bytes,words_zh,words/zh.messages))

$(BUILD)/gen/%.o: $(BUILD)/gen/%.c
	$(CC) $(filter-out -W%,$(ALL_CFLAGS)) -c -o $@ $<
$(BUILD)/%.o: %.c $(if $(PROFILE),$(PROFILE)/trained) | $(BUILD)/gen/proto/kith.pb-c.h
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(if $(PROFILE),$(guided_flags)) -c -o $@ $<

$(BUILD)/libcore.a: $(core_obj)
	@rm -f $@
	$(AR) rcs $@ $^
$(BUILD)/libkith.a: $(client_obj) $(filter $(BUILD)/base/% $(BUILD)/proto/% $(BUILD)/gen/proto/%,$(core_obj))
	@rm -f $@
	$(AR) rcs $@ $^
$(BUILD)/kithd: $(BUILD)/daemon/main.o $(daemon_obj) $(BUILD)/libcore.a
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(DAEMON_LIBS)
$(BUILD)/kith: $(BUILD)/ctl/main.o $(ctl_obj) $(client_obj) $(BUILD)/libcore.a
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(TOOL_LIBS)

# Tests hold the daemon and the tool, so they want the libraries of both.
$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(ctl_obj) $(client_obj) $(daemon_obj) $(BUILD)/libcore.a
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(DAEMON_LIBS)
$(BUILD)/tests/sim/test_%: $(BUILD)/tests/sim/test_%.o $(sim_lib_obj) $(BUILD)/libcore.a
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(CORE_LIBS)
$(BUILD)/tests/fuzz/%_replay: $(BUILD)/tests/fuzz/%.o $(BUILD)/tests/fuzz/replay.o $(ctl_obj) $(client_obj) $(daemon_obj) $(BUILD)/libcore.a
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(DAEMON_LIBS)
$(BUILD)/tests/faults/%.so: tests/faults/%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -g -Wall -Wextra -shared -fPIC -o $@ $< -ldl
$(BUILD)/tests/faults/%: $(BUILD)/tests/faults/%.o $(sim_lib_obj) $(BUILD)/libcore.a
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(CORE_LIBS)

fault_tools := $(tool_bins) $(patsubst tests/faults/%.c,$(BUILD)/tests/faults/%.so,$(wildcard tests/faults/*shim.c))
# kith-budget has a malloc of its own, which a sanitizer has too.
tests_built: $(unit_tests) $(sim_tests) $(fuzz_replays) $(fault_tools) $(if $(SAN),,$(BUILD)/kith-budget)
.PHONY: tests_built

# kithd and kith as they are to be installed: built to count, run as a shop runs them (bench/train), built
# again by what was counted. The ordinary build is not touched. Without ccache, which gives back objects
# that count into another directory, and does not see what -fprofile-use reads. Warnings are the ordinary
# build's to give.
parallel = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
counted := $(BUILD)/counting
shipped := $(BUILD)/release
guided_make = CCACHE_DISABLE=1 $(MAKE) --no-print-directory BUILD=$(shipped) PROFILE=$(counted) AR=gcc-ar $(parallel)
release:
	@case "$(CC)" in *clang*) echo "make release: gcc's profiles are what it uses, so CC must be gcc; make builds with $(CC), \
	make install RELEASE=no installs that" >&2; exit 1;; esac
	@CCACHE_DISABLE=1 $(MAKE) --no-print-directory $(parallel) BUILD=$(counted) COUNTING=1 $(counted)/trained || { echo "make release: no profile, so no $(shipped); \
	the ordinary build is as it was, and make install RELEASE=no installs that" >&2; exit 1; }
	+@$(guided_make) $(shipped)/kithd $(shipped)/kith
$(BUILD)/trained: $(BUILD)/kithd $(BUILD)/kith $(BUILD)/kith-load bench/train
	@BUILD=$(BUILD) bench/train
# Is it the same engine? What one of the two took in, the other makes the same store of, to the byte;
# and the release itself tells a story of everything, killed again and again, as it has to.
check-release: all $(BUILD)/kith-load release
	@BUILD=$(BUILD) tests/release
	@BUILD=$(shipped) SUITES=system tests/run system/everything

prereq:
	@$(PREREQ)
check: prereq
	@$(MAKE) --no-print-directory -j2 all tests_built
	@BUILD=$(BUILD) tests/run
# Tests without looking for packages; ONLY=word picks those whose name contains it.
test: all tests_built
	@BUILD=$(BUILD) tests/run $(ONLY)
# The simulation alone, seeds SEED, SEED + 1, … RUNS of them.
sim: $(BUILD)/tests/sim/test_random
	SEED=$(or $(SEED),1) SIM_RUNS=$(or $(RUNS),200) $<
demo: prereq
	@$(MAKE) --no-print-directory -j2 all
	@BUILD=$(BUILD) examples/demo

# Sanitizers: unit, simulation and corpora under one of them each, in a build tree of its own.
asan:
	$(MAKE) BUILD=build/asan SAN="-fsanitize=address -fno-omit-frame-pointer" CFLAGS="-O1 -g" all tests_built
	BUILD=build/asan SUITES="unit sim fuzz" tests/run
ubsan:
	$(MAKE) BUILD=build/ubsan SAN="-fsanitize=undefined -fno-sanitize-recover=all" CFLAGS="-O1 -g" all tests_built
	BUILD=build/ubsan SUITES="unit sim fuzz" tests/run
# The real kithd and kith under it, by the suites that go through the most of them in the least time.
ubsan_system = bad_input clients everything follow_up funnel hold merge messages preview refit reload \
               sources subscribe value withdraw words
ubsan-system:
	$(MAKE) BUILD=build/ubsan SAN="-fsanitize=undefined -fno-sanitize-recover=all" CFLAGS="-O1 -g" all
	failed=; for t in $(ubsan_system); do BUILD=build/ubsan SUITES=system tests/run system/$$t || failed="$$failed $$t"; done; \
	  [ -z "$$failed" ] || { echo "failed with a kithd or kith that stops at undefined behaviour:$$failed" >&2; exit 1; }
tsan:
	$(MAKE) BUILD=build/tsan SAN="-fsanitize=thread" CFLAGS="-O1 -g" all tests_built
	BUILD=build/tsan SUITES="unit sim" TSAN_OPTIONS="suppressions=$(CURDIR)/tests/tsan.supp" tests/run

# Coverage-guided fuzzing with clang: SECONDS_EACH=20 TARGET=fuzz_batch
SECONDS_EACH ?= 20
TARGET ?= $(fuzz_names)
fuzz:
	$(MAKE) BUILD=build/fuzz CC=clang SAN="-fsanitize=address,undefined,fuzzer-no-link" CFLAGS="-O1 -g" build/fuzz/libcore.a build/fuzz/kithd_objs
	for t in $(TARGET); do tests/fuzz/run $$t $(SECONDS_EACH) || exit 1; done
$(BUILD)/kithd_objs: $(daemon_obj) $(ctl_obj) $(client_obj)
	@touch $@

bench_common := $(addprefix $(BUILD)/bench/,stream.o mix.o random.o)
$(BUILD)/kith-load: $(addprefix $(BUILD)/bench/,load.o load_settings.o load_report.o listener.o process.o) $(bench_common) $(BUILD)/libcore.a
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(TOOL_LIBS)
$(BUILD)/kith-floor: $(BUILD)/bench/floor.o $(BUILD)/bench/crowd_table.o $(BUILD)/libcore.a
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ -lzmq $(CORE_LIBS)
$(BUILD)/kith-names: $(BUILD)/bench/names.o $(BUILD)/libcore.a
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ -lzmq $(CORE_LIBS)
$(BUILD)/kith-pauses: $(BUILD)/bench/pauses.o $(BUILD)/libcore.a
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(CORE_LIBS)
$(BUILD)/kith-budget: $(addprefix $(BUILD)/bench/,budget.o budget_wakes.o alloc_count.o) $(bench_common) $(BUILD)/libcore.a
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(CORE_LIBS)
# What others make of a like task; each is built where its client library is installed.
peer_common := $(addprefix $(BUILD)/bench/,peers/peer.o process.o) $(bench_common) $(BUILD)/libcore.a
$(BUILD)/peer-sqlite: $(BUILD)/bench/peers/peer_sqlite.o $(peer_common)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ -lsqlite3 $(CORE_LIBS)
$(BUILD)/peer-redis: $(BUILD)/bench/peers/peer_redis.o $(peer_common)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(CORE_LIBS)
$(BUILD)/bench/peers/peer_postgres.o: WARN += -isystem $(shell pg_config --includedir 2>/dev/null)
$(BUILD)/peer-postgres: $(BUILD)/bench/peers/peer_postgres.o $(peer_common)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ -lpq $(CORE_LIBS)
have = $(shell printf '\043include <$(1)>\n' | $(CC) $(2) -E -x c - >/dev/null 2>&1 && echo yes)
peers = $(if $(call have,sqlite3.h),$(BUILD)/peer-sqlite) $(BUILD)/peer-redis \
        $(if $(call have,libpq-fe.h,-I$(shell pg_config --includedir 2>/dev/null)),$(BUILD)/peer-postgres)

# Measuring: docs/PERFORMANCE.md. RECORD=1 writes the tables there.
bench_tools := $(addprefix $(BUILD)/,kith-load kith-floor kith-budget kith-names kith-pauses)
.PHONY: bench-tools bench-peers bench-scale bench-deadlines bench-budget bench-refit bench-memory
bench-tools: all $(bench_tools)
	@$(MAKE) --no-print-directory $(peers)
# What is measured is what is installed: kithd, and beside it the floor and the store's peers, by the same
# profile. RELEASE=no measures the ordinary build. Instructions are those of the ordinary one.
measured = $(if $(filter no,$(RELEASE)),$(BUILD),$(shipped))
measured_tools: bench-tools $(if $(filter no,$(RELEASE)),,release)
	+@$(if $(filter no,$(RELEASE)),,$(guided_make) bench-tools)
.PHONY: measured_tools
bench: measured_tools
	@BUILD=$(measured) bench/run
bench-peers: measured_tools
	@BUILD=$(measured) bench/run-peers
bench-scale: measured_tools
	@BUILD=$(measured) bench/scale
bench-deadlines: measured_tools
	@BUILD=$(measured) bench/deadlines
bench-refit: measured_tools
	@BUILD=$(measured) bench/refit
bench-memory: measured_tools
	@BUILD=$(measured) bench/memory
bench-budget: bench-tools
	@BUILD=$(BUILD) bench/budget

arrows:
	tests/arrows

# The whole store under faults and power cuts; each prints one table (tests/faults/README.md).
# LIMIT=n: fewer points.
CUTS ?= 1000
faults: $(fault_tools)
	@BUILD=$(BUILD) python3 -B tests/faults/sweep.py faults
power: $(fault_tools)
	@BUILD=$(BUILD) CUTS=$(CUTS) python3 -B tests/faults/sweep.py power

# DESTDIR for packagers. A configuration that is there stays. Users, directories and the daemon
# are systemd's to make and start: systemd/README.md.
DESTDIR ?=
PREFIX  ?= /usr/local
UNITDIR ?= $(if $(filter /usr/local,$(PREFIX)),/etc/systemd/system,$(PREFIX)/lib/systemd/system)
CONFDIR ?= /etc/kith
install: $(if $(filter no,$(RELEASE)),all,release) $(BUILD)/libkith.a
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,bin include/kith/base lib/sysusers.d lib/tmpfiles.d share/kith) \
	  $(DESTDIR)$(UNITDIR) $(DESTDIR)$(CONFDIR)
	install -m 755 $(addprefix $(if $(filter no,$(RELEASE)),$(BUILD),$(shipped))/,kithd kith) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(BUILD)/libkith.a $(DESTDIR)$(PREFIX)/lib
	install -m 644 clients/c/kith.h $(DESTDIR)$(PREFIX)/include/kith
	install -m 644 $(addprefix base/,bytes.h command.h err.h event.h filter.h notification.h snapshot.h) $(DESTDIR)$(PREFIX)/include/kith/base
	install -m 644 examples/default.lifecycle $(DESTDIR)$(PREFIX)/share/kith
	for page in $(wildcard docs/*.[18]); do \
	  install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/} || exit 1; done
	install -D -m 644 ctl/kith.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/kith
	install -m 644 systemd/kith.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/kith.conf
	install -m 644 systemd/kith.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/kith.conf
	sed 's|/usr/local/bin|$(PREFIX)/bin|; s|/etc/kith|$(CONFDIR)|' systemd/kith.service > $(DESTDIR)$(UNITDIR)/kith.service
	test -e $(DESTDIR)$(CONFDIR)/kith.yaml || install -m 644 systemd/kith.yaml $(DESTDIR)$(CONFDIR)/kith.yaml
format:
	clang-format -i $(wildcard */*.c */*.h clients/c/*.[ch] tests/*/*.[ch])
clean:
	rm -rf $(BUILD)
help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile
# make test ONLY=word    tests whose name contains word, without installing packages
# make sim SEED=42 RUNS=1000    the simulation from seeds
# make check-release     is the release the same engine as the ordinary build?
# make faults            the storage-call sweep, whole      make power CUTS=1000
# make asan ubsan tsan   unit and simulation tests under a sanitizer
# make ubsan-system      the real kithd and kith under one, in most of the system suites
# make fuzz SECONDS_EACH=600    coverage-guided fuzzing of every parser
# make bench bench-peers bench-scale bench-deadlines bench-refit bench-memory bench-budget    docs/PERFORMANCE.md; RECORD=1 writes it
# make format clean

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
