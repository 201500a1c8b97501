// Host names from a name server of our own: the native program's names, all of them asked for at once.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>

#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "run.hpp"
#include "zoo.hpp"

namespace netstat46::live {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// ---- The name server

/// RFC 1035: a name begins after the header of 12 bytes, a label with its length.
std::vector<std::string> labels_of(const std::string& query) {
    std::vector<std::string> labels;
    for (std::size_t at = 12; at < query.size() && query[at] != 0;) {
        const auto length = static_cast<std::size_t>(query[at]);
        labels.push_back(query.substr(at + 1, length));
        at += length + 1;
    }
    return labels;
}

std::string joined(const std::vector<std::string>& labels, std::size_t count, char separator) {
    std::string text;
    for (std::size_t i = 0; i < std::min(count, labels.size()); ++i)
        text += (i == 0 ? "" : std::string(1, separator)) + labels[i];
    return text;
}

// What becomes of a question, by the last byte of the address: its first label, or two of them in IPv6.
enum class Fate : std::uint8_t { Answered, Silence, Failure, NoName };

Fate fate_of(const std::vector<std::string>& labels) {
    const std::string last = labels.back() == "arpa" && labels.size() > 6 ? labels[1] + labels[0] : labels[0];
    if (last == "250" || last == "fa") return Fate::Silence;
    if (last == "251" || last == "fb") return Fate::Failure;
    if (last == "252" || last == "fc") return Fate::NoName;
    return Fate::Answered;
}

/// 4.3.2.1.in-addr.arpa is n-4-3-2-1.example.org.
std::string answer_to(const std::string& query) {
    const std::vector<std::string> labels = labels_of(query);
    const Fate fate = fate_of(labels);
    const char code = fate == Fate::Failure ? 2 : fate == Fate::NoName ? 3 : 0; // SERVFAIL, NXDOMAIN
    const bool named = code == 0;
    std::string reply = query.substr(0, 2) + '\x81' + static_cast<char>(0x80 | code);
    reply += {'\0', '\1', '\0', static_cast<char>(named), '\0', '\0', '\0', '\0'};
    const std::size_t question = joined(labels, labels.size(), '.').size() + 2 + 4;
    reply += query.substr(12, question);
    if (!named) return reply;
    const std::string host = "n-" + joined(labels, 4, '-');
    const std::string name = static_cast<char>(host.size()) + host + "\7example\3org" + '\0';
    reply += {'\xc0', '\x0c', '\0', '\x0c', '\0', '\1', '\0', '\0', '\0', '\x3c', '\0'}; // PTR IN, 60 s
    return reply + static_cast<char>(name.size()) + name;
}

/// A process that answers on 127.0.0.1:53 of this namespace, each question after `delay`, and writes down
/// what it was asked.
class NameServer {
public:
    explicit NameServer(std::chrono::milliseconds delay) : log_(memfd_create("questions", MFD_CLOEXEC)) {
        const Fd socket = open_socket(AF_INET, SOCK_DGRAM);
        set_option(socket, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 22);
        EXPECT_TRUE(bind_to(socket, {"127.0.0.1", 53}));
        child_.emplace([&] { serve(socket.get(), delay); });
    }

    /// How often each name was asked for since the last call.
    std::map<std::string, int> questions() {
        std::string text(static_cast<std::size_t>(lseek(log_.get(), 0, SEEK_END)), '\0');
        text.resize(
            static_cast<std::size_t>(std::max<ssize_t>(0, pread(log_.get(), text.data(), text.size(), 0))));
        std::map<std::string, int> times;
        for (const std::string& line : lines_of(std::string_view(text).substr(read_))) ++times[line];
        read_ = text.size();
        return times;
    }

private:
    struct Due {
        Clock::time_point when;
        std::string reply;
        sockaddr_in to;
    };

    [[noreturn]] void serve(int socket, std::chrono::milliseconds delay) const {
        std::deque<Due> due;
        while (true) {
            const auto left = due.empty() ? 1h : due.front().when - Clock::now();
            pollfd wait{socket, POLLIN, 0};
            const timespec time{left / 1s, std::max<long>(0, left % 1s / 1ns)};
            if (left > 0ns && ppoll(&wait, 1, &time, nullptr) > 0) receive(socket, delay, due);
            while (!due.empty() && due.front().when <= Clock::now()) {
                const Due& next = due.front();
                sendto(socket, next.reply.data(), next.reply.size(), 0,
                       reinterpret_cast<const sockaddr*>(&next.to), sizeof next.to);
                due.pop_front();
            }
        }
    }

    void receive(int socket, std::chrono::milliseconds delay, std::deque<Due>& due) const {
        std::array<char, 600> bytes{};
        sockaddr_in from{};
        socklen_t length = sizeof from;
        const ssize_t got =
            recvfrom(socket, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
        if (got < 18) return;
        const std::string query(bytes.data(), static_cast<std::size_t>(got));
        const std::vector<std::string> labels = labels_of(query);
        const std::string line = joined(labels, labels.size(), '.') + "\n";
        if (write(log_.get(), line.data(), line.size()) < 0 || fate_of(labels) == Fate::Silence) return;
        due.push_back({Clock::now() + delay, answer_to(query), from});
    }

    Fd log_;
    std::size_t read_ = 0;
    std::optional<Child> child_;
};

// ---- A host that uses it

/// A file of /etc in our words, for this process's mount namespace.
class Replaced {
public:
    Replaced(const char* path, std::string_view text) : path_(path) {
        char name[] = "/tmp/netstat46-etc-XXXXXX";
        const Fd file(mkstemp(name));
        mounted_ = write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                   fchmod(file.get(), 0644) == 0 && mount(name, path, nullptr, MS_BIND, nullptr) == 0;
        unlink(name);
    }
    Replaced(const Replaced&) = delete;
    Replaced& operator=(const Replaced&) = delete;
    ~Replaced() {
        if (mounted_) umount2(path_, MNT_DETACH);
    }
    [[nodiscard]] bool mounted() const { return mounted_; }

private:
    const char* path_;
    bool mounted_;
};

class LiveNames : public testing::Test {
protected:
    void SetUp() override {
        if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
        replace("/etc/resolv.conf", "nameserver 127.0.0.1\n");
        replace("/etc/nsswitch.conf", "hosts: files dns\nnetworks: files\nservices: files\nprotocols: files\n"
                                      "passwd: files\n");
        replace("/etc/networks", "loopback 127.0.0.0\nten 10.0.0.0\ntenonetwo 10.1.2.0\nzero 0.1.2.0\n"
                                 "zerohost 0.1.2.3\n");
    }

    void replace(const char* path, std::string_view text) {
        if (IsSkipped()) return;
        if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path << " to put ours upon";
        if (!replaced_.emplace_back(path, text).mounted()) GTEST_SKIP() << "cannot mount " << path;
    }

    /// Wherever that is.
    void listen_on(const std::string& address, std::uint16_t port) {
        const Name name{address, port};
        const Fd& socket = kept_.emplace_back(open_socket(family_of(name), SOCK_STREAM));
        set_option(socket, IPPROTO_IP, IP_FREEBIND, 1);
        ASSERT_TRUE(bind_to(socket, name)) << address;
        listen(socket.get(), 1);
    }

    void receive_on(const std::string& address, std::uint16_t port) {
        const Name name{address, port};
        const Fd& socket = kept_.emplace_back(open_socket(family_of(name), SOCK_DGRAM));
        ASSERT_TRUE(bind_to(socket, name)) << address;
    }

private:
    std::deque<Replaced> replaced_;
    std::deque<Fd> kept_;
};

void expect_same(const std::string& options) {
    const Ran theirs = native(options, {.seconds = 60}), mine = ours("--classic " + options);
    EXPECT_EQ(theirs.out, mine.out) << options;
    EXPECT_EQ(theirs.error, mine.error) << options;
    EXPECT_EQ(theirs.status, mine.status) << options;
}

std::size_t count_of(std::string_view text, std::string_view word) {
    std::size_t count = 0;
    for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++count;
    return count;
}

void expect_each_once(const std::map<std::string, int>& questions, std::size_t count) {
    EXPECT_EQ(questions.size(), count);
    for (const auto& [name, times] : questions) EXPECT_EQ(times, 1) << name;
}

std::string number_in_500(int i) { return fmt::format("127.9.{}.{}", i / 100, 1 + i % 100); }

TEST_F(LiveNames, AreTheNativeProgramsForEveryKindOfAddress) {
    if (!std::filesystem::exists(native_program)) GTEST_SKIP() << "no netstat: " << native_program;
    NameServer server(0ms);
    for (const char* address :
         {"127.0.0.0", "127.0.0.1", "127.0.0.2", "127.0.1.0", "127.1.0.0", "10.0.0.0", "10.1.2.0", "10.1.2.3",
          "127.3.3.251", "127.3.3.252", "::1", "2001:db8:1234:5678:9abc:def0:1234:5678", "2001:db8::1",
          "2001:db8::fb", "2001:db8::fc", "fe80::1%1"})
        listen_on(address, 80);
    for (const char* address : {"0.1.2.0", "0.1.2.3", "0.9.9.9"}) listen_on(address, 80);
    for (const char* address : {"::ffff:127.0.0.1", "::ffff:127.0.0.2", "::ffff:127.3.3.3", "::ffff:10.1.2.0",
                                "::ffff:127.3.3.251", "::ffff:0.1.2.0", "::ffff:0.0.0.1"})
        listen_on(address, 81);
    receive_on("127.5.5.5", 53);
    receive_on("2001:db8::1", 53);
    const Pair v4 = connected_pair({"127.6.6.6", 0}, {"127.0.0.1", 82});
    const Pair v6 = connected_pair({"2001:db8::1", 0}, {"::1", 82});
    for (const char* options : {"", "-a", "-l", "-aW", "-lW", "-aeoW", "-ltW", "-u", "-aW --numeric-ports",
                                "-aW --numeric-hosts", "-6aW", "-4aW"})
        expect_same(options);
}

TEST_F(LiveNames, OfFiveHundredHostsAreAskedForAtOnce) {
    NameServer server(100ms);
    for (int i = 0; i < 500; ++i) listen_on(number_in_500(i), 80);
    const Clock::time_point start = Clock::now();
    const Ran ran = ours("--classic -ltW", {.seconds = 20}); // one after the other takes 50 s
    const std::chrono::duration<double> took = Clock::now() - start;
    std::printf("500 names, 100 ms each: %.2f s\n", took.count());
    EXPECT_EQ(ran.status, 0);
    EXPECT_EQ(count_of(ran.out, ".example.org:http "), 500U);
    expect_each_once(server.questions(), 500);

    // In the kernel's order, as without names.
    std::vector<std::string> lines = lines_of(ran.out), numbers = lines_of(ours("--classic -ltnW").out);
    ASSERT_EQ(lines.size(), numbers.size());
    std::map<std::string, std::string> name_of;
    for (int i = 0; i < 500; ++i)
        name_of[number_in_500(i)] = fmt::format("n-{}-{}-9-127.example.org", 1 + i % 100, i / 100);
    for (std::size_t i = 2; i < lines.size(); ++i) {
        const std::string number = words_of(numbers[i])[3], name = words_of(lines[i])[3];
        EXPECT_EQ(name, name_of[number.substr(0, number.find(':'))] + ":http");
    }
    EXPECT_TRUE(server.questions().empty()) << "-n asks nobody";
}

TEST_F(LiveNames, OfSilentHostsStayNumbersAndKeepNobodyForLong) {
    NameServer server(100ms);
    for (const char* address : {"127.9.9.250", "127.9.8.250", "127.9.7.250", "127.9.9.9"})
        listen_on(address, 80);
    receive_on("127.9.9.10", 69);
    const Ran ran = ours("--classic -alW", {.seconds = 20});
    EXPECT_EQ(ran.status, 0);
    for (const char* host : {"127.9.9.250:http", "127.9.8.250:http", "127.9.7.250:http",
                             "n-9-9-9-127.example.org:http", "n-10-9-9-127.example.org:tftp"})
        EXPECT_EQ(count_of(ran.out, host), 1U) << host;
}

TEST_F(LiveNames, AreAskedForOnceHoweverOftenItRepeats) {
    NameServer server(10ms);
    for (const char* address : {"127.9.9.1", "127.9.9.2", "::ffff:127.9.9.3", "2001:db8::1"})
        listen_on(address, 80);
    const auto twice = [](const std::string& out) { return count_of(out, "Active") >= 2; };
    const Ran ran = ours("--classic -ltWc", {.enough = twice});
    EXPECT_GE(count_of(ran.out, "Active"), 2U);
    expect_each_once(server.questions(), 4);
}

TEST_F(LiveNames, StandInEveryLookAndInDocumentsAndCaptures) {
    NameServer server(10ms);
    for (const char* address : {"127.9.9.1", "127.9.9.252", "2001:db8::1"}) listen_on(address, 80);
    listen_on("::ffff:127.9.9.3", 81);
    for (const char* options : {"--dialect=darwin -aW", "--dialect=freebsd -aW", "--json -ltW", "-ltW"}) {
        const Ran ran = ours(options);
        EXPECT_EQ(count_of(ran.out, "n-1-9-9-127.example.org"), 1U) << options << "\n" << ran.out;
        EXPECT_EQ(count_of(ran.out, "n-3-9-9-127.example.org"), 1U) << options << "\n" << ran.out;
        EXPECT_EQ(count_of(ran.out, "127.9.9.252"), 1U) << options << "\n" << ran.out;
        EXPECT_EQ(count_of(ran.out, "n-1-0-0-0.exampl"), 1U) << options << "\n" << ran.out;
        expect_each_once(server.questions(), 4);
    }
    const std::string directory = fmt::format("/tmp/netstat46-names-{}", getpid());
    const Ran saved = ours("--classic --save=" + directory + " -ltW");
    server.questions();
    const Ran replayed = ours("--classic --replay=" + directory + " -ltW");
    std::filesystem::remove_all(directory);
    EXPECT_EQ(saved.out, replayed.out);
    EXPECT_EQ(count_of(replayed.out, "n-1-9-9-127.example.org"), 1U);
    EXPECT_TRUE(server.questions().empty()) << "a capture has its own names";
}

} // namespace
} // namespace netstat46::live
