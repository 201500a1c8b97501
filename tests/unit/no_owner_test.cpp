// Why nobody is known to hold a socket: one reason for every kind of evidence.
#include "record/no_owner.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "darwin/row.hpp"
#include "files.hpp"
#include "format/json.hpp"
#include "freebsd/row.hpp"
#include "linux/row.hpp"
#include "systems.hpp"

namespace netstat46 {
namespace {

constexpr State tcp_states[] = {State::Unknown,  State::Closed,      State::Bound,       State::Listen,
                                State::SynSent,  State::SynReceived, State::Established, State::CloseWait,
                                State::FinWait1, State::Closing,     State::LastAck,     State::FinWait2,
                                State::TimeWait};

struct Case {
    SocketRecord socket;
    HostTables tables;
    HostFacts host;

    explicit Case(const System* os = &linux_system) { host.system = os; }
    [[nodiscard]] NoOwner why() const {
        return why_no_owner(socket, tables, host.system->owner_keys, host.visibility);
    }
};

TEST(NoOwner, EveryReasonHasAWordAndASentenceOfItsOwn) {
    std::set<std::string_view> words, sentences;
    for (unsigned number = 0; number <= static_cast<unsigned>(NoOwner::NotTold); ++number) {
        const NoOwnerWords& one = words_of(NoOwner{static_cast<std::uint8_t>(number)});
        EXPECT_EQ(one.reason, NoOwner{static_cast<std::uint8_t>(number)});
        EXPECT_FALSE(one.sentence.ends_with('.'));
        words.insert(one.word);
        sentences.insert(one.sentence);
    }
    EXPECT_EQ(words.size(), no_owner_words().size());
    EXPECT_EQ(sentences.size(), no_owner_words().size());
}

TEST(NoOwner, EveryWordIsInTheManual) {
    const std::string manual = contents(tests / "../man/netstat46.1");
    std::string meaning;
    for (const JsonField& field : json_fields(systems()))
        if (field.name == "owner_unknown") meaning = field.meaning;
    for (const NoOwnerWords& one : no_owner_words()) {
        EXPECT_NE(manual.find("\n.It " + std::string(one.word) + "\n"), std::string::npos) << one.word;
        EXPECT_NE(meaning.find(one.word), std::string::npos) << one.word;
    }
}

TEST(NoOwner, AConnectionWithoutAnInodeIsExplainedByItsState) {
    const auto why = [](State state) {
        Case one;
        one.socket.state = state;
        one.tables.owners_withheld = true; // which makes no difference to it
        return one.why();
    };
    for (const State state : {State::SynReceived, State::Established, State::CloseWait})
        EXPECT_EQ(why(state), NoOwner::NotAccepted);
    for (const State state : {State::FinWait2, State::TimeWait}) EXPECT_EQ(why(state), NoOwner::Closing);
    for (const State state : {State::FinWait1, State::Closing, State::LastAck})
        EXPECT_EQ(why(state), NoOwner::Orphan);
    for (const State state : {State::Unknown, State::Closed, State::Bound, State::Listen, State::SynSent})
        EXPECT_EQ(why(state), NoOwner::NoProcess);
}

TEST(NoOwner, OfLinuxWithoutAnInodeAndWithoutStatesIsTheKernel) {
    for (const Protocol protocol : {Protocol::Udp, Protocol::UdpLite, Protocol::Raw}) {
        Case one;
        one.socket.protocol = protocol;
        one.host.visibility = Visibility::Own;
        EXPECT_EQ(one.why(), NoOwner::Kernel);
    }
}

TEST(NoOwner, AUnixConnectionWithoutAnInodeIsExplainedByItsState) {
    Case one;
    one.socket.protocol = Protocol::Unix;
    unix_facts(one.socket).state = 2; // SS_CONNECTING
    EXPECT_EQ(one.why(), NoOwner::NotAccepted);
    unix_facts(one.socket).state = 4; // SS_DISCONNECTING
    EXPECT_EQ(one.why(), NoOwner::Orphan);
    unix_facts(one.socket).state = 1;
    EXPECT_EQ(one.why(), NoOwner::NoProcess);
}

TEST(NoOwner, WhatCouldBeLookedAtDecidesOverTheRest) {
    const auto why = [](Visibility visibility, const auto& evidence) {
        Case one;
        one.socket.state = State::Established;
        one.socket.inode = one.socket.owner_key = 5;
        one.host.visibility = visibility;
        evidence(one.tables);
        return one.why();
    };
    const auto read = [](HostTables& tables) { tables.owners_read = true; };
    EXPECT_EQ(why(Visibility::Everyone, read), NoOwner::Kernel);
    EXPECT_EQ(why(Visibility::Namespace, read), NoOwner::OtherPidNamespace);
    EXPECT_EQ(why(Visibility::Own, read), NoOwner::NotPermitted);
    EXPECT_EQ(why(Visibility::NotTold, read), NoOwner::NotTold);
    for (const Visibility visibility : {Visibility::Everyone, Visibility::Namespace, Visibility::NotTold})
        EXPECT_EQ(why(visibility, [](HostTables&) {}), NoOwner::NotRead);
    for (const Visibility visibility :
         {Visibility::Everyone, Visibility::Namespace, Visibility::Own, Visibility::NotTold}) {
        EXPECT_EQ(
            why(visibility, [](HostTables& tables) { tables.owners_read = tables.owners_withheld = true; }),
            NoOwner::NotPermitted);
        EXPECT_EQ(
            why(visibility, [](HostTables& tables) { tables.owners_read = tables.links_withheld = true; }),
            NoOwner::NotPermitted);
        EXPECT_EQ(
            why(visibility, [](HostTables& tables) { tables.owners_read = tables.owners_unread = true; }),
            NoOwner::NotRead);
    }
}

TEST(NoOwner, ABsdHidesAddressesOrHasNoSocketAnyMore) {
    for (const System* os : {&darwin_system, &freebsd_system}) {
        for (const State state : tcp_states) {
            Case one(os);
            one.socket.state = state;
            const NoOwner why = one.why();
            if (state == State::SynReceived)
                EXPECT_EQ(why, NoOwner::NotAccepted);
            else if (state == State::TimeWait || state == State::FinWait2)
                EXPECT_EQ(why, NoOwner::Closing);
            else if (state == State::FinWait1 || state == State::Closing || state == State::LastAck)
                EXPECT_EQ(why, NoOwner::Orphan);
            else
                EXPECT_EQ(why, NoOwner::AddressesWithheld);
        }
        Case udp(os);
        udp.socket.protocol = Protocol::Udp;
        EXPECT_EQ(udp.why(), NoOwner::AddressesWithheld);
    }
}

TEST(NoOwner, ABsdMarksSocketsWithoutADescriptor) {
    Case one(&darwin_system);
    one.socket.owner_key = 5;
    one.socket.no_descriptor = true;
    one.tables.owners_withheld = true;
    one.socket.state = State::Established;
    EXPECT_EQ(one.why(), NoOwner::NotAccepted);
    one.socket.state = State::LastAck;
    EXPECT_EQ(one.why(), NoOwner::Orphan);
    one.socket.state = State::Listen;
    EXPECT_EQ(one.why(), NoOwner::NotPermitted);
}

} // namespace
} // namespace netstat46
