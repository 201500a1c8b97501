#include "linux/filter_bytecode.hpp"

#include <algorithm>
#include <bit>
#include <random>

#include <gtest/gtest.h>

#include "capture/bytes.hpp"
#include "linux/wire.hpp"
#include "record/address.hpp"
#include "record/select.hpp"

namespace netstat46 {
namespace {

using namespace linux_wire;

/// Compares the leading `length` bits, as the kernel does.
bool prefix_matches(Bytes one, Bytes other, unsigned length) {
    for (unsigned bit = 0; bit < length; ++bit)
        if (((one.u8(bit / 8) ^ other.u8(bit / 8)) >> (7 - bit % 8) & 1) != 0) return false;
    return true;
}

bool condition_holds(Bytes condition, const Endpoint& end, Family family) {
    const Bytes address(std::as_bytes(std::span(end.address.bytes)));
    const Bytes wanted = condition.sub(hostcond_size);
    const unsigned length = condition.u8(hostcond_prefix);
    EXPECT_EQ(condition.i32(hostcond_port), -1);
    if (condition.u8(hostcond_family) == (family == Family::Inet ? af_inet : af_inet6))
        return prefix_matches(address, wanted, length);
    return family == Family::Inet6 && is_v4_mapped(end.address) &&
           prefix_matches(address.sub(12), wanted, length);
}

bool test_holds(Bytes at, const SocketRecord& socket) {
    const std::uint16_t port = at.u16(bc_size + bc_no);
    switch (at.u8(bc_code)) {
    case bc_jmp:
        return false;
    case bc_s_ge:
        return socket.local.port >= port;
    case bc_s_le:
        return socket.local.port <= port;
    case bc_d_ge:
        return socket.foreign.port >= port;
    case bc_d_le:
        return socket.foreign.port <= port;
    case bc_s_cond:
        return condition_holds(at.sub(bc_size), socket.local, socket.family);
    case bc_d_cond:
        return condition_holds(at.sub(bc_size), socket.foreign, socket.family);
    default:
        ADD_FAILURE() << "instruction " << int{at.u8(bc_code)};
        return false;
    }
}

/// What the kernel does with the program (net/ipv4/inet_diag.c, inet_diag_bc_run()): a socket passes if it
/// arrives exactly at the end.
bool passes(const std::vector<std::byte>& program, const SocketRecord& socket) {
    Bytes rest(program, std::endian::native == std::endian::little ? ByteOrder::Little : ByteOrder::Big);
    while (!rest.empty()) {
        const std::size_t step = test_holds(rest, socket) ? rest.u8(bc_yes) : rest.u16(bc_no);
        EXPECT_GE(step, bc_size);
        EXPECT_EQ(step % 4, 0U);
        EXPECT_LE(step, rest.size() + bc_size) << "the kernel refuses such a program";
        if (step > rest.size()) return false;
        rest.skip(step);
    }
    return true;
}

AddressRange range(std::string_view text) { return *parse_address_range(text); }

TEST(FilterBytecode, NothingAskedForIsNoProgram) { EXPECT_TRUE(filter_bytecode({}).empty()); }

TEST(FilterBytecode, TooManyPortsAreNoProgram) {
    KernelFilter filter;
    filter.ports.assign(5000, {1, 1});
    EXPECT_TRUE(filter_bytecode(filter).empty());
}

TEST(FilterBytecode, SaysOfAnySocketWhatTheSelectionSays) {
    std::mt19937 random(46);
    const auto port = [&] { return static_cast<std::uint16_t>(random() % 8); };
    const std::vector<std::string> addresses{"10.0.0.1", "10.0.0.2", "127.0.0.1",       "0.0.0.0",
                                             "::1",      "::",       "::ffff:10.0.0.1", "2001:db8::1"};
    const std::vector<std::string> ranges{"10.0.0.0/30",   "10.0.0.1",     "0.0.0.0/0",
                                          "::/0",          "::1",          "::ffff:10.0.0.0/104",
                                          "2001:db8::/33", "::ffff:0:0/90"};
    const auto some_ports = [&] {
        std::vector<PortRange> list(random() % 3);
        for (PortRange& item : list) {
            item.first = port();
            item.last = static_cast<std::uint16_t>(item.first + random() % 3);
        }
        return list;
    };
    unsigned passed = 0;
    for (int round = 0; round < 20000; ++round) {
        Selection selection;
        selection.ports = some_ports();
        selection.local_ports = some_ports();
        selection.foreign_ports = some_ports();
        for (unsigned count = random() % 3; count > 0; --count)
            selection.addresses.push_back(range(ranges[random() % ranges.size()]));
        SocketRecord socket;
        do {
            socket.local = {*parse_address(addresses[random() % addresses.size()]), port()};
            socket.foreign = {*parse_address(addresses[random() % addresses.size()]), port()};
        } while (socket.local.address.family != socket.foreign.address.family);
        socket.family = socket.local.address.family;
        const HostTables tables;
        const Names names;
        const bool selected = selector(selection, tables, names)(socket);
        ASSERT_EQ(passes(filter_bytecode(kernel_filter(selection)), socket), selected) << "round " << round;
        passed += selected ? 1 : 0;
    }
    EXPECT_GT(passed, 1000U) << "the test must see both answers";
}

} // namespace
} // namespace netstat46
