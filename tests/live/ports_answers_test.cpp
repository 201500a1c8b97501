// Who answers on Linux, against the kernel itself: random sockets on one port, read as the program reads
// them; then a real client sends to every kind of address, and what was predicted must be what happened.
//   NETSTAT46_ROUNDS  how many sets of sockets (240)
//   NETSTAT46_SEED    where the random numbers begin (46)
#include "ports_kit.hpp"

#include <algorithm>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "linux/live_groups.hpp"
#include "ports/target.hpp"
#include "record/address.hpp"

namespace netstat46::live::ports {
namespace {

constexpr std::string_view one_to_one[] = {"127.0.0.1", "127.0.0.2", "127.9.9.9", "10.46.0.1",
                                           "::1",       "fd00::23",  "fd46::1",   "fe80::77"};
constexpr std::string_view one_to_many[] = {"224.1.2.3",       "224.1.2.9",  "10.46.0.255", "127.255.255.255",
                                            "255.255.255.255", "ff02::4646", "ff02::4647"};

class Round {
public:
    Round(std::mt19937& random, Tally& tally, const PortFacts& facts, Protocol protocol, std::uint16_t port,
          const Interfaces& interfaces)
        : sockets_(random, tally, protocol, port, interfaces), tally_(tally), facts_(facts),
          interfaces_(interfaces), protocol_(protocol), port_(port) {}

    void fill(std::uint32_t count) {
        for (std::uint32_t i = 0; i < count; ++i) {
            const BindRequest made = sockets_.random_request();
            const int fd = open_socket(made, sockets_.random_extras(made));
            const bool bound = bind_to(fd, made.address, port_) == 0 &&
                               (protocol_ != Protocol::Tcp || sockets_.pick(8) == 0 || ::listen(fd, 8) == 0);
            if (bound)
                sockets_.keep(fd, made);
            else
                ::close(fd);
            if (sockets_.pick(8) == 0) sockets_.connect_in();
            if (sockets_.pick(12) == 0) sockets_.connect_out();
        }
    }

    void check_all() {
        for (const std::string_view to : one_to_one) check(scoped(address(to)));
        if (interfaces_.v1 != 0 && protocol_ == Protocol::Udp)
            for (const std::string_view to : one_to_many) check(scoped(address(to)));
    }

private:
    Address scoped(Address to) {
        const bool local = is_link_local(to) || (to.family == Family::Inet6 && is_multicast(to));
        if (local) to.scope = is_multicast(to) && sockets_.pick(2) == 0 ? interfaces_.v3 : interfaces_.v1;
        return to;
    }

    void check(const Address& destination) {
        PortTable table = table_of(protocol_, port_, facts_);
        PortHost host = host_of(facts_);
        // The answer is about what comes in where the group was joined; here it comes in on this one.
        std::uint32_t interface = sockets_.pick(2) == 0 ? interfaces_.v1 : interfaces_.v3;
        if (destination.scope != 0) interface = destination.scope;
        host.groups.emplace();
        for (const JoinedGroup& each : joined_groups().value_or(std::vector<JoinedGroup>{}))
            if (same_address(each.group, destination) && each.interface == interface)
                host.groups->push_back(each);
        add_memberships(table, *host.groups, facts_.joined);
        const auto ask = [&](std::span<const BoundSocket> bound_sockets) {
            return who_answers(host, protocol_, destination, port_, bound_sockets).verdict;
        };
        const AnswerVerdict all = ask(table.bound_sockets);
        const AnswerVerdict some = ask(without_options(table));
        std::set<std::uint64_t> who = sockets_.reached(destination, interface);
        for (const auto& [label, verdict] : {std::pair("root", &all), std::pair("user", &some)})
            compare(label, *verdict, who, table, destination);
    }

    void compare(std::string_view label, const AnswerVerdict& verdict, const std::set<std::uint64_t>& who,
                 const PortTable& table, const Address& destination) {
        std::set<std::uint64_t> named;
        for (const std::size_t row : verdict.who) named.insert(table.sockets[row].inode);
        const bool within = std::includes(named.begin(), named.end(), who.begin(), who.end());
        bool right = within;
        if (verdict.doubt == Doubt::None) right = named == who;
        if (who.empty()) right = named.empty() || verdict.maybe_nobody;
        const std::string what = verdict.doubt == Doubt::None
                                     ? std::string(who.empty()       ? "nobody"
                                                   : who.size() == 1 ? "one"
                                                                     : "several")
                                     : fmt::format("depends (doubt {})", static_cast<int>(verdict.doubt));
        tally_.note(fmt::format("{} answer as {}: {}", name_of(protocol_), label, what));
        tally_.check(right);
        std::string inodes;
        for (const std::uint64_t inode : who) inodes += fmt::format(" {}", inode);
        EXPECT_TRUE(right) << label << ": " << written(destination, port_) << " went to" << inodes
                           << " and not to " << testing::PrintToString(named) << written_down(table);
    }

    Sockets sockets_;
    Tally& tally_;
    const PortFacts& facts_;
    Interfaces interfaces_;
    Protocol protocol_;
    std::uint16_t port_;
};

void predict_and_send(const Interfaces& interfaces) {
    const int rounds = number_of("NETSTAT46_ROUNDS", 240);
    std::mt19937 random(static_cast<std::uint32_t>(number_of("NETSTAT46_SEED", 46)));
    const PortFacts facts = live_port_facts();
    Tally tally;
    const auto began = std::chrono::steady_clock::now();
    const int helper = helper_listener();
    for (int round = 0; round < rounds && tally.mismatches() < 10 && has_time(began); ++round) {
        const Protocol protocol = round % 2 == 0 ? Protocol::Tcp : Protocol::Udp;
        Round one(random, tally, facts, protocol, static_cast<std::uint16_t>(2000 + round % 30000),
                  interfaces);
        one.fill(1 + random() % 8);
        one.check_all();
    }
    ::close(helper);
    tally.print();
    EXPECT_EQ(tally.mismatches(), 0);
}

TEST(PortsLive, PredictsWhoAnswers) { in_namespace(predict_and_send); }

} // namespace
} // namespace netstat46::live::ports
