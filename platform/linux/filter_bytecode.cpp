#include "linux/filter_bytecode.hpp"

#include <cstring>
#include <span>
#include <utility>

#include "linux/wire.hpp"

namespace netstat46 {

using namespace linux_wire;

namespace {

/// One test of a socket: an instruction (struct inet_diag_bc_op) and its operand. `no`, where to go on if it
/// fails, is not known yet.
using Test = std::vector<std::byte>;
/// Tests that all must hold.
using Term = std::vector<Test>;
/// Terms of which one must hold.
using Clause = std::vector<Term>;

constexpr std::size_t most_bytes = 60000; // offsets and the attribute's length have 16 bits

template <class Integer>
void store(std::vector<std::byte>& out, std::size_t at, Integer value) {
    std::memcpy(out.data() + at, &value, sizeof value);
}

void store_jump(std::vector<std::byte>& program, std::size_t at, std::size_t target) {
    store(program, at + bc_no, static_cast<std::uint16_t>(target - at));
}

/// The port stands in the `no` of a second instruction.
Test port_test(std::uint8_t code, std::uint16_t port) {
    Test test(2 * bc_size);
    store(test, bc_code, code);
    store(test, bc_yes, static_cast<std::uint8_t>(test.size()));
    store(test, bc_size + bc_no, port);
    return test;
}

Term range_term(PortRange range, std::uint8_t at_least, std::uint8_t at_most) {
    return {port_test(at_least, range.first), port_test(at_most, range.last)};
}

/// A condition of family AF_INET holds for v4-mapped addresses too (net/ipv4/inet_diag.c,
/// inet_diag_bc_run()), as an AddressRange does.
Test address_test(std::uint8_t code, const AddressRange& range) {
    const bool inet6 = range.address.family == Family::Inet6;
    const std::size_t length = inet6 ? 16 : 4;
    Test test(bc_size + hostcond_size + length);
    store(test, bc_code, code);
    store(test, bc_yes, static_cast<std::uint8_t>(test.size()));
    store(test, bc_size + hostcond_family, inet6 ? af_inet6 : af_inet);
    store(test, bc_size + hostcond_prefix, static_cast<std::uint8_t>(range.length));
    store(test, bc_size + hostcond_port, std::int32_t{-1});
    std::memcpy(test.data() + bc_size + hostcond_size, range.address.bytes.data(), length);
    return test;
}

void add_ranges(Clause& clause, std::span<const PortRange> ranges, std::uint8_t at_least,
                std::uint8_t at_most) {
    for (const PortRange range : ranges) clause.push_back(range_term(range, at_least, at_most));
}

std::vector<Clause> clauses_of(const KernelFilter& filter) {
    Clause ports, local, foreign, addresses;
    add_ranges(ports, filter.ports, bc_s_ge, bc_s_le);
    add_ranges(ports, filter.ports, bc_d_ge, bc_d_le);
    add_ranges(local, filter.local_ports, bc_s_ge, bc_s_le);
    add_ranges(foreign, filter.foreign_ports, bc_d_ge, bc_d_le);
    for (const AddressRange& range : filter.addresses)
        for (const std::uint8_t side : {bc_s_cond, bc_d_cond})
            addresses.push_back({address_test(side, range)});
    std::vector<Clause> clauses;
    for (Clause* clause : {&ports, &local, &foreign, &addresses})
        if (!clause->empty()) clauses.push_back(std::move(*clause));
    return clauses;
}

/// Tests fall through while they hold. A failed one goes to the next term; the last term's goes past the end,
/// which refuses the socket. A term that held jumps over the clause's other terms.
class Assembler {
public:
    void add(const Clause& clause) {
        std::vector<std::size_t> held;
        for (std::size_t i = 0; i < clause.size(); ++i) {
            std::vector<std::size_t> failed;
            for (const Test& test : clause[i]) {
                failed.push_back(program_.size());
                program_.insert(program_.end(), test.begin(), test.end());
            }
            if (i + 1 == clause.size()) {
                refused_.insert(refused_.end(), failed.begin(), failed.end());
                continue;
            }
            held.push_back(program_.size());
            program_.resize(program_.size() + bc_size);
            store(program_, held.back() + bc_code, bc_jmp);
            store(program_, held.back() + bc_yes, static_cast<std::uint8_t>(bc_size));
            for (const std::size_t at : failed) store_jump(program_, at, program_.size());
        }
        for (const std::size_t at : held) store_jump(program_, at, program_.size());
    }

    std::vector<std::byte> finish() {
        if (program_.size() > most_bytes) return {};
        for (const std::size_t at : refused_) store_jump(program_, at, program_.size() + bc_size);
        return std::move(program_);
    }

private:
    std::vector<std::byte> program_;
    std::vector<std::size_t> refused_; ///< tests whose failure refuses the socket
};

} // namespace

std::vector<std::byte> filter_bytecode(const KernelFilter& filter) {
    Assembler assembler;
    for (const Clause& clause : clauses_of(filter)) assembler.add(clause);
    return assembler.finish();
}

} // namespace netstat46
