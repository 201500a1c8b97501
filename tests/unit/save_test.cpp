// What a source answers, as files.
#include "capture/capture_dir.hpp"

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <functional>
#include <set>
#include <stdexcept>
#include <string>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "capture/bytes.hpp"
#include "capture/names_by_name.hpp"
#include "files.hpp"
#include "freebsd/row.hpp"
#include "systems.hpp"

namespace netstat46 {
namespace {

namespace fs = std::filesystem;

/// A FreeBSD host that answers with these bytes in two blocks, and then fails or not.
Source source_of(const std::string& first, const std::string& second, bool fails = false) {
    Source source;
    source.host.system = &freebsd_system;
    source.live = false;
    source.blocks = [=](const Request&, const ProblemSink&) {
        return [=, &first, &second, number = 0]() mutable -> std::optional<RawBlock> {
            ++number;
            if (number == 3 && fails) throw std::runtime_error("the source broke off");
            if (number > 2) return std::nullopt;
            const std::string& text = number == 1 ? first : second;
            return RawBlock{"kern.file", std::as_bytes(std::span(text)), no_table, 0};
        };
    };
    return source;
}

void save(const std::string& directory, const Source& source) {
    save_capture(directory, source, Names{}, false, nullptr, [](const Problem&) {});
}

std::set<std::string> files_in(const fs::path& directory) {
    std::set<std::string> names;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory))
        names.insert(entry.path().filename().string());
    return names;
}

const std::string one = "one,", two = "two";

TEST(Save, BlocksOfOneInterfaceAreOneFileAndTheManifestSaysItIsWhole) {
    Scratch scratch;
    const std::string directory = scratch.path() + "/new";
    save(directory, source_of(one, two));
    EXPECT_EQ(files_in(directory), (std::set<std::string>{"kern.file", "manifest"}));
    EXPECT_EQ(contents(fs::path(directory) / "kern.file"), "one,two");
    EXPECT_EQ(open_capture(directory, systems()).host.system, &freebsd_system);
}

TEST(Save, WhatFailsLeavesNothingBehind) {
    Scratch scratch;
    EXPECT_THROW(save(scratch.path() + "/new", source_of(one, two, true)), std::runtime_error);
    EXPECT_EQ(files_in(scratch.path()), std::set<std::string>{});
    EXPECT_THROW(save(scratch.path(), source_of(one, two, true)), std::runtime_error);
    EXPECT_EQ(files_in(scratch.path()), std::set<std::string>{}) << "and what was there stays";
    EXPECT_TRUE(fs::exists(scratch.path()));
}

TEST(Save, ADirectoryThatIsNotEmptyIsLeftAlone) {
    Scratch scratch;
    scratch.with("manifest", "mine");
    EXPECT_THROW(save(scratch.path(), source_of(one, two)), std::runtime_error);
    EXPECT_EQ(contents(fs::path(scratch.path()) / "manifest"), "mine");
}

/// As source_of(), and `meanwhile` is called before the first and between the two blocks.
Source source_with(const std::function<void(int number)>& meanwhile) {
    Source source = source_of(one, two);
    source.blocks = [blocks = source.blocks, meanwhile](const Request& request, const ProblemSink& problem) {
        return [next = blocks(request, problem), meanwhile, number = 0]() mutable {
            meanwhile(number++);
            return next();
        };
    };
    return source;
}

unsigned mode_of(const std::string& path) {
    struct stat status {};
    return lstat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
}

/// Why nothing was saved there; empty if it was.
std::string refusal(const std::string& directory, const Source& source) {
    try {
        save(directory, source);
    } catch (const std::runtime_error& error) {
        const std::string_view told = error.what();
        const std::string before = "--save: " + directory + ": ";
        return std::string(told.starts_with(before) ? told.substr(before.size()) : told);
    }
    return {};
}

TEST(Save, WhateverTheUmaskItIsForItsOwnerAlone) {
    for (const mode_t mask : {0U, 022U, 0277U, 0777U})
        for (const bool there : {false, true}) {
            Scratch scratch;
            const std::string directory = scratch.path() + "/new";
            if (there) fs::create_directory(directory); // let others look, as usual
            const mode_t before = umask(mask);
            EXPECT_EQ(refusal(directory, source_of(one, two)), "");
            EXPECT_EQ(umask(before), mask) << "it is as it was";
            EXPECT_EQ(mode_of(directory), 0700U);
            for (const std::string& file : files_in(directory))
                EXPECT_EQ(mode_of(directory + "/" + file), 0600U) << file;
        }
}

TEST(Save, ALinkIsNotWhereItIsSaved) {
    Scratch scratch;
    fs::create_directory(scratch.path() + "/real");
    fs::create_directory_symlink("real", scratch.path() + "/link");
    fs::create_directory_symlink("nowhere", scratch.path() + "/dangling");
    for (const char* name : {"/link", "/link/", "/link//", "/link/.", "/link/./", "/dangling"}) {
        std::string refused;
        try {
            save(scratch.path() + name, source_of(one, two));
        } catch (const std::runtime_error& error) {
            refused = error.what();
        }
        EXPECT_NE(refused.find(": is a link; name the directory itself"), std::string::npos)
            << name << ": " << refused;
    }
    EXPECT_EQ(files_in(scratch.path() + "/real"), std::set<std::string>{});
    EXPECT_FALSE(fs::exists(scratch.path() + "/nowhere"));
}

TEST(Save, WhereOthersMayWriteNothingIsSaved) {
    for (const mode_t mode : {0720U, 0702U, 01777U, 0770U}) {
        Scratch scratch;
        ASSERT_EQ(chmod(scratch.path().c_str(), mode), 0);
        EXPECT_EQ(refusal(scratch.path(), source_of(one, two)),
                  "others may write to it; name a new directory, or take that away with chmod go-w");
        EXPECT_EQ(files_in(scratch.path()), std::set<std::string>{});
        EXPECT_EQ(mode_of(scratch.path()), mode);
    }
}

TEST(Save, InAnothersDirectoryNothingIsSaved) {
    if (geteuid() != 0) GTEST_SKIP() << "not root: cannot give a directory away";
    Scratch scratch;
    const std::string directory = scratch.path() + "/theirs";
    fs::create_directory(directory);
    ASSERT_EQ(chown(directory.c_str(), 65534, 65534), 0);
    EXPECT_EQ(refusal(directory, source_of(one, two)),
              "belongs to another user; name a new directory, or an empty one of your own");
    EXPECT_EQ(files_in(directory), std::set<std::string>{});
}

TEST(Save, WhatIsPlantedMeanwhileIsNotWrittenTo) {
    for (const char* planted : {"kern.file", "manifest.new"}) {
        Scratch scratch;
        const std::string directory = scratch.path() + "/new", victim = scratch.path() + "/victim";
        scratch.with("victim", "mine");
        const Source source = source_with([&](int number) {
            if (number == 0) fs::create_symlink(victim, directory + "/" + planted);
        });
        EXPECT_NE(refusal(directory, source), "");
        EXPECT_EQ(contents(victim), "mine") << planted;
    }
}

TEST(Save, APipeThatIsPlantedMeanwhileIsNotWaitedFor) {
    Scratch scratch;
    const std::string directory = scratch.path() + "/new";
    EXPECT_NE(refusal(directory, source_with([&](int number) {
                          if (number == 0) mkfifo((directory + "/kern.file").c_str(), 0600);
                      })),
              "");
}

TEST(Save, ItStaysTheSameDirectoryWhateverTakesItsPlace) {
    Scratch scratch;
    const std::string directory = scratch.path() + "/new", moved = scratch.path() + "/moved";
    const Source saved =
        save_capture(directory, source_with([&](int number) {
                         if (number != 1) return;
                         fs::rename(directory, moved);
                         fs::create_directory(directory);
                         fs::create_symlink(scratch.path() + "/victim", directory + "/manifest.new");
                         fs::create_symlink(scratch.path() + "/victim", directory + "/manifest");
                         std::ofstream(directory + "/kern.file") << "forged";
                     }),
                     Names{}, false, nullptr, [](const Problem& problem) { ADD_FAILURE() << problem.text; });
    EXPECT_EQ(contents(moved + "/kern.file"), "one,two");
    EXPECT_EQ(contents(directory + "/kern.file"), "forged");
    EXPECT_FALSE(fs::exists(scratch.path() + "/victim"));
    Request request;
    request.wanted.owners = true;
    const BlockReader next = saved.blocks(request, [](const Problem&) {});
    const auto block = next();
    ASSERT_TRUE(block);
    EXPECT_EQ(Bytes(block->bytes).text(), "one,two") << "what is listed is what was saved";
}

TEST(Save, ADirectoryThatWasThereIsLeftAsItWas) {
    Scratch scratch;
    ASSERT_EQ(chmod(scratch.path().c_str(), 0755), 0);
    EXPECT_NE(refusal(scratch.path(), source_of(one, two, true)), "");
    EXPECT_EQ(files_in(scratch.path()), std::set<std::string>{});
    EXPECT_EQ(mode_of(scratch.path()), 0755U);
}

TEST(Save, WhatCannotBeRemovedIsReported) {
    Scratch scratch;
    const std::string directory = scratch.path() + "/new";
    std::string said;
    const Source source = source_with([&](int number) {
        if (number == 0) fs::create_directory(directory + "/another's");
        if (number == 1) throw std::runtime_error("the source broke off");
    });
    EXPECT_THROW(save_capture(directory, source, Names{}, false, nullptr,
                              [&](const Problem& problem) { said += problem.text; }),
                 std::runtime_error);
    EXPECT_EQ(said, "--save: " + directory + ": not all of it could be removed: Directory not empty");
    EXPECT_EQ(files_in(directory), std::set<std::string>{"another's"});
}

/// How a child of ours ends that saves to `directory`: its wait status.
int ended(const std::string& directory, const Source& source, const std::function<void()>& before) {
    const pid_t child = fork();
    if (child == 0) {
        alarm(20);
        before();
        _exit(refusal(directory, source).empty() ? 0 : 7);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

TEST(Save, ASignalEndsItAndLeavesNothing) {
    for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXCPU, SIGUSR1})
        for (const bool there : {false, true}) {
            Scratch scratch;
            const std::string directory = scratch.path() + "/new";
            if (there) fs::create_directory(directory);
            const Source source = source_with([&](int number) {
                if (number != 1) return;
                if (files_in(directory).empty()) _exit(3);
                kill(getpid(), signal);
                pause();
            });
            const int status = ended(directory, source, [&] {
                const rlimit none{0, 0};
                setrlimit(RLIMIT_CORE, &none);
                std::signal(signal, SIG_DFL); // a shell's background jobs ignore some
            });
            EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == signal) << signal << ": " << status;
            EXPECT_EQ(fs::exists(directory), there) << signal;
            EXPECT_EQ(files_in(there ? directory : scratch.path()), std::set<std::string>{}) << signal;
        }
}

TEST(Save, AnIgnoredSignalEndsNothing) {
    Scratch scratch;
    const std::string directory = scratch.path() + "/new";
    const Source source = source_with([&](int number) {
        for (const int signal : {SIGHUP, SIGTERM, SIGPIPE, SIGXFSZ})
            if (number == 1) kill(getpid(), signal);
    });
    const int status = ended(directory, source, [] {
        std::signal(SIGHUP, SIG_IGN);
        std::signal(SIGTERM, SIG_IGN);
    });
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    EXPECT_EQ(files_in(directory), (std::set<std::string>{"kern.file", "manifest"}));
}

TEST(Save, SignalsDoAfterwardsWhatTheyDidBefore) {
    Scratch scratch;
    const int status = ended(scratch.path() + "/1", source_of(one, two), [&] {
        for (const int signal : {SIGTERM, SIGPIPE}) std::signal(signal, SIG_DFL);
        save(scratch.path() + "/0", source_of(one, two));
        sigset_t blocked;
        pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
        for (const int signal : {SIGTERM, SIGINT, SIGHUP})
            if (sigismember(&blocked, signal) != 0) _exit(3);
        struct sigaction pipe {};
        sigaction(SIGPIPE, nullptr, &pipe);
        if (pipe.sa_handler != SIG_DFL) _exit(4);
        kill(getpid(), SIGTERM);
    });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) << status;
    EXPECT_TRUE(fs::exists(scratch.path() + "/0/manifest"));
}

TEST(Save, AFileThatMayNotGrowLeavesNothing) {
    for (const rlim_t limit : {0U, 4U, 8U}) {
        Scratch scratch;
        const std::string directory = scratch.path() + "/new";
        const int status = ended(directory, source_of(one, two), [&] {
            const rlimit most{limit, limit};
            setrlimit(RLIMIT_FSIZE, &most);
        });
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << limit << ": " << status;
        EXPECT_FALSE(fs::exists(directory)) << limit;
    }
}

TEST(Save, FieldsAreEscapedAsJsonStringsAre) {
    EXPECT_EQ(escaped_field("a\tb\\c\"d\x7f"), R"(a\u0009b\\c\"d\u007f)");
}

} // namespace
} // namespace netstat46
