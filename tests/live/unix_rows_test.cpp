// Unix sockets whose names look like rows of /proc/net/unix: they forge nothing, and honest ones are listed
// as the native program lists them.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "run.hpp"
#include "zoo.hpp"

namespace netstat46::live {
namespace {

/// A row as it is listed with -p.
struct UnixRow {
    std::string refs, flags, type, state, inode, program, path;
    bool operator==(const UnixRow&) const = default;
};

std::ostream& operator<<(std::ostream& out, const UnixRow& row) {
    return out << row.refs << "|" << row.flags << "|" << row.type << "|" << row.state << "|" << row.inode
               << "|" << row.program << "|" << row.path;
}

std::vector<UnixRow> unix_rows(const std::string& listing) {
    std::string header;
    std::vector<UnixRow> rows;
    for (const std::string& line : lines_of(listing)) {
        if (line.starts_with("Proto RefCnt")) header = line;
        if (!line.starts_with("unix")) continue;
        const auto cell = [&](std::string_view title, std::string_view next) {
            const std::size_t at = header.find(title);
            const std::size_t end = next.empty() ? std::string::npos : header.find(next);
            if (at >= line.size()) return std::string();
            std::string text = line.substr(at, end == std::string::npos ? end : end - at);
            text.erase(text.find_last_not_of(' ') + 1);
            return text;
        };
        rows.push_back({cell("RefCnt", "Flags"), cell("Flags", "Type"), cell("Type", "State"),
                        cell("State", "I-Node"), cell("I-Node", "PID/"), cell("PID/", "Path"),
                        cell("Path", "")});
    }
    return rows;
}

/// The name as it is printed.
std::string shown(std::string name) {
    for (char& c : name) {
        if (c == '\0') c = '@';
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '.';
    }
    return name;
}

/// A row as the kernel writes it.
std::string row_text(std::uint64_t inode, std::string_view path, unsigned refs = 99, unsigned state = 1) {
    return fmt::format("00000000deadbeef: {:08X} 00000000 00010000 0001 {:02X} {:5}{}{}", refs, state, inode,
                       path.empty() ? "" : " ", path);
}

std::string abstract(std::string_view name) { return '\0' + std::string(name); }

std::pair<sockaddr_un, socklen_t> address_of(std::string_view name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::size_t size = std::min(name.size(), sizeof address.sun_path);
    std::copy_n(name.data(), size, address.sun_path);
    return {address, static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size)};
}

bool bind_name(const Fd& socket, std::string_view name) {
    const auto [address, size] = address_of(name);
    return bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0;
}

bool connect_name(const Fd& socket, std::string_view name) {
    const auto [address, size] = address_of(name);
    return connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0;
}

bool may_open(rlim_t files) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
    limit.rlim_cur = std::max(limit.rlim_cur, std::min(files, limit.rlim_max));
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= files;
}

class UnixRows : public testing::Test {
protected:
    void SetUp() override {
        if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
        victim_ = open_socket(AF_UNIX, SOCK_STREAM);
        ASSERT_TRUE(bind_name(victim_, victim_name_) && listen(victim_.get(), 5) == 0);
        inode_ = inode_of(victim_);
        victim_pid_ = owners_.add("victim", {&victim_});
        victim_ = Fd(); // nobody else holds it
        char name[] = "/tmp/netstat46-unix-XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        directory_ = name;
    }
    void TearDown() override {
        if (!directory_.empty()) std::filesystem::remove_all(directory_);
    }

    /// A socket of the forger's, in this process.
    void forge(const std::string& name) {
        Fd socket = open_socket(AF_UNIX, SOCK_DGRAM);
        ASSERT_TRUE(bind_name(socket, name)) << shown(name);
        named_.emplace_back(std::to_string(inode_of(socket)), shown(name));
        kept_.push_back(std::move(socket));
    }

    /// Every way that is known of.
    void forge_all() {
        for (const std::string_view path : {"@victim", "/run/other", ""})
            for (const std::uint64_t inode : {inode_, std::uint64_t{0}, std::uint64_t{4294967295}})
                forge(abstract(fmt::format("{}\n", kept_.size()) + row_text(inode, path)));
        forge(abstract("victim\n" + row_text(inode_, "@victim")));
        forge(abstract("\n" + row_text(inode_, "@victim")));
        forge(abstract("twice\n\n\n"));
        forge(abstract("damage\n00000000deadbeef: nonsense"));
        forge(abstract("cut\n00000000deadbeef: 00000002 000"));
        forge(abstract("short\ndeadbeef: 00000002 00000000 00010000 0001 01 " + std::to_string(inode_)));
        forge(abstract("hidden\n(____ptrval____): 00000002 00000000 00010000 0001 01 " +
                       std::to_string(inode_)));
        forge(abstract(std::string(50, 'a') + '\n' + std::string(56, 'b')));
        forge(abstract(std::string("nul\0\n\0\x01\x1b[31m\x7f\t", 14)));
        forge(abstract(std::string("\0\0\n", 3)));
        forge(abstract("@victim"));
        forge(directory_ + "/p\n" + row_text(inode_, "@victim"));
        forge(directory_ + "/\n");
    }

    /// Expects the victim's row and the forger's own, each with its true name.
    void expect_truth(const Ran& ran) {
        EXPECT_EQ(ran.status, 0) << ran.error;
        const std::vector<UnixRow> rows = unix_rows(ran.out);
        const std::string pid = std::to_string(victim_pid_) + "/";
        std::map<std::string, std::string> got;
        for (const UnixRow& row : rows) {
            EXPECT_TRUE(row.inode != "0" && got.emplace(row.inode, row.path).second) << row;
            EXPECT_EQ(row.program.starts_with(pid), row.inode == std::to_string(inode_)) << row;
            if (row.inode != std::to_string(inode_)) continue;
            EXPECT_EQ(row,
                      (UnixRow{"2", "[ ACC ]", "STREAM", "LISTENING", row.inode, row.program, "@victim"}));
        }
        std::map<std::string, std::string> want(named_.begin(), named_.end());
        want.emplace(std::to_string(inode_), "@victim");
        EXPECT_EQ(got, want);
    }

    const std::string victim_name_ = abstract("victim");
    Fd victim_;
    std::uint64_t inode_ = 0;
    pid_t victim_pid_ = 0;
    std::string directory_;
    std::deque<Fd> kept_;
    std::vector<std::pair<std::string, std::string>> named_; ///< inode, name as shown
    Holders owners_;
};

const char* const option_sets[] = {"-anxp", "-anp", "--classic -anxp", "--classic -anp", "--unix -anp"};

TEST_F(UnixRows, NoNameMakesARow) {
    forge_all();
    for (const char* options : option_sets) {
        SCOPED_TRACE(options);
        const Ran ran = ours(options);
        expect_truth(ran);
        EXPECT_EQ(ran.error, "");
    }
    EXPECT_EQ(unix_rows(ours("--classic -lxnp").out).size(), 1U) << "listeners";
}

TEST_F(UnixRows, NoNameMakesASocketOfTheDocument) {
    forge_all();
    const Ran ran = ours("-an --json");
    EXPECT_EQ(ran.status, 0) << ran.error;
    std::size_t sockets = 0, of_victim = 0;
    const std::string owner = fmt::format("\"pid\":{},", victim_pid_);
    for (const std::string& line : lines_of(ran.out)) {
        sockets += line.starts_with("{\"protocol\":\"unix\"") ? 1 : 0;
        of_victim += line.find(owner) != std::string::npos ? 1 : 0;
    }
    EXPECT_EQ(sockets, named_.size() + 1);
    EXPECT_EQ(of_victim, 1U);
}

TEST_F(UnixRows, ACaptureOfThemReplaysTheSame) {
    forge_all();
    const std::string capture = directory_ + "/capture";
    ASSERT_EQ(ours("-anxp --save=" + capture).status, 0);
    for (const char* options : option_sets) {
        SCOPED_TRACE(options);
        expect_truth(ours("--replay=" + capture + " " + options));
    }
    EXPECT_EQ(ours("--replay=" + capture + " -an --json").status, 0);
}

TEST_F(UnixRows, ThousandsOfThemMakeNoneEither) {
    if (!may_open(8192)) GTEST_SKIP() << "no descriptors to spend";
    for (int i = 0; i < 4000; ++i) forge(abstract(fmt::format("{}\n", i) + row_text(inode_, "@victim")));
    expect_truth(ours("--classic -anxp"));
}

/// The answers are of two moments, and the forger chooses what changes between them.
TEST_F(UnixRows, AForgerWhoIsQuickGainsNothing) {
    const std::uint64_t inode = inode_;
    const Child forger([inode] {
        for (unsigned i = 0;; ++i) {
            std::deque<Fd> some;
            for (unsigned j = 0; j < 40; ++j) {
                some.push_back(open_socket(AF_UNIX, SOCK_STREAM));
                bind_name(some.back(), abstract(fmt::format("{}.{}\n", i % 1000, j) +
                                                row_text(j % 2 == 0 ? inode : 0, "@victim", 99, j % 4)));
                if (j % 3 == 0) listen(some.back().get(), 5);
            }
        }
    });
    const std::string owner = std::to_string(victim_pid_) + "/victim";
    for (int i = 0; i < 25; ++i) {
        const Ran ran = ours("--classic -anxp");
        EXPECT_EQ(ran.status, 0) << ran.error;
        int of_victim = 0;
        for (const UnixRow& row : unix_rows(ran.out)) {
            const bool genuine = row.inode == std::to_string(inode_);
            of_victim += genuine ? 1 : 0;
            EXPECT_EQ(row.program == owner, genuine) << row;
            EXPECT_EQ(row.path == "@victim", genuine) << row;
            if (genuine) {
                EXPECT_EQ(row.flags + row.type + row.state + row.refs, "[ ACC ]STREAMLISTENING2") << row;
            }
        }
        EXPECT_EQ(of_victim, 1);
    }
}

TEST_F(UnixRows, ConnectionsThatWaitAreListedWhateverNamesLookLikeThem) {
    forge(abstract("w\n" + row_text(0, "@victim", 3, 2)));
    const std::string hostile = abstract("h\n" + row_text(0, "@victim", 3, 2));
    kept_.push_back(open_socket(AF_UNIX, SOCK_STREAM));
    ASSERT_TRUE(bind_name(kept_.back(), hostile) && listen(kept_.back().get(), 5) == 0);
    for (const std::string& name : {victim_name_, hostile, victim_name_}) {
        kept_.push_back(open_socket(AF_UNIX, SOCK_STREAM));
        ASSERT_TRUE(connect_name(kept_.back(), name));
    }
    const Ran ran = ours("--classic -anxp");
    EXPECT_EQ(ran.status, 0) << ran.error;
    std::vector<std::string> waiting;
    for (const UnixRow& row : unix_rows(ran.out)) {
        if (row.inode != "0") continue;
        EXPECT_EQ(row.refs + row.flags + row.type + row.state + row.program, "3[ ]STREAMCONNECTING-");
        waiting.push_back(row.path);
    }
    std::sort(waiting.begin(), waiting.end());
    EXPECT_EQ(waiting, (std::vector<std::string>{shown(hostile), "@victim", "@victim"}));
}

/// Only the file is left then: what is in doubt has no owner.
TEST_F(UnixRows, WithoutNetlinkAnInodeInTwoRowsHasNoOwner) {
    const Way way{.in_child = [] { refuse_call(SYS_socket, AF_NETLINK, EPERM); }};
    if (run("/bin/true", {"true"}, way).status == 126) GTEST_SKIP() << "no seccomp filters here";
    const auto of_victim = [&](const Ran& ran) {
        EXPECT_EQ(ran.status, 0) << ran.error;
        const auto rows = unix_rows(ran.out);
        return std::count_if(rows.begin(), rows.end(), [&](const UnixRow& row) {
            return row.program.starts_with(std::to_string(victim_pid_) + "/");
        });
    };
    EXPECT_EQ(of_victim(ours("-anxp", way)), 1);
    forge(abstract("damage\n00000000deadbeef: nonsense"));
    EXPECT_EQ(of_victim(ours("-anxp", way)), 1);
    forge(abstract("x\n" + row_text(inode_, "/run/other")));
    const Ran ran = ours("-anxp", way);
    EXPECT_EQ(of_victim(ran), 0);
    EXPECT_NE(ran.error.find(fmt::format("inode {} is in more than one row; its owner is not shown", inode_)),
              std::string::npos)
        << ran.error;
    EXPECT_EQ(of_victim(ours("--classic -anxp", way)), 0);
    const std::string capture = directory_ + "/capture";
    EXPECT_EQ(ours("-anxp --save=" + capture, way).status, 0);
    EXPECT_EQ(of_victim(ours("--replay=" + capture + " -anxp")), 0) << "nor in a capture without sock_diag";
}

/// Honest names, thousands of them, many gone again: net-tools' bytes in net-tools' order.
TEST_F(UnixRows, HonestSocketsAreListedAsTheNativeProgramListsThem) {
    if (!std::filesystem::exists(native_program)) GTEST_SKIP() << "no netstat: " << native_program;
    if (!may_open(16384)) GTEST_SKIP() << "no descriptors to spend";
    std::mt19937 random(1);
    std::deque<Fd> some;
    std::vector<std::string> listeners;
    for (int i = 0; i < 9000; ++i) {
        Fd socket = open_socket(AF_UNIX, std::array{SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}[random() % 3]);
        const std::string name = abstract(fmt::format("honest-{}", i));
        if (random() % 2 == 0 && bind_name(socket, name) && listen(socket.get(), 3) == 0)
            listeners.push_back(name);
        some.push_back(std::move(socket));
        if (!listeners.empty() && random() % 4 == 0) {
            Fd client = open_socket(AF_UNIX, SOCK_STREAM);
            fcntl(client.get(), F_SETFL, O_NONBLOCK);
            connect_name(client, listeners[random() % listeners.size()]);
            some.push_back(std::move(client));
        }
        if (i % 2 == 0) some[random() % some.size()] = Fd();
    }
    for (const char* options : {"-anx", "-anxp", "-lnx", "-nx"}) {
        const Ran mine = ours(std::string("--classic ") + options), theirs = native(options);
        EXPECT_EQ(mine.status, theirs.status);
        EXPECT_TRUE(mine.out == theirs.out) << options;
        EXPECT_EQ(mine.error, theirs.error);
    }
    EXPECT_GT(lines_of(native("-anx").out).size(), 5000U);
}

} // namespace
} // namespace netstat46::live
