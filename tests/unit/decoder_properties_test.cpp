// What holds for every decoder, tried on every answer in tests/captures. A new platform or interface takes
// part as soon as a capture of it stands there.
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "capture/bytes.hpp"
#include "capture/decoders.hpp"
#include "capture/manifest.hpp"
#include "files.hpp"
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
        if (decoder == nullptr || (sockets ? decoder->sockets == nullptr : decoder->side == nullptr))
            continue;
        found.push_back(
            {entry.path().parent_path().filename().string(), host, interface, contents(entry.path())});
    }
    return found;
}

/// What decoding gave.
struct Decoded {
    std::size_t records = 0;
    std::size_t failures = 0;
    bool stuck = false; ///< a call neither shortened the rest nor ended
};

std::string text_of(const Endpoint& endpoint) {
    std::string text;
    for (const std::uint8_t byte : endpoint.address.bytes) text += fmt::format("{:02x}", byte);
    return fmt::format("{}%{}.{}", text, endpoint.address.scope, endpoint.port);
}

std::string text_of(const SocketRecord& record) {
    return fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {}", int(record.protocol), int(record.family),
                       int(record.state), int(record.v6only), text_of(record.local), text_of(record.foreign),
                       record.recv_q, record.send_q, record.uid.value_or(0), record.owner_key, record.pcb,
                       record.darwin.last_pid.value_or(-1), record.unix_.path);
}

/// Decodes a copy of exactly these bytes, so that a sanitizer sees every access outside, and shows each
/// record to `seen` while the bytes stand.
template <typename Seen>
Decoded decode(const Answer& answer, std::string_view bytes, const Seen& seen) {
    const auto copy = std::make_unique<std::byte[]>(bytes.size());
    if (!bytes.empty()) std::memcpy(copy.get(), bytes.data(), bytes.size());
    Decoded decoded;
    TableNotes notes;
    const auto problem = [&](const Problem& one) { decoded.failures += one.fails ? 1 : 0; };
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

Decoded decode(const Answer& answer, std::string_view bytes, std::vector<std::string>& texts) {
    return decode(answer, bytes, [&](const SocketRecord& record) { texts.push_back(text_of(record)); });
}

/// Reads what a record refers to: its path is a view of the answer.
Decoded read_through(const Answer& answer, std::string_view bytes) {
    return decode(answer, bytes, [](const SocketRecord& record) {
        EXPECT_EQ(std::string(record.unix_.path).size(), record.unix_.path.size());
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
    decode(answer, answer.bytes, all);
    for (std::size_t length = 0; length < answer.bytes.size(); length += stride(answer)) {
        std::vector<std::string> some;
        ASSERT_FALSE(decode(answer, std::string_view(answer.bytes).substr(0, length), some).stuck) << length;
        ASSERT_LE(some.size(), all.size()) << length;
        for (std::size_t i = 0; i < some.size(); ++i) {
            // Of a path that holds a newline nobody can tell that it goes on.
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
    TableNotes notes;
    SideTables side;
    const DecoderEntry* decoder = find_decoder(*answer.host.system, answer.interface);
    decoder->side({answer.interface, &answer.host, [](const Problem&) {}, &notes})(
        Bytes(std::span<const std::byte>(copy.get(), bytes.size()), answer.host.byte_order), side);
    return side.processes.size() + side.half_open.size() + side.unix_sockets.size() + side.interfaces.size() +
           side.services.size() + side.hosts.size() + side.users.size() + side.ports.options.size() +
           side.ports.addresses.size();
}

class SideAnswerTest : public testing::TestWithParam<Answer> {};

TEST_P(SideAnswerTest, APrefixTellsNoMoreThanTheWhole) {
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
INSTANTIATE_TEST_SUITE_P(Captures, SideAnswerTest, testing::ValuesIn(answers(false)),
                         [](const auto& answer) { return test_name(answer.param); });

} // namespace
} // namespace netstat46
