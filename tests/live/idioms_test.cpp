// What scripts and other people's parsers make of netstat's output: the same with ours first on PATH.
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>

#include <sys/socket.h>
#include <sys/un.h>

#include <gtest/gtest.h>

#include "run.hpp"
#include "zoo.hpp"

namespace netstat46::live {
namespace {

namespace fs = std::filesystem;

/// What becomes of an idiom if ours runs without classic mode.
enum class Survives : std::uint8_t {
    Wholly,    ///< prints the same
    AtTheLeft, ///< prints the same lines, with columns added at the right
    No,        ///< needs the exact native columns
};

struct Idiom {
    const char* command;
    Survives survives;
};

constexpr Idiom idioms[] = {
    {"netstat -an | grep LISTEN | grep -v ^unix", Survives::AtTheLeft},
    {"netstat -tulpn | grep :80", Survives::AtTheLeft},
    {"netstat -an | grep 8888", Survives::AtTheLeft},
    {R"(netstat -lnt | awk '$6 == "LISTEN" && $4 ~ /:8888$/')", Survives::AtTheLeft},
    {"netstat -ntu | awk '{print $5}' | cut -d: -f1 | sort | uniq -c", Survives::Wholly},
    {"netstat -ant | awk '{print $6}' | sort | uniq -c", Survives::Wholly},
    {"netstat -nat | grep ':80 ' | wc -l", Survives::Wholly},
    {"netstat -ant | cut -c69-79", Survives::Wholly},
    {"netstat -nlp | grep :9001 | awk '{print $7}' | awk -F/ '{print $1}'", Survives::Wholly},
    {"netstat -tulpnea | awk '{print $5, $6, $7, $8}'", Survives::Wholly},
    {"netstat -tunl | grep -- '^tcp6 .*:::8889 '", Survives::AtTheLeft},
    {"netstat -lnx | tail -n +3 | awk '{print $1, $4, $NF}'", Survives::Wholly},
    {"netstat -tuna | tail -n +3 | awk '{print $1, $4, $5}'", Survives::Wholly},
    {R"(netstat -tulpn | sed -n 's/^\([a-z0-9]*\) .* \(.*:[0-9]*\) .*:\* .* \([0-9]*\/[^ ]*\).*/\1 \2 \3/p')",
     Survives::Wholly},
    {"netstat -an | sed 1,2d | head -n 1", Survives::AtTheLeft},
    {"netstat -n | awk '/^tcp/ {++S[$NF]} END {for(a in S) print a, S[a]}' | sort", Survives::No},
    {"netstat -an | grep -c 'LISTEN *$'", Survives::No},
};

/// Sockets as an ordinary host has them.
class Idioms : public testing::Test {
protected:
    void SetUp() override {
        if (!fs::exists(native_program)) GTEST_SKIP() << "no netstat: " << native_program;
        if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
        std::string name = fs::temp_directory_path() / "netstat46-idioms-XXXXXX";
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        directory_ = name;
        fs::create_directory(directory_ / "classic");
        fs::create_symlink(our_program(), directory_ / "classic/netstat");
        fs::create_directory(directory_ / "ours");
        std::ofstream(directory_ / "ours/netstat") << "#!/bin/sh\nexec " << our_program() << " \"$@\"\n";
        fs::permissions(directory_ / "ours/netstat", fs::perms::owner_all);
        open_sockets();
    }
    void TearDown() override {
        if (!directory_.empty()) fs::remove_all(directory_);
    }

    /// `command` with the netstat of `which` (`classic`, `ours`) first on PATH; empty: the native one.
    [[nodiscard]] std::string with(const std::string& which, const std::string& command) const {
        Way way;
        way.in_child = [path = (which.empty() ? "" : (directory_ / which).string() + ":") +
                               "/usr/sbin:/usr/bin:/sbin:/bin"] { setenv("PATH", path.c_str(), 1); };
        return run("/bin/sh", {"sh", "-c", command}, way).out;
    }

private:
    void open_sockets() {
        listen_on({"0.0.0.0", 8888});
        listen_on({"::1", 8888});
        listen_on({"::", 8889});
        listen_on({"127.0.0.1", 80});
        listen_on({"0.0.0.0", 9001});
        bind_to(sockets_.emplace_back(open_socket(AF_INET, SOCK_DGRAM)), {"0.0.0.0", 68});
        for (const Name& to : {Name{"127.0.0.1", 443}, Name{"::1", 7000}}) {
            Pair pair = connected_pair({to.address, 0}, to);
            sockets_.push_back(std::move(pair.client));
            sockets_.push_back(std::move(pair.server));
        }
        const Fd& local = sockets_.emplace_back(open_socket(AF_UNIX, SOCK_STREAM));
        sockaddr_un name{AF_UNIX, {}};
        std::strncpy(name.sun_path, (directory_ / "socket").c_str(), sizeof name.sun_path - 1);
        bind(local.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name);
        listen(local.get(), 4);
        std::vector<const Fd*> all;
        for (const Fd& socket : sockets_) all.push_back(&socket);
        owners_.add("/usr/sbin/a-server", all);
        sockets_.clear(); // which that process alone holds from here on
    }
    void listen_on(const Name& name) {
        Fd& socket = sockets_.emplace_back(open_socket(family_of(name), SOCK_STREAM));
        bind_to(socket, name);
        listen(socket.get(), 4);
    }

    fs::path directory_;
    std::deque<Fd> sockets_;
    Holders owners_;
};

std::string without_trailing_blanks(const std::string& line) {
    return line.substr(0, line.find_last_not_of(' ') + 1);
}

bool same_at_the_left(const std::string& native, const std::string& ours) {
    const auto want = lines_of(native), have = lines_of(ours);
    return std::equal(want.begin(), want.end(), have.begin(), have.end(),
                      [](const std::string& left, const std::string& line) {
                          return line.starts_with(without_trailing_blanks(left));
                      });
}

TEST_F(Idioms, PrintTheSame) {
    for (const Idiom& idiom : idioms) {
        const std::string native = with("", idiom.command), ours = with("ours", idiom.command);
        EXPECT_NE(native, "") << idiom.command;
        EXPECT_EQ(with("classic", idiom.command), native) << idiom.command;
        switch (idiom.survives) {
        case Survives::Wholly:
            EXPECT_EQ(ours, native) << idiom.command;
            break;
        case Survives::AtTheLeft:
            EXPECT_TRUE(same_at_the_left(native, ours)) << idiom.command << "\n" << native << "\n" << ours;
            break;
        case Survives::No:
            EXPECT_NE(ours, native) << idiom.command;
        }
    }
}

TEST_F(Idioms, ParseNetstatOfPerlUnderstandsTheSame) {
    const std::string parser = "-MJSON::PP -MParse::Netstat=parse_netstat -e '"
                               "print JSON::PP->new->canonical->pretty->encode(parse_netstat(output => "
                               "scalar(`netstat OPTIONS`), flavor => \"linux\"))'";
    if (with("", "perl -MParse::Netstat -e 'print 1'") != "1") GTEST_SKIP() << "no Parse::Netstat";
    for (const std::string options : {"-anp", "-an", "-a --numeric-ports", "-tulpn", "-xanp"}) {
        std::string command = "perl " + parser;
        command.replace(command.find("OPTIONS"), 7, options);
        const std::string native = with("", command);
        EXPECT_NE(native.find("\"proto\""), std::string::npos) << native;
        EXPECT_EQ(with("classic", command), native) << options;
    }
}

} // namespace
} // namespace netstat46::live
