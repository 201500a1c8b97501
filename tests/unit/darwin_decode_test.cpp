#include "darwin/decode.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "darwin/facts.hpp"
#include "darwin_bytes.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

using namespace darwin_test;
using namespace std::string_literals;
namespace wire = darwin_wire;

std::string v4(std::string_view last_four) { return std::string(12, '\0') + std::string(last_four); }

std::string text_of(const Address& address) {
    Text text;
    put_address(text, address);
    return fmt::to_string(text);
}

SocketRecord only(const Decoded& decoded) {
    EXPECT_EQ(decoded.records.size(), 1U);
    EXPECT_TRUE(decoded.problems.empty());
    return decoded.records.empty() ? SocketRecord{} : decoded.records.front();
}

// ---- what a socket serves, and V6ONLY ----

struct Serving {
    const char* what;
    std::int32_t family;
    std::uint8_t vflag;
    std::uint32_t flags;
    Serves serves;
    V6Only v6only;
};

class DarwinServesTest : public testing::TestWithParam<Serving> {};

TEST_P(DarwinServesTest, FollowsVflagAndInpFlags) {
    Socket socket;
    socket.family = GetParam().family;
    socket.vflag = GetParam().vflag;
    socket.flags = GetParam().flags;
    const SocketRecord record = only(decode_tcp(tcp_list({socket})));
    EXPECT_EQ(record.serves, GetParam().serves);
    EXPECT_EQ(record.v6only, GetParam().v6only);
}

INSTANTIATE_TEST_SUITE_P(
    Binds, DarwinServesTest,
    testing::Values(Serving{"DualStack", 30, 3, 0, {true, true}, V6Only::No},
                    Serving{"V6Only", 30, 2, 0x8000, {false, true}, V6Only::Yes},
                    Serving{"V6AddressWithoutTheOption", 30, 2, 0x800000, {false, true}, V6Only::No},
                    Serving{"V4Mapped", 30, 1, 0, {true, false}, V6Only::No},
                    Serving{"V4MappedUdpFrom8792", 30, 5, 0, {true, false}, V6Only::No},
                    Serving{"PlainV4", 2, 1, 0, {true, false}, V6Only::NotApplicable},
                    Serving{"NeitherFamily", 30, 4, 0, {false, false}, V6Only::No}),
    [](const auto& one) { return std::string(one.param.what); });

TEST(DarwinDecodeTest, ConnectedSocketsHaveNoV6Only) {
    Socket socket;
    socket.vflag = 2;
    socket.flags = wire::inp::v6only;
    socket.foreign_port = 443;
    EXPECT_EQ(only(decode_tcp(tcp_list({socket}))).v6only, V6Only::NotApplicable);
}

// ---- fields ----

TEST(DarwinDecodeTest, ReadsEveryItemOfASocket) {
    const SocketRecord record = only(decode_tcp(tcp_list({Socket{}})));
    EXPECT_EQ(record.protocol, Protocol::Tcp);
    EXPECT_EQ(record.family, Family::Inet6);
    EXPECT_EQ(record.state, State::Listen);
    EXPECT_EQ(record.local.port, 8888);
    EXPECT_EQ(record.recv_q, 7U);
    EXPECT_EQ(record.send_q, 9U);
    EXPECT_EQ(record.uid, 501U);
    EXPECT_EQ(record.owner_key, 0x5000U);
    EXPECT_EQ(record.pcb, 0xdd1e8686466d3c79U);
    EXPECT_EQ(record.tcb, 0xdd1e8686466d3c7aU);
    EXPECT_EQ(record.last_pid, 4567);
    EXPECT_EQ(darwin_facts(record).rx_bytes, 10U + 20U + 30U + 40U) << "all four traffic classes";
}

TEST(DarwinDecodeTest, ReadsTheShorterSocketOfMacOs12) {
    Socket socket;
    socket.xsocket_size = wire::xsocket_n::size_7195;
    const SocketRecord record =
        only(decode_tcp(tcp_list({socket, socket}).substr(0, tcp_list({socket}).size() - 24)));
    EXPECT_EQ(record.last_pid, 4567);
    EXPECT_EQ(darwin_facts(record).socket_generation, 0U);
}

TEST(DarwinDecodeTest, MappedAddressesAreIpv4AndTheFamilyStays) {
    Socket socket;
    socket.vflag = 1;
    socket.local = v4("\x7f\x00\x00\x01"s);
    const SocketRecord record = only(decode_tcp(tcp_list({socket})));
    EXPECT_EQ(record.family, Family::Inet6);
    EXPECT_EQ(record.local.address.family, Family::Inet);
    EXPECT_EQ(text_of(record.local.address), "127.0.0.1");
}

TEST(DarwinDecodeTest, TheWildcardOfADualStackSocketIsIpv6) {
    EXPECT_EQ(text_of(only(decode_tcp(tcp_list({Socket{}}))).local.address), "::");
}

TEST(DarwinDecodeTest, LinkLocalAddressesGiveUpTheirScope) {
    Socket socket;
    socket.vflag = 2;
    socket.local = "\xfe\x80\x00\x03"s + std::string(11, '\0') + "\x01"s;
    const SocketRecord record = only(decode_tcp(tcp_list({socket})));
    EXPECT_EQ(text_of(record.local.address), "fe80::1");
    EXPECT_EQ(record.local.address.scope, 3U);
}

TEST(DarwinDecodeTest, UserSpaceFlowsSayNoFamily) {
    Socket flow;
    flow.block = flow.so = 0;
    flow.family = 0;
    flow.vflag = 1;
    flow.local = v4("\xc0\xa8\x01\x17"s);
    EXPECT_EQ(only(decode_tcp(tcp_list({flow}))).family, Family::Inet);
}

TEST(DarwinDecodeTest, StatesOutOfRangeKeepTheirNumber) {
    for (const std::int32_t number : {-1, 11, 1000}) {
        Socket socket;
        socket.state = number;
        const SocketRecord record = only(decode_tcp(tcp_list({socket})));
        EXPECT_EQ(record.state, State::Unknown);
        EXPECT_EQ(record.native_state, number);
    }
}

TEST(DarwinDecodeTest, AClosedSocketWithAPortIsBound) {
    Socket socket;
    socket.state = 0;
    EXPECT_EQ(only(decode_tcp(tcp_list({socket}))).state, State::Bound);
    socket.local_port = 0;
    EXPECT_EQ(only(decode_tcp(tcp_list({socket}))).state, State::Closed);
}

TEST(DarwinDecodeTest, SocketsBornAfterTheHeaderAreLeftOut) {
    Socket old, young;
    young.block = 0x77;
    young.born = 101;
    EXPECT_EQ(only(decode_tcp(tcp_list({old, young}))).pcb, old.block);
}

// ---- empty, short, changed ----

TEST(DarwinDecodeTest, NothingAHeaderAloneAndAHeaderWithATrailerAreEmpty) {
    for (const std::string& bytes : {std::string(), generation(3, 1), generation(0, 1) + generation(0, 1)}) {
        const Decoded decoded = decode_tcp(bytes);
        EXPECT_TRUE(decoded.records.empty());
        EXPECT_TRUE(decoded.problems.empty());
    }
}

TEST(DarwinDecodeTest, ACountThatLiesAndAMissingTrailerAreNoProblem) {
    EXPECT_EQ(only(decode_tcp(generation(0, 100) + joined(items_of(Socket{})))).local.port, 8888);
}

TEST(DarwinDecodeTest, AChangedTrailerIsReportedWithoutFailing) {
    const Decoded decoded = decode_tcp(generation(1, 100) + joined(items_of(Socket{})) + generation(2, 105));
    EXPECT_EQ(decoded.records.size(), 1U);
    ASSERT_EQ(decoded.problems.size(), 1U);
    EXPECT_FALSE(decoded.problems[0].fails);
    EXPECT_TRUE(decoded.notes.generation_changed);
    EXPECT_EQ(decoded.notes.count_change, 1);
}

// ---- damage ----

/// Three sockets of which the middle one's items can be changed.
class DarwinDamageTest : public testing::Test {
protected:
    DarwinDamageTest() {
        first_.block = 0x1000, middle_.block = 0x2000, last_.block = 0x3000;
        first_.local_port = 1, middle_.local_port = 2, last_.local_port = 3;
        items_ = items_of(middle_);
    }

    Decoded decoded() const {
        return decode_tcp(generation(3, 100) + joined(items_of(first_)) + joined(items_) +
                          joined(items_of(last_)) + generation(3, 100));
    }

    static std::vector<std::uint16_t> ports(const Decoded& decoded) {
        std::vector<std::uint16_t> found;
        for (const SocketRecord& record : decoded.records) found.push_back(record.local.port);
        return found;
    }

    static void set_length(std::string& item, std::uint32_t length) {
        for (int i = 0; i < 4; ++i) item[static_cast<std::size_t>(i)] = static_cast<char>(length >> (8 * i));
    }

    static std::string said(const Decoded& decoded) {
        std::string all;
        for (const Problem& problem : decoded.problems) all += problem.text + "\n";
        return all;
    }

    const std::vector<std::uint16_t> all_{1, 2, 3}, without_middle_{1, 3};
    Socket first_, middle_, last_;
    std::vector<std::string> items_;
};

TEST_F(DarwinDamageTest, AnUnknownItemIsSkippedAndReportedOnce) {
    const std::string unknown = Record(48).item(0x400);
    items_.insert(items_.begin() + 2, {unknown, unknown});
    const Decoded got = decoded();
    EXPECT_EQ(ports(got), all_);
    EXPECT_EQ(said(got),
              "net.inet.tcp.pcblist_n: offset 848: an item of unknown kind 0x400, 48 bytes, is skipped\n");
}

TEST_F(DarwinDamageTest, ALengthThatCannotBeIsCorrectedByTheKind) {
    for (const std::uint32_t length : {0U, 7U, 8U, 40U, 5000U, 0xffffffffU}) {
        set_length(items_[0], length);
        const Decoded got = decoded();
        EXPECT_EQ(ports(got), all_) << length;
        EXPECT_EQ(got.problems.size(), 1U) << said(got);
    }
}

TEST_F(DarwinDamageTest, ADoubledItemIsIgnored) {
    Socket other = middle_;
    other.last_pid = 4242;
    items_.insert(items_.begin() + 2, socket_item(other));
    const Decoded got = decoded();
    ASSERT_EQ(ports(got), all_);
    EXPECT_EQ(got.records[1].last_pid, 4567);
    EXPECT_EQ(got.problems.size(), 1U) << said(got);
}

TEST_F(DarwinDamageTest, AMissingItemLeavesTheRest) {
    for (std::size_t missing = 1; missing < items_.size(); ++missing) {
        items_ = items_of(middle_);
        items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(missing));
        const Decoded got = decoded();
        EXPECT_EQ(ports(got), all_) << missing;
        EXPECT_EQ(got.problems.size(), 1U) << said(got);
    }
}

TEST_F(DarwinDamageTest, ASocketWithoutItsPcbIsReportedAndNotShown) {
    items_.erase(items_.begin());
    const Decoded got = decoded();
    EXPECT_EQ(ports(got), without_middle_);
    EXPECT_EQ(said(got), "net.inet.tcp.pcblist_n: offset 640: a socket lacks its xinpcb_n\n");
}

TEST_F(DarwinDamageTest, AnyOrderOfItemsWillDo) {
    std::sort(items_.begin(), items_.end());
    do {
        const Decoded got = decoded();
        ASSERT_EQ(ports(got), all_);
        ASSERT_TRUE(got.problems.empty()) << said(got);
        ASSERT_EQ(got.records[1].state, State::Listen);
    } while (std::next_permutation(items_.begin(), items_.end()));
}

TEST_F(DarwinDamageTest, PagesOfRubbishCostOnlyWhatTheyCover) {
    for (const char filling : {'\0', '\xff', '\x55'})
        for (const std::size_t size : {1U, 8U, 100U, 613U, 4096U}) {
            items_ = {std::string(size, filling)};
            const Decoded got = decoded();
            EXPECT_EQ(ports(got), without_middle_) << size;
            EXPECT_FALSE(got.problems.empty());
        }
}

TEST_F(DarwinDamageTest, ABadHeaderDoesNotHideTheList) {
    for (const std::uint32_t length : {0U, 8U, 23U, 0xffffffffU}) {
        std::string bytes = tcp_list({first_, last_});
        set_length(bytes, length);
        const Decoded got = decode_tcp(bytes);
        EXPECT_EQ(ports(got), without_middle_) << length;
        EXPECT_EQ(got.problems.size(), 1U) << said(got);
    }
}

TEST_F(DarwinDamageTest, NothingButRubbishIsOneProblem) {
    for (const char filling : {'\0', '\xff'}) {
        const Decoded got = decode_tcp(std::string(4096, filling));
        EXPECT_TRUE(got.records.empty());
        EXPECT_EQ(got.problems.size(), 1U) << said(got);
    }
}

// ---- unix ----

std::string unpcb_item(std::uint64_t block, std::string_view name) {
    return Record(wire::xunpcb_n::size)
        .set(wire::xunpcb_n::pcb, 8, block)
        .set(wire::xunpcb_n::address, 1, name.empty() ? 0 : name.size() + 2)
        .set(wire::xunpcb_n::address + 2, name)
        .item(wire::kind::unpcb);
}

std::string unix_list(std::string_view name, std::uint32_t count) {
    Socket socket;
    socket.family = 1;
    return generation(count, 100) + unpcb_item(socket.block, name) + socket_item(socket) +
           buffer_item(wire::kind::receive_buffer, 3) + buffer_item(wire::kind::send_buffer, 0) +
           statistics_item() + generation(count, 100);
}

TEST(DarwinUnixTest, ANameReachesToItsLengthOrItsEnd) {
    using namespace std::string_literals;
    EXPECT_EQ(unix_facts(only(decode("net.local.stream.pcblist_n", unix_list("/tmp/a b", 24)))).path,
              "/tmp/a b");
    EXPECT_EQ(unix_facts(only(decode("net.local.stream.pcblist_n", unix_list("/tmp\0tail"s, 24)))).path,
              "/tmp");
}

TEST(DarwinUnixTest, NoNameHasNoData) {
    const Decoded decoded = decode("net.local.dgram.pcblist_n", unix_list("", 24));
    EXPECT_EQ(unix_facts(only(decoded)).path.data(), nullptr);
}

TEST(DarwinUnixTest, TheTrailersCountIsRemarkedUnlessItIsAKind) {
    EXPECT_EQ(decode("net.local.stream.pcblist_n", unix_list("", 24)).notes.remarks,
              std::vector<std::string>{"stream: unexpected kind 24 which 0x18"});
    EXPECT_TRUE(decode("net.local.stream.pcblist_n", unix_list("", 8)).notes.remarks.empty());
}

std::string unpcb64(std::uint64_t block, std::string_view name) {
    return Record(wire::xunpcb64::size)
        .set(0, 4, wire::xunpcb64::size)
        .set(wire::xunpcb64::pcb, 8, block)
        .set(wire::xunpcb64::address, 1, name.size() + 2)
        .set(wire::xunpcb64::address + 2, name)
        .set(wire::xunpcb64::socket + wire::xsocket64::type, 2, 1)
        .set(wire::xunpcb64::socket + wire::xsocket64::receive, 4, 5)
        .bytes();
}

TEST(DarwinUnixTest, ReadsTheOlderRecords) {
    const Decoded decoded =
        decode("net.local.stream.pcblist64",
               generation(2, 9) + unpcb64(0x10, "/one") + unpcb64(0x20, "/two") + generation(2, 9));
    ASSERT_EQ(decoded.records.size(), 2U);
    EXPECT_TRUE(decoded.problems.empty());
    EXPECT_EQ(decoded.records[1].pcb, 0x20U);
    EXPECT_EQ(unix_facts(decoded.records[1]).path, "/two");
    EXPECT_EQ(unix_facts(decoded.records[1]).type, 1);
    EXPECT_EQ(decoded.records[1].recv_q, 5U);
}

TEST(DarwinUnixTest, RemarksTheChangeOfTheOlderTable) {
    const auto remark = [](std::uint32_t count) {
        return decode("net.local.dgram.pcblist64", generation(2, 9) + generation(count, 10))
            .notes.remarks.at(0);
    };
    EXPECT_EQ(remark(1), "dgram: Some dgram sockets may have been deleted.");
    EXPECT_EQ(remark(3), "dgram: Some dgram sockets may have been created.");
    EXPECT_EQ(remark(2), "dgram: Some dgram sockets may have been created or deleted");
}

TEST(DarwinUnixTest, OlderRecordsSurviveABadLength) {
    std::string bytes = generation(2, 9) + unpcb64(0x10, "/one") + unpcb64(0x20, "/two") + generation(2, 9);
    bytes.replace(24, 4, 4, '\xff');
    const Decoded decoded = decode("net.local.stream.pcblist64", bytes);
    EXPECT_EQ(decoded.records.size(), 2U);
    EXPECT_EQ(decoded.problems.size(), 1U);
}

std::string grown_by(std::string record, std::size_t more, char filler) {
    record.append(more, filler);
    return Record(record.size()).set(0, record).set(0, 4, record.size()).bytes();
}

TEST(DarwinUnixTest, OlderRecordsMayBeLongerThanKnown) {
    for (const std::size_t more : {4U, 8U, 56U, 200U, 1024U})
        for (const char filler : {'\0', '\xa5'}) {
            const Decoded got = decode("net.local.stream.pcblist64",
                                       generation(2, 9) + grown_by(unpcb64(0x10, "/one"), more, filler) +
                                           grown_by(unpcb64(0x20, "/two"), more, filler) + generation(2, 9));
            ASSERT_EQ(got.records.size(), 2U) << more;
            EXPECT_EQ(unix_facts(got.records[1]).path, "/two");
            EXPECT_EQ(got.records[1].recv_q, 5U);
            ASSERT_EQ(got.problems.size(), 1U);
            EXPECT_FALSE(got.problems[0].fails);
            EXPECT_EQ(got.problems[0].text,
                      fmt::format("net.local.stream.pcblist64: offset 24: xunpcb64 has {} bytes, of which "
                                  "the first 724 are read",
                                  724 + more));
        }
}

// ---- lengths of other kernels ----

std::string texts_of(const std::vector<Problem>& problems) {
    std::string all;
    for (const Problem& problem : problems) all += problem.text + "\n";
    return all;
}

/// The items of two sockets, each item's length changed so.
Decoded with_lengths(const std::function<std::size_t(std::size_t kind, std::size_t usual)>& length,
                     std::size_t header = 24) {
    const auto head = [&](std::string bytes) {
        bytes.resize(header, '\0');
        return Record(header).set(0, bytes).set(0, 4, header).bytes();
    };
    std::string all = head(generation(2, 100));
    for (const std::uint16_t port : {8888, 8889}) {
        Socket socket;
        socket.local_port = port;
        std::size_t kind = 0;
        for (const std::string& item : items_of(socket)) {
            const Bytes usual(std::as_bytes(std::span(item.data(), item.size())));
            std::string bytes = item.substr(0, usual.u32(0));
            bytes.resize(length(kind++, bytes.size()), '\0');
            all += Record(bytes.size()).set(0, bytes).item(usual.u32(4));
        }
    }
    return decode_tcp(all + head(generation(2, 100)));
}

TEST(DarwinLengthTest, BetweenTodaysAndThoseOfOlderKernels) {
    for (const std::size_t less : {4U, 8U, 12U, 20U, 24U}) {
        const Decoded got = with_lengths([&](std::size_t kind, std::size_t usual) {
            return kind == darwin::socket_item ? usual - less : usual;
        });
        ASSERT_EQ(got.records.size(), 2U) << less;
        EXPECT_TRUE(got.problems.empty()) << got.problems.at(0).text;
        EXPECT_EQ(got.records[1].last_pid, 4567);
    }
    const Decoded all = with_lengths([](std::size_t kind, std::size_t usual) {
        return kind == darwin::statistics_item ? usual : usual - 4;
    });
    ASSERT_EQ(all.records.size(), 2U);
    EXPECT_TRUE(all.problems.empty()) << all.problems.at(0).text;
}

TEST(DarwinLengthTest, OneKindAloneMayBeLonger) {
    for (std::size_t longer = 0; longer <= darwin::tcpcb_item; ++longer)
        for (const std::size_t more : {4U, 8U, 56U, 200U}) {
            const Decoded got = with_lengths(
                [&](std::size_t kind, std::size_t usual) { return kind == longer ? usual + more : usual; });
            ASSERT_EQ(got.records.size(), 2U) << longer << " by " << more;
            EXPECT_EQ(got.records[1].state, State::Listen);
            EXPECT_EQ(got.records[1].local.port, 8889);
            ASSERT_EQ(got.problems.size(), 1U) << texts_of(got.problems) << longer << " by " << more;
            EXPECT_FALSE(got.problems[0].fails) << got.problems[0].text;
        }
}

TEST(DarwinLengthTest, TheHeaderMayBeLongerAndItsTrailer) {
    for (const std::size_t header : {32U, 80U, 224U})
        for (const std::size_t more : {0U, 56U}) {
            const Decoded got =
                with_lengths([&](std::size_t, std::size_t usual) { return usual + more; }, header);
            ASSERT_EQ(got.records.size(), 2U) << header;
            ASSERT_EQ(got.problems.size(), 1U) << texts_of(got.problems);
            EXPECT_FALSE(got.problems[0].fails);
        }
    const Decoded none = decode_tcp(Record(48).set(0, 4, 48).bytes() + Record(48).set(0, 4, 48).bytes());
    ASSERT_EQ(none.problems.size(), 1U);
    EXPECT_FALSE(none.problems[0].fails) << none.problems[0].text;
}

// ---- kernel control ----

TEST(DarwinSystemTest, ReadsRegistrations) {
    const std::string header = Record(32).set(0, 4, 32).set(8, 8, 1).set(16, 8, 1).bytes();
    const std::string item = Record(wire::xkctl_reg::size)
                                 .set(wire::xkctl_reg::id, 4, 10)
                                 .set(wire::xkctl_reg::name, "com.apple.network.statistics")
                                 .item(wire::kind::control_registration);
    const Decoded decoded = decode("net.systm.kctl.reg_list", header + item + item + header);
    ASSERT_EQ(decoded.records.size(), 2U);
    EXPECT_TRUE(decoded.problems.empty());
    EXPECT_EQ(darwin_facts(decoded.records[0]).control.id, 10U);
    EXPECT_EQ(darwin_facts(decoded.records[0]).control.name.view(), "com.apple.network.statistics");
}

} // namespace
} // namespace netstat46
