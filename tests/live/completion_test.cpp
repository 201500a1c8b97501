// What bash, zsh and fish offer, by running each shell's completion. A shell that is not installed is
// skipped.
#include <filesystem>
#include <set>

#include <sys/socket.h>

#include <gtest/gtest.h>

#include "../unit/files.hpp"
#include "completion/completion.hpp"
#include "help.hpp"
#include "linux/dialect.hpp"
#include "options.hpp"
#include "run.hpp"
#include "zoo.hpp"

namespace netstat46::live {
namespace {

namespace fs = std::filesystem;

struct Shell {
    const char* name;
    const char* path;
    const char* no_startup; ///< so that only our functions are there
};

constexpr Shell shells[] = {{"bash", "/usr/bin/bash", "--norc"},
                            {"zsh", "/usr/bin/zsh", "-f"},
                            {"fish", "/usr/bin/fish", "--no-config"}};

/// A candidate alone: shells give descriptions, or the whole word, with it.
std::string bare(std::string candidate) {
    candidate = candidate.substr(0, candidate.find('\t'));
    if (candidate.ends_with('=')) candidate.pop_back();
    const std::size_t kept = candidate.ends_with(':') ? candidate.size() - 1 : candidate.size();
    const std::size_t cut = candidate.substr(0, kept).find_last_of("=:,");
    return cut == std::string::npos ? candidate : candidate.substr(cut + 1);
}

using Words = std::set<std::string>;

class Completion : public testing::TestWithParam<Shell> {
protected:
    void SetUp() override {
        if (!fs::exists(GetParam().path)) GTEST_SKIP() << GetParam().name << " is not installed";
    }

    static Words offered(const std::string& line) {
        const Shell& shell = GetParam();
        const fs::path script = tests / "completion" / (std::string("complete.") + shell.name);
        Scratch functions;
        for (const auto& [name, file] :
             {std::pair("bash", "netstat46.bash"), {"zsh", "_netstat46"}, {"fish", "netstat46.fish"}})
            functions.with(file, completion(name));
        Way way;
        way.environment = {"HOME=/nonexistent", "TERM=dumb"};
        way.in_child = [] {
            const std::string directory = fs::path(our_program()).parent_path();
            setenv("PATH", (directory + ":/usr/sbin:/usr/bin:/sbin:/bin").c_str(), 1);
        };
        const Ran ran = run(
            shell.path, {shell.name, shell.no_startup, script, functions.path(), "netstat46 " + line}, way);
        Words words;
        for (const std::string& candidate : lines_of(ran.out))
            if (!candidate.empty()) words.insert(bare(candidate));
        return words;
    }
};

TEST_P(Completion, OffersEveryOptionOfOurs) {
    const Words words = offered("--");
    for (const std::string& word : words_of(all_help())) {
        const std::string line = word.substr(0, word.find('\n'));
        if (!line.starts_with("--")) continue;
        EXPECT_TRUE(words.contains(line.substr(0, line.find('=')))) << line;
    }
    for (const std::string& word : words) {
        const bool native =
            std::any_of(linux_dialect.long_options.begin(), linux_dialect.long_options.end(),
                        [&](const LongOption& option) { return "--" + std::string(option.name) == word; });
        EXPECT_TRUE(native || all_help().find(word) != std::string::npos) << word << " is no option";
    }
}

TEST_P(Completion, OffersValues) {
    EXPECT_EQ(offered("--dialect="), (Words{"darwin", "freebsd", "linux", "openbsd"}));
    EXPECT_EQ(offered("--v6only="), (Words{"no", "yes"}));
    EXPECT_EQ(offered("--state=listen,ti"), (Words{"time_wait"}));
    EXPECT_EQ(offered("--user=roo"), (Words{"root"}));
}

TEST_P(Completion, FollowsTheDialect) {
    EXPECT_EQ(offered("-A in"), (Words{"inet", "inet6"}));
    EXPECT_EQ(offered("--dialect=darwin -p u"), (Words{"udp"}));
    EXPECT_EQ(offered("--dialect=freebsd -p u"), (Words{"udp", "udplite"}));
    EXPECT_EQ(offered("--dialect=darwin --nu"), Words{});
    EXPECT_TRUE(offered("--dialect=freebsd -").contains("-T"));
    EXPECT_FALSE(offered("--dialect=darwin -").contains("-T"));
}

TEST_P(Completion, OffersPortsThatAreInUse) {
    if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
    const Fd listener = open_socket(AF_INET6, SOCK_STREAM);
    ASSERT_TRUE(bind_to(listener, {"::", 8888}));
    listen(listener.get(), 1);
    EXPECT_EQ(offered("--port=88"), (Words{"8888"}));
    EXPECT_EQ(offered("--local-port=22,88"), (Words{"8888"}));
    EXPECT_EQ(offered("--explain="), (Words{"8888", "tcp:", "udp:"}));
    EXPECT_EQ(offered("--can-bind=tcp:88"), (Words{"8888"}));
}

INSTANTIATE_TEST_SUITE_P(Shells, Completion, testing::ValuesIn(shells),
                         [](const auto& info) { return info.param.name; });

} // namespace
} // namespace netstat46::live
