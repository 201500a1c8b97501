// What holds for every decoder, tried on every answer in tests/captures. A new platform or interface takes
// part as soon as a capture of it stands there.
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "capture/bytes.hpp"
#include "capture/decoders.hpp"
#include "capture/manifest.hpp"
#include "darwin/row.hpp"
#include "files.hpp"
#include "format/field.hpp"
#include "freebsd/row.hpp"
#include "linux/row.hpp"
#include "system.hpp"
#include "systems.hpp"

namespace netstat46 {
namespace {

namespace fs = std::filesystem;

const fs::path captures = tests / "captures";

/// One interface's answer in one capture.
struct Answer {
    std::string name; ///< of the capture
    HostFacts host;
    std::string interface;
    std::string bytes;
};

/// The answers that a decoder of sockets reads, or those that one of side knowledge does.
std::vector<Answer> answers(bool sockets) {
    std::vector<Answer> found;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(captures)) {
        if (!entry.is_regular_file() || entry.path().filename() == "manifest") continue;
        const fs::path manifest = entry.path().parent_path() / "manifest";
        HostFacts host;
        if (!fs::exists(manifest) || read_manifest(contents(manifest), systems(), host)) continue;
        const std::string interface = entry.path().filename().string();
        const DecoderEntry* decoder = find_decoder(*host.system, interface);
        if (decoder == nullptr || (sockets ? decoder->sockets == nullptr : decoder->tables == nullptr))
            continue;
        const std::string name = entry.path().parent_path().lexically_relative(captures).string();
        found.push_back({name, host, interface, contents(entry.path())});
    }
    return found;
}

/// What decoding gave.
struct Decoded {
    std::size_t records = 0;
    std::size_t failures = 0;
    std::vector<std::string> remarks; ///< problems that are no failures
    bool stuck = false;               ///< a call neither shortened the rest nor ended
};

std::string text_of(const Endpoint& endpoint) {
    std::string text;
    for (const std::uint8_t byte : endpoint.address.bytes) text += fmt::format("{:02x}", byte);
    return fmt::format("{}%{}.{}", text, endpoint.address.scope, endpoint.port);
}

/// What every system has of it.
std::string text_of(const SocketRecord& record) {
    return fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {} {}", int(record.protocol), int(record.family),
                       int(record.state), int(record.v6only), text_of(record.local), text_of(record.foreign),
                       record.recv_q, record.send_q, record.uid.value_or(0), record.owner_key, record.pcb,
                       record.last_pid.value_or(-1), record.inode, unix_facts(record).path);
}

/// What its system alone has of it.
std::string own_text(const SocketRecord& record, const HostFacts& host) {
    static const HostTables none;
    const Row row{record, std::nullopt, none};
    Text out;
    for (const Field& field : host.system->fields()) {
        field.put(out, {row, {&host, nullptr}});
        out.push_back(' ');
    }
    return fmt::to_string(out);
}

/// Decodes a copy of exactly these bytes, so that a sanitizer sees every access outside, and shows each
/// record to `seen` while the bytes stand.
template <typename Seen>
Decoded decode(const Answer& answer, std::string_view bytes, const Seen& seen) {
    const auto copy = std::make_unique<std::byte[]>(bytes.size());
    if (!bytes.empty()) std::memcpy(copy.get(), bytes.data(), bytes.size());
    Decoded decoded;
    TableStatus notes;
    const auto problem = [&](const Problem& one) {
        decoded.failures += one.fails ? 1 : 0;
        if (!one.fails) decoded.remarks.push_back(one.text);
    };
    const SocketDecoder next = find_decoder(*answer.host.system, answer.interface)
                                   ->sockets({answer.interface, &answer.host, problem, &notes});
    Bytes rest(std::span<const std::byte>(copy.get(), bytes.size()), answer.host.byte_order);
    SocketRecord record;
    for (std::size_t left = rest.size(); next(rest, record); left = rest.size()) {
        seen(record);
        ++decoded.records;
        decoded.stuck = rest.size() >= left;
        if (decoded.stuck) break;
    }
    return decoded;
}

Decoded decode(const Answer& answer, std::string_view bytes, std::vector<std::string>& texts,
               bool own_too = false) {
    return decode(answer, bytes, [&](const SocketRecord& record) {
        texts.push_back((own_too ? own_text(record, answer.host) : "") + text_of(record));
    });
}

/// Reads each byte of a record's path too, which may be a view of the answer. Only a sanitizer sees one that
/// is not the answer's; what records hold is compared in the tests of prefixes.
Decoded read_through(const Answer& answer, std::string_view bytes) {
    volatile std::size_t sum = 0;
    return decode(answer, bytes, [&](const SocketRecord& record) {
        for (const char c : unix_facts(record).path) sum = sum + static_cast<unsigned char>(c);
    });
}

/// About this many positions of each answer are tried; primes, so that every offset within a record has its
/// turn.
std::size_t stride(const Answer& answer) {
    constexpr std::size_t primes[] = {1, 3, 7, 13, 31, 61, 127, 251};
    for (const std::size_t prime : primes)
        if (answer.bytes.size() / prime < 1500) return prime;
    return 509;
}

class DecoderPropertiesTest : public testing::TestWithParam<Answer> {};

TEST_P(DecoderPropertiesTest, EveryCallShortensTheRestOrEnds) {
    const Decoded all = read_through(GetParam(), GetParam().bytes);
    EXPECT_FALSE(all.stuck);
    EXPECT_LE(all.records, GetParam().bytes.size());
}

class SoundAnswerTest : public DecoderPropertiesTest {};

TEST_P(SoundAnswerTest, APrefixYieldsAPrefixOfItsRecords) {
    const Answer& answer = GetParam();
    std::vector<std::string> all;
    decode(answer, answer.bytes, all, true);
    for (std::size_t length = 0; length < answer.bytes.size(); length += stride(answer)) {
        std::vector<std::string> some;
        ASSERT_FALSE(decode(answer, std::string_view(answer.bytes).substr(0, length), some, true).stuck)
            << length;
        ASSERT_LE(some.size(), all.size()) << length;
        for (std::size_t i = 0; i < some.size(); ++i) {
            // A path that holds a newline may end there.
            const bool at_newline = length > 0 && answer.bytes[length - 1] == '\n' && i + 1 == some.size() &&
                                    all[i].starts_with(some[i] + '\n');
            ASSERT_TRUE(some[i] == all[i] || at_newline)
                << "record " << i << " of the first " << length << " bytes\n"
                << some[i] << "\n"
                << all[i];
        }
    }
}

TEST_P(DecoderPropertiesTest, EveryFlippedByteEnds) {
    const Answer& answer = GetParam();
    std::string bytes = answer.bytes;
    for (std::size_t at = 0; at < bytes.size(); at += stride(answer))
        for (const unsigned char flip : {0x01, 0x18, 0x80, 0xff}) {
            bytes[at] = static_cast<char>(static_cast<unsigned char>(answer.bytes[at]) ^ flip);
            const Decoded decoded = read_through(answer, bytes);
            ASSERT_FALSE(decoded.stuck) << "byte " << at << " ^ " << int(flip);
            ASSERT_LE(decoded.records, bytes.size());
            bytes[at] = answer.bytes[at];
        }
}

/// How much was read out of these bytes.
std::size_t side_entries(const Answer& answer, std::string_view bytes) {
    const auto copy = std::make_unique<std::byte[]>(bytes.size());
    if (!bytes.empty()) std::memcpy(copy.get(), bytes.data(), bytes.size());
    TableStatus notes;
    HostTables tables;
    const DecoderEntry* decoder = find_decoder(*answer.host.system, answer.interface);
    decoder->tables({answer.interface, &answer.host, [](const Problem&) {}, &notes})(
        Bytes(std::span<const std::byte>(copy.get(), bytes.size()), answer.host.byte_order), tables);
    return tables.processes.size() + tables.half_open.size() + tables.unix_sockets.size() +
           tables.interfaces.size() + tables.services.size() + tables.hosts.size() + tables.users.size() +
           tables.ports.options.size() + tables.ports.addresses.size();
}

class SideAnswerTest : public testing::TestWithParam<Answer> {};

TEST_P(SideAnswerTest, APrefixReportsNoMoreThanTheWhole) {
    const Answer& answer = GetParam();
    const std::size_t all = side_entries(answer, answer.bytes);
    for (std::size_t length = 0; length < answer.bytes.size(); length += stride(answer))
        ASSERT_LE(side_entries(answer, std::string_view(answer.bytes).substr(0, length)), all) << length;
}

TEST_P(SideAnswerTest, EveryFlippedByteEnds) {
    const Answer& answer = GetParam();
    std::string bytes = answer.bytes;
    for (std::size_t at = 0; at < bytes.size(); at += stride(answer))
        for (const unsigned char flip : {0x01, 0x03, 0x18, 0x80, 0xff}) {
            bytes[at] = static_cast<char>(static_cast<unsigned char>(answer.bytes[at]) ^ flip);
            ASSERT_LE(side_entries(answer, bytes), bytes.size()) << "byte " << at << " ^ " << int(flip);
            bytes[at] = answer.bytes[at];
        }
}

// ---- A later kernel's longer records

/// How the records of an answer begin with their length and where the next one stands.
struct Lengths {
    std::size_t width = 8;     ///< of the length word, at the record's begin
    std::size_t alignment = 1; ///< the next record begins at the length rounded up to it
    std::size_t first = 0;     ///< bytes of a header that stays as it is
    bool trailer = false;      ///< the last one stays too
};

std::optional<Lengths> lengths_of(const Answer& answer) {
    const std::string_view name = answer.interface;
    if (answer.host.system == &freebsd_system) {
        if (name == "kern.file") return Lengths{};
        if (name.starts_with("kern.proc")) return Lengths{.width = 4};
        return Lengths{.first = name.starts_with("net.local") ? std::size_t{32} : 64, .trailer = true};
    }
    if (answer.host.system == &darwin_system && name.starts_with("net.")) {
        if (name.ends_with("mptcp.pcblist")) return std::nullopt;
        const std::size_t header = name.starts_with("net.systm") ? 32 : 24;
        return Lengths{4, name.ends_with("64") ? std::size_t{1} : 8, header, true};
    }
    if (name.starts_with("sock_diag")) return Lengths{.width = 4, .alignment = 4};
    return std::nullopt;
}

std::uint64_t load(std::string_view bytes, std::size_t at, std::size_t width) {
    std::uint64_t value = 0;
    for (std::size_t i = width; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
    return value;
}

void store(std::string& bytes, std::size_t at, std::size_t width, std::uint64_t value) {
    for (std::size_t i = 0; i < width; ++i) bytes[at + i] = static_cast<char>(value >> (8 * i));
}

/// `bytes` with so many of `filler` more at the end of each record; empty if its lengths do not add up.
std::string with_longer_records(std::string_view bytes, const Lengths& lengths, std::size_t more, char filler,
                                bool netlink) {
    if (bytes.size() < lengths.first) return {};
    std::string out(bytes.substr(0, lengths.first));
    for (std::size_t at = lengths.first; at < bytes.size();) {
        if (at + lengths.width > bytes.size()) return {};
        const std::uint64_t length = load(bytes, at, lengths.width);
        const std::uint64_t step = (length + lengths.alignment - 1) / lengths.alignment * lengths.alignment;
        const bool last = at + step == bytes.size();
        if (length < lengths.width || at + step > bytes.size()) return {};
        const std::size_t begin = out.size();
        out += bytes.substr(at, length);
        const bool done = netlink && load(bytes, at + 4, 2) != 20; // SOCK_DIAG_BY_FAMILY
        if (!(last && lengths.trailer) && !done) {
            out.append(more, filler);
            store(out, begin, lengths.width, length + more);
        }
        while ((out.size() - begin) % lengths.alignment != 0) out.push_back('\0');
        at += step;
    }
    return out;
}

std::string longer(const Answer& answer, std::size_t more, char filler) {
    return with_longer_records(answer.bytes, *lengths_of(answer), more, filler,
                               answer.host.system == &linux_system);
}

constexpr std::size_t growths[] = {4, 8, 56, 64, 200, 1024};

class LongerRecordsTest : public testing::TestWithParam<Answer> {};

TEST_P(LongerRecordsTest, AreReadAsFarAsTheyAreKnownAndReportedOnce) {
    const Answer& answer = GetParam();
    std::vector<std::string> known;
    const Decoded usual = decode(answer, answer.bytes, known);
    for (const std::size_t more : growths)
        for (const char filler : {'\0', '\xa5'}) {
            std::vector<std::string> found;
            const std::string bytes = longer(answer, more, filler);
            const Decoded decoded = decode(answer, bytes, found);
            ASSERT_EQ(found, known) << more;
            ASSERT_EQ(decoded.failures, 0U) << more;
            const std::size_t said = answer.host.system == &linux_system || known.empty() ? 0 : 1;
            ASSERT_EQ(decoded.remarks.size(), usual.remarks.size() + said) << more;
        }
}

TEST_P(LongerRecordsTest, APrefixYieldsAPrefixOfTheRecords) {
    Answer answer = GetParam();
    std::vector<std::string> all;
    decode(answer, answer.bytes, all);
    answer.bytes = longer(answer, 56, '\0');
    for (std::size_t length = 0; length < answer.bytes.size(); length += 4 * stride(answer) + 1) {
        std::vector<std::string> some;
        decode(answer, std::string_view(answer.bytes).substr(0, length), some);
        ASSERT_LE(some.size(), all.size()) << length;
        for (std::size_t i = 0; i < some.size(); ++i) ASSERT_EQ(some[i], all[i]) << length;
    }
}

TEST_P(LongerRecordsTest, EveryFlippedByteEndsAndLosesLittle) {
    Answer answer = GetParam();
    answer.bytes = longer(answer, 56, '\0');
    std::vector<std::string> all;
    decode(answer, answer.bytes, all);
    std::string bytes = answer.bytes;
    for (std::size_t at = lengths_of(answer)->first; at < bytes.size(); at += stride(answer)) {
        bytes[at] = static_cast<char>(~answer.bytes[at]);
        const Decoded decoded = read_through(answer, bytes);
        ASSERT_FALSE(decoded.stuck) << at;
        const std::size_t lost =
            answer.host.system == &linux_system ? all.size() : 2; // netlink ends at damage
        ASSERT_GE(decoded.records + lost, all.size()) << at;
        bytes[at] = answer.bytes[at];
    }
}

std::vector<Answer> answers_with_lengths(bool sockets) {
    std::vector<Answer> all = answers(sockets);
    std::erase_if(all, [&](const Answer& answer) {
        if (!lengths_of(answer) || answer.bytes.empty() || longer(answer, 8, '\0').empty()) return true;
        return sockets && read_through(answer, answer.bytes).failures > 0;
    });
    return all;
}

/// All that was read from a table of owners or processes.
std::string side_text(const Answer& answer, std::string_view bytes, std::vector<Problem>& problems) {
    const auto copy = std::make_unique<std::byte[]>(bytes.size());
    if (!bytes.empty()) std::memcpy(copy.get(), bytes.data(), bytes.size());
    TableStatus notes;
    HostTables tables;
    const auto problem = [&](const Problem& one) { problems.push_back(one); };
    find_decoder(*answer.host.system, answer.interface)
        ->tables({answer.interface, &answer.host, problem, &notes})(
            Bytes(std::span<const std::byte>(copy.get(), bytes.size()), answer.host.byte_order), tables);
    std::string text;
    constexpr std::size_t data = 56, size = 128; // FreeBSD's xfile
    if (answer.interface == "kern.file")
        for (std::size_t at = 0; at + size <= answer.bytes.size(); at += size)
            for (const Owner& owner : tables.owners.all(load(answer.bytes, at + data, 8)))
                text += fmt::format("{}:{} ", owner.pid, owner.fd);
    std::map<std::int32_t, Process> processes(tables.processes.begin(), tables.processes.end());
    for (const auto& [pid, process] : processes)
        text += fmt::format("{} {} {}\n", pid, process.name, process.uid.value_or(-1));
    std::map<std::uint64_t, UnixDetails> sockets(tables.unix_sockets.begin(), tables.unix_sockets.end());
    for (const auto& [inode, socket] : sockets)
        text += fmt::format("{} {} {}\n", inode, socket.peer, socket.path);
    return text;
}

class LongerSideRecordsTest : public testing::TestWithParam<Answer> {};

TEST_P(LongerSideRecordsTest, AreReadAsFarAsTheyAreKnownAndReportedOnce) {
    const Answer& answer = GetParam();
    std::vector<Problem> usual;
    const std::string known = side_text(answer, answer.bytes, usual);
    for (const std::size_t more : growths)
        for (const char filler : {'\0', '\xa5'}) {
            std::vector<Problem> problems;
            ASSERT_EQ(side_text(answer, longer(answer, more, filler), problems), known) << more;
            if (answer.host.system == &linux_system) continue;
            ASSERT_EQ(problems.size(), usual.size() + 1);
            ASSERT_FALSE(problems.front().fails) << problems.front().text;
        }
}

std::string test_name(const Answer& answer) {
    std::string name = answer.name + "_" + answer.interface;
    for (char& c : name)
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    return name;
}

std::vector<Answer> sound_answers() {
    std::vector<Answer> all = answers(true);
    std::erase_if(all, [](const Answer& answer) { return read_through(answer, answer.bytes).failures > 0; });
    return all;
}

INSTANTIATE_TEST_SUITE_P(Captures, DecoderPropertiesTest, testing::ValuesIn(answers(true)),
                         [](const auto& answer) { return test_name(answer.param); });
INSTANTIATE_TEST_SUITE_P(Captures, SoundAnswerTest, testing::ValuesIn(sound_answers()),
                         [](const auto& answer) { return test_name(answer.param); });
INSTANTIATE_TEST_SUITE_P(Captures, LongerRecordsTest, testing::ValuesIn(answers_with_lengths(true)),
                         [](const auto& answer) { return test_name(answer.param); });
INSTANTIATE_TEST_SUITE_P(Captures, LongerSideRecordsTest, testing::ValuesIn(answers_with_lengths(false)),
                         [](const auto& answer) { return test_name(answer.param); });
INSTANTIATE_TEST_SUITE_P(Captures, SideAnswerTest, testing::ValuesIn(answers(false)),
                         [](const auto& answer) { return test_name(answer.param); });

} // namespace
} // namespace netstat46
