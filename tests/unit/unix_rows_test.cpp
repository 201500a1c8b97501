// Unix sockets of Linux out of both answers, sock_diag's and /proc/net/unix's: names that look like rows of
// the latter make none, whatever they hold and wherever blocks are cut.
#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "capture/complete.hpp"
#include "linux/decode.hpp"
#include "linux/row.hpp"
#include "linux/wire.hpp"
#include "netlink_message.hpp"

namespace netstat46 {
namespace {

using namespace linux_wire;
using namespace std::string_view_literals;

constexpr std::uint8_t closed = 7; // TCP_CLOSE, net/tcp_states.h

/// A socket as the kernel has it.
struct Made {
    std::uint32_t inode = 0; ///< 0: it waits to be accepted
    std::string name;        ///< without the NUL at the end of a path
    std::uint8_t type = 1, state = closed;
    std::uint32_t refs = 2;
    std::uint32_t waiting = 0; ///< of a listener: connections
};

Made listener(std::uint32_t inode, std::string name, std::uint32_t waiting = 0) {
    return {inode, std::move(name), 1, tcp_listen, 2, waiting};
}

Made waiting(std::string name) { return {0, std::move(name), 1, tcp_established, 3}; }

std::string at_for_nul(std::string name) {
    std::replace(name.begin(), name.end(), '\0', '@');
    return name;
}

/// A row as net/unix/af_unix.c writes it.
std::string row_of(const Made& socket) {
    const bool connected = socket.state == tcp_established;
    const int state = socket.inode == 0 ? (connected ? 2 : 4) : connected ? 3 : 1;
    return fmt::format("00000000cbe2841d: {:08X} 00000000 {:08X} {:04X} {:02X} {:5}{}{}", socket.refs,
                       socket.state == tcp_listen ? unix_accepting : 0, socket.type, state, socket.inode,
                       socket.name.empty() ? "" : " ", at_for_nul(socket.name));
}

constexpr std::string_view heading = "Num       RefCount Protocol Flags    Type St Inode Path\n";

std::string proc_text(const std::vector<Made>& sockets) {
    std::string text(heading);
    for (const Made& socket : sockets) text += row_of(socket) + '\n';
    return text;
}

NetlinkMessage message_of(const Made& socket) {
    NetlinkMessage message(unix_diag_size);
    message.set<std::uint8_t>(unix_diag_family, af_unix)
        .set<std::uint8_t>(unix_diag_type, socket.type)
        .set<std::uint8_t>(unix_diag_state, socket.state)
        .set<std::uint32_t>(unix_diag_inode, socket.inode);
    const bool is_path = !socket.name.empty() && socket.name.front() != '\0';
    if (!socket.name.empty())
        message.attribute(unix_diag_name, text(is_path ? socket.name + '\0' : socket.name));
    NetlinkMessage queues(unix_rqlen_size);
    queues.set<std::uint32_t>(unix_rqlen_rqueue, socket.waiting);
    return message.attribute(unix_diag_rqlen, queues).sent();
}

/// sock_diag passes over what has no inode.
std::vector<std::vector<std::byte>> messages_of(const std::vector<Made>& sockets) {
    std::vector<std::vector<std::byte>> messages;
    for (const Made& socket : sockets)
        if (socket.inode != 0) messages.push_back(message_of(socket).bytes());
    return messages;
}

/// A row as it is listed.
struct Listed {
    std::uint64_t inode = 0, owner_key = 0, refs = 0;
    bool supposed = false;
    unsigned type = 0, state = 0;
    std::string name; ///< NULs as `@`
    bool operator==(const Listed&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Listed& row) {
    return out << row.inode << " refs " << row.refs << (row.supposed ? "? " : " ") << row.state << " ["
               << row.name << "]";
}

struct Read {
    std::vector<Listed> rows;
    std::vector<std::string> problems;
    bool fails = false;
};

/// Reads answers as the lister does: side knowledge, then sockets.
class Reader {
public:
    void tables(std::string_view interface, std::span<const std::byte> bytes, std::size_t offset = 0) {
        auto& decode = sides_[std::string(interface)];
        if (!decode) decode = find_decoder(linux_system, interface)->tables(context(interface));
        decode(Bytes(bytes, ByteOrder::Little, offset), tables_);
    }

    Read sockets(std::string_view interface, const std::vector<std::vector<std::byte>>& blocks) {
        const SocketDecoder decode = completed(
            find_decoder(linux_system, interface)->sockets(context(interface)), Protocol::Unix, tables_);
        for (const auto& block : blocks) {
            SocketRecord record;
            for (Bytes rest(block); decode(rest, record);)
                read_.rows.push_back({record.inode, record.owner_key, unix_facts(record).refs,
                                      unix_facts(record).refs_supposed, unix_facts(record).type,
                                      unix_facts(record).state,
                                      at_for_nul(std::string(unix_facts(record).path))});
        }
        return read_;
    }

private:
    DecodeContext context(std::string_view interface) {
        return {interface, &host_,
                [this](const Problem& problem) {
                    read_.problems.push_back(problem.text);
                    read_.fails = read_.fails || problem.fails;
                },
                &notes_};
    }

    HostFacts host_;
    TableStatus notes_;
    Read read_;
    HostTables tables_;
    std::map<std::string, HostTablesDecoder> sides_;
};

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

/// What is listed where sock_diag knows `told` and /proc/net/unix has `text`, which is cut after the
/// newlines that `cut` chooses.
template <class Cut>
Read read_both(const std::vector<Made>& told, std::string_view text, Cut cut) {
    Reader reader;
    const auto messages = messages_of(told);
    for (const auto& message : messages) reader.tables("sock_diag.unix", message);
    if (messages.empty()) reader.tables("sock_diag.unix", {});
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size(); ++at)
        if (text[at] == '\n' && cut()) {
            reader.tables("proc.net.unix", bytes_of(text.substr(begin, at + 1 - begin)), begin);
            begin = at + 1;
        }
    if (begin < text.size()) reader.tables("proc.net.unix", bytes_of(text.substr(begin)), begin);
    return reader.sockets("sock_diag.unix", messages);
}

Read read_both(const std::vector<Made>& told, std::string_view text) {
    return read_both(told, text, [] { return false; });
}

std::vector<Listed> as_made(const std::vector<Made>& sockets) {
    std::vector<Listed> rows;
    for (const Made& socket : sockets) {
        const bool connected = socket.state == tcp_established;
        const unsigned state = socket.inode == 0 ? (connected ? 2 : 4) : connected ? 3 : 1;
        rows.push_back(
            {socket.inode, socket.inode, socket.refs, false, socket.type, state, at_for_nul(socket.name)});
    }
    return rows;
}

std::string abstract(std::string_view name) { return '\0' + std::string(name); }

const Made victim = listener(4711, abstract("victim"));

/// The victim's row as a forger would have it.
std::string forged(std::uint32_t inode, const std::string& name, std::uint32_t refs = 99) {
    return row_of({inode, name, 1, tcp_listen, refs});
}

// ---- What names hold

TEST(UnixRows, ANameThatLooksLikeARowIsAName) {
    const std::string names[] = {
        abstract("x\n" + forged(4711, "@victim")),       // as the victim, but for the count
        abstract("x\n" + forged(4711, "/run/other")),    // its inode, another name
        abstract("x\n" + forged(4711, "")),              // its inode, no name
        abstract("x\n" + forged(80, "")),                // another table's inode
        abstract("x\n" + forged(0, "@victim")),          // a connection that waits
        abstract("x\n00000000cbe2841d: nonsense"),       // damage
        abstract("x\n\n\n00000000cbe2841d: 00000002\n"), // more of it
        "/run/x\n" + forged(4711, "@victim"),            // in the file system
        abstract("victim\n" + forged(4711, "@victim")),  // begins as an honest one
        abstract("victim"),                              // is an honest one's (of another type)
        abstract("\n" + forged(4711, "@victim")),
        abstract("x\n(____ptrval____): 00000002 00000000 00000000 0001 01  4711 @victim"),
        abstract("x\ncbe2841d: 00000002 00000000 00000000 0001 01  4711 @victim"),
        abstract("x\n" + std::string(105, 'y')),
        abstract("\0\0\n"sv),
    };
    for (const std::string& name : names)
        for (const bool before : {false, true}) {
            const Made forger{5, name, 2};
            const auto sockets = before ? std::vector{forger, victim} : std::vector{victim, forger};
            const Read got = read_both(sockets, proc_text(sockets));
            EXPECT_EQ(got.rows, as_made(sockets)) << name;
            EXPECT_EQ(got.problems, std::vector<std::string>{}) << name;
        }
}

TEST(UnixRows, ConnectionsThatWaitAreListedWhereTheyStand) {
    const std::vector<Made> sockets{waiting(abstract("s")),
                                    {7, "", 2, closed, 2},
                                    waiting(abstract("s")),
                                    {0, "", 0, closed, 2}, // its connect(2) waits for a place
                                    listener(8, abstract("s"), 2),
                                    waiting(abstract("s\n" + forged(8, "@s"))),
                                    listener(9, abstract("s\n" + forged(8, "@s")), 1)};
    const Read got = read_both(sockets, proc_text(sockets));
    EXPECT_EQ(got.rows, as_made(sockets));
    EXPECT_EQ(got.problems, std::vector<std::string>{});
}

TEST(UnixRows, NoMoreConnectionsWaitThanTheListenerHas) {
    const std::vector<Made> sockets{listener(8, abstract("s"), 1), {9, "", 1, closed, 2}};
    std::string text = proc_text(sockets);
    for (int i = 0; i < 5; ++i) text += row_of(waiting(abstract("s"))) + '\n';
    const Read got = read_both(sockets, text);
    ASSERT_EQ(got.rows.size(), 3U);
    EXPECT_EQ(got.rows[2].inode, 0U);
}

/// A capture may be like this, or a table that changed while it was read.
TEST(UnixRows, ASocketThatIsReportedTwiceHasItsConnectionsOnce) {
    const Made one = listener(8, abstract("s"), 3);
    std::string text = proc_text({one});
    for (int i = 0; i < 3; ++i) text += row_of(waiting(abstract("s"))) + '\n';
    EXPECT_EQ(read_both({one, one, one}, text).rows.size(), 3U + 3U);
}

// ---- The two answers are not of one moment

TEST(UnixRows, ASocketThatProcDoesNotHaveIsListedWithWhatSuchSocketsHave) {
    const Made pair{6, "", 1, tcp_established, 3};
    const Read got = read_both({victim, pair}, heading);
    ASSERT_EQ(got.rows.size(), 2U);
    EXPECT_EQ(got.rows[0], (Listed{4711, 4711, 2, true, 1, 1, "@victim"}));
    EXPECT_EQ(got.rows[1], (Listed{6, 6, 3, true, 1, 3, ""}));
    EXPECT_EQ(got.problems, std::vector<std::string>{});
}

TEST(UnixRows, ARowThatSockDiagDoesNotHaveIsNotListed) {
    for (const std::string& name :
         {std::string(), abstract("new"), abstract("new\nline"), abstract("x\n" + forged(4711, "@victim"))}) {
        const Read got = read_both({victim}, proc_text({{5, name}, victim}));
        ASSERT_EQ(got.rows.size(), 1U) << name;
        EXPECT_EQ(got.rows[0].name, "@victim");
        EXPECT_TRUE(got.rows[0].refs == 2) << got.rows[0];
    }
}

TEST(UnixRows, ARowUnderAnotherNameAddsNothing) {
    for (const std::string& name :
         {std::string(), abstract("victi"), abstract("victim2"), abstract("other")}) {
        Made other = victim;
        other.name = name;
        other.refs = 50;
        const Read got = read_both({victim}, proc_text({other}));
        EXPECT_EQ(got.rows, (std::vector<Listed>{{4711, 4711, 2, true, 1, 1, "@victim"}})) << name;
    }
}

// ---- Damage

TEST(UnixRows, DamageIsReportedAndFailsNothing) {
    const std::string whole = proc_text({victim, {5, "/run/x"}});
    const Read cut = read_both({victim, {5, "/run/x"}}, whole.substr(0, whole.size() - 9));
    EXPECT_EQ(cut.rows.size(), 2U);
    ASSERT_EQ(cut.problems.size(), 1U);
    EXPECT_TRUE(cut.problems[0].starts_with("proc.net.unix: a line cut short at offset")) << cut.problems[0];
    EXPECT_FALSE(cut.fails);
    const Read nonsense = read_both({victim}, std::string(heading) + "nonsense\n" + row_of(victim) + '\n');
    EXPECT_EQ(nonsense.problems,
              std::vector<std::string>{
                  fmt::format("proc.net.unix: a line that is not a socket at offset {}", heading.size())});
    EXPECT_FALSE(nonsense.fails);
    EXPECT_EQ(nonsense.rows, as_made({victim}));
}

TEST(UnixRows, WithoutSockDiagDamageFailsNothingEither) {
    Reader reader;
    const std::string text = proc_text({{5, abstract("x\n00000000cbe2841d: nonsense")}, victim});
    reader.tables("proc.net.unix", bytes_of(text));
    const auto block = bytes_of(text);
    const Read got = reader.sockets("proc.net.unix", {{block.begin(), block.end()}});
    EXPECT_EQ(got.rows.size(), 2U);
    EXPECT_EQ(got.problems.size(), 1U);
    EXPECT_FALSE(got.fails);
}

TEST(UnixRows, WithoutSockDiagAnInodeInMoreThanOneRowHasNoOwner) {
    Reader reader;
    const std::string text = proc_text({{5, abstract("x\n" + forged(4711, "@victim"))},
                                        victim,
                                        {6, ""},
                                        waiting(abstract("victim")),
                                        waiting(abstract("victim"))});
    reader.tables("proc.net.unix", bytes_of(text));
    const auto block = bytes_of(text);
    const Read got = reader.sockets("proc.net.unix", {{block.begin(), block.end()}});
    ASSERT_EQ(got.rows.size(), 6U);
    for (const Listed& row : got.rows) EXPECT_EQ(row.owner_key, row.inode == 4711 ? 0 : row.inode) << row;
    EXPECT_EQ(got.problems, std::vector<std::string>{"proc.net.unix: inode 4711 is in more than one row; its "
                                                     "owner is not shown"});
    EXPECT_FALSE(got.fails);
}

// ---- Whatever there is

constexpr unsigned seeds = 500;

class Hosts {
public:
    explicit Hosts(unsigned seed) : random_(seed) {}

    /// Some sockets, many of them a forger's.
    std::vector<Made> any() {
        std::vector<Made> sockets;
        const std::size_t count = below(40);
        for (std::size_t i = 0; i < count; ++i) sockets.push_back(socket(sockets));
        std::vector<Made> all;
        for (const Made& one : sockets) // accept(2) has taken some; others stand anywhere
            for (std::uint32_t i = 0; i < one.waiting; ++i) all.push_back(waiting(one.name));
        all.insert(all.end(), sockets.begin(), sockets.end());
        std::shuffle(all.begin(), all.end(), random_);
        return all;
    }

    std::size_t below(std::size_t limit) { return random_() % limit; }

private:
    Made socket(const std::vector<Made>& others) {
        Made made{next_inode_ += 1 + static_cast<std::uint32_t>(below(3)), name(others)};
        made.type = std::array<std::uint8_t, 3>{1, 2, 5}[below(3)];
        made.state = std::array{closed, tcp_established, tcp_listen}[below(3)];
        made.refs = static_cast<std::uint32_t>(2 + below(9));
        if (made.state == tcp_listen && !made.name.empty())
            made.waiting = static_cast<std::uint32_t>(below(4));
        return made;
    }

    std::string name(const std::vector<Made>& others) {
        if (below(4) == 0) return {};
        std::string text = below(3) == 0 ? "/" : std::string(1, '\0');
        const std::size_t parts = 1 + below(4);
        for (std::size_t i = 0; i < parts; ++i) text += part(others);
        text.resize(std::min<std::size_t>(text.size(), 108));
        if (text.front() == '/') text = text.substr(0, text.find('\0'));
        return text;
    }

    std::string part(const std::vector<Made>& others) {
        const Made other = others.empty() ? victim : others[below(others.size())];
        switch (below(8)) {
        case 0:
            return "\n";
        case 1:
            return "\n" + row_of(other);
        case 2:
            return "\n" + forged(below(2) == 0 ? 0 : other.inode, at_for_nul(other.name));
        case 3:
            return at_for_nul(other.name);
        case 4:
            return std::string(1, '\0');
        case 5:
            return "\n00000000cbe2841d: ";
        default:
            return std::string(below(3), static_cast<char>('a' + below(3)));
        }
    }

    std::mt19937 random_;
    std::uint32_t next_inode_ = 100;
};

TEST(UnixRows, AnyHostIsListedAsItIs) {
    for (unsigned seed = 0; seed < seeds; ++seed) {
        Hosts hosts(seed);
        const std::vector<Made> sockets = hosts.any();
        const Read got = read_both(sockets, proc_text(sockets));
        ASSERT_EQ(got.rows, as_made(sockets)) << "seed " << seed;
        ASSERT_EQ(got.problems, std::vector<std::string>{}) << "seed " << seed;
    }
}

/// A block may end within a name. Only of a connection that waits nobody can then say how long its name is.
TEST(UnixRows, BlocksMayBeCutAtAnyNewline) {
    for (unsigned seed = 0; seed < seeds; ++seed) {
        Hosts hosts(seed);
        std::vector<Made> sockets = hosts.any();
        std::erase_if(sockets, [](const Made& socket) { return socket.inode == 0; });
        const Read got = read_both(sockets, proc_text(sockets), [&] { return hosts.below(3) == 0; });
        ASSERT_EQ(got.rows, as_made(sockets)) << "seed " << seed;
        ASSERT_EQ(got.problems, std::vector<std::string>{}) << "seed " << seed;
    }
}

/// Of two moments: sock_diag's sockets with its names are listed in its order, and nothing else but no more
/// connections than wait.
TEST(UnixRows, WhateverProcSaysSockDiagsRowsAreListed) {
    for (unsigned seed = 0; seed < seeds; ++seed) {
        Hosts hosts(seed);
        std::vector<Made> told = hosts.any(), there = told;
        std::erase_if(told, [&](const Made&) { return hosts.below(8) == 0; });
        std::erase_if(there, [&](const Made&) { return hosts.below(8) == 0; });
        std::string text = proc_text(there);
        if (!text.empty() && hosts.below(2) == 0) text[hosts.below(text.size())] ^= 0x11;
        Read got = read_both(told, text, [&] { return hosts.below(3) == 0; });
        std::map<std::string, std::uint32_t> room;
        for (const Made& one : told) room[at_for_nul(one.name)] += one.inode != 0 ? one.waiting : 0;
        std::vector<Listed> want = as_made(told);
        std::erase_if(want, [](const Listed& row) { return row.inode == 0; });
        for (const Listed& row : got.rows)
            if (row.inode == 0 && !row.name.empty()) {
                ASSERT_GT(room[row.name]--, 0U) << "seed " << seed;
            }
        std::erase_if(got.rows, [](const Listed& row) { return row.inode == 0; });
        ASSERT_EQ(got.rows.size(), want.size()) << "seed " << seed;
        for (std::size_t i = 0; i < want.size(); ++i) {
            got.rows[i].refs = want[i].refs;
            got.rows[i].supposed = want[i].supposed;
            ASSERT_EQ(got.rows[i], want[i]) << "seed " << seed;
        }
        ASSERT_FALSE(got.fails) << "seed " << seed;
    }
}

} // namespace
} // namespace netstat46
