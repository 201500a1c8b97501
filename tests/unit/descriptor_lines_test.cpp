// Lines of who holds which socket, as the live parts of Linux and Darwin write them.
#include "capture/descriptor_lines.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "darwin/row.hpp"
#include "linux/row.hpp"

namespace netstat46 {
namespace {

struct Read {
    HostTables tables;
    std::vector<std::string> problems;
};

Read read(const System* os, const std::string& text, std::size_t offset = 0) {
    Read out;
    const DecodeContext context{"proc.pid.fd", nullptr,
                                [&](const Problem& problem) { out.problems.push_back(problem.text); },
                                nullptr};
    const DecoderEntry* entry = find_decoder(*os, "proc.pid.fd");
    entry->tables(context)(Bytes(std::as_bytes(std::span(text)), ByteOrder::Little, offset), out.tables);
    return out;
}

TEST(LinuxOwners, ALineIsAProcessADescriptorAndALink) {
    const Read got = read(&linux_system, "600\t12\tsocket:[42]\n1\t4\tsocket:[42]\n");
    EXPECT_EQ(got.tables.owners.all(42), (std::vector<Owner>{{1, 4}, {600, 12}}));
    EXPECT_TRUE(got.tables.owners_read);
    EXPECT_TRUE(got.problems.empty());
}

TEST(LinuxOwners, WhatIsRefusedIsKnownByItsReason) {
    const Read links = read(&linux_system, "7\t-\tlinks\n");
    EXPECT_TRUE(links.tables.links_withheld);
    EXPECT_FALSE(links.tables.owners_withheld);
    const Read all = read(&linux_system, "7\t-\tEACCES\n");
    EXPECT_FALSE(all.tables.links_withheld);
    EXPECT_TRUE(all.tables.owners_withheld);
    for (const char* line : {"7\t-\tunread\n", "0\t-\tunread\n"}) {
        const Read some = read(&linux_system, line);
        EXPECT_TRUE(some.tables.owners_unread);
        EXPECT_FALSE(some.tables.owners_withheld || some.tables.links_withheld || some.tables.owners_read);
        EXPECT_TRUE(some.problems.empty());
    }
    EXPECT_FALSE(all.tables.owners_unread || links.tables.owners_unread);
}

TEST(LinuxOwners, AnEmptyTableWasReadAndHoldsNoSocket) {
    EXPECT_TRUE(read(&linux_system, "").tables.owners_read);
    EXPECT_FALSE(read(&linux_system, "7\t-\tEACCES\n").tables.owners_read);
}

TEST(LinuxOwners, WhatIsNoDescriptorIsReportedWithItsPlaceAndPassedOver) {
    const Read got =
        read(&linux_system, "1\t4\tpipe:[3]\n1\t4\tsocket:[]\n1\t5\tsocket:[8]\n1\t6\tsocket:[9]");
    EXPECT_EQ(got.tables.owners.lowest(8), (Owner{1, 5}));
    EXPECT_FALSE(got.tables.owners.lowest(9));
    EXPECT_EQ(got.problems,
              (std::vector<std::string>{"proc.pid.fd: a line that is not a descriptor at offset 0",
                                        "proc.pid.fd: a line that is not a descriptor at offset 13",
                                        "proc.pid.fd: a line that is not a descriptor at offset 42"}));
}

TEST(DarwinOwners, ALineIsAProcessADescriptorAndASocket) {
    const Read got = read(&darwin_system, "600\t12\tf00dfeed12345678\n1\t4\tf00dfeed12345678\n1\t5\t10\n");
    EXPECT_EQ(got.tables.owners.all(0xf00dfeed12345678), (std::vector<Owner>{{1, 4}, {600, 12}}));
    EXPECT_EQ(got.tables.owners.lowest(0x10), (Owner{1, 5}));
    EXPECT_TRUE(got.tables.owners_read);
    EXPECT_FALSE(got.tables.owners_withheld);
    EXPECT_TRUE(got.problems.empty());
}

TEST(DarwinOwners, ARefusedProcessHidesOwners) {
    const Read got = read(&darwin_system, "1\t-\tEPERM\n");
    EXPECT_TRUE(got.tables.owners_withheld);
    EXPECT_FALSE(got.tables.owners_read);
    EXPECT_TRUE(got.problems.empty());
}

TEST(DarwinOwners, WhatIsNoDescriptorIsReportedWithItsPlaceAndPassedOver) {
    const Read got = read(&darwin_system, "rubbish\n1\t4\n1\t4\t0xabc\n7\t8\tabc\n", 100);
    EXPECT_EQ(got.tables.owners.lowest(0xabc), (Owner{7, 8}));
    EXPECT_EQ(got.problems,
              (std::vector<std::string>{"proc.pid.fd: a line that is not a descriptor at offset 100",
                                        "proc.pid.fd: a line that is not a descriptor at offset 108",
                                        "proc.pid.fd: a line that is not a descriptor at offset 112"}));
}

TEST(DarwinOwners, EveryPrefixGivesAPrefixOfTheHolders) {
    const std::string whole = "1\t4\tabc\n2\t5\tabc\n3\t6\tabc\n";
    for (std::size_t length = 0; length <= whole.size(); ++length) {
        const Read got = read(&darwin_system, whole.substr(0, length));
        const std::size_t lines = length / 8;
        EXPECT_EQ(got.tables.owners.all(0xabc).size(), lines);
        EXPECT_EQ(got.problems.size(), length % 8 == 0 ? 0U : 1U);
    }
}

} // namespace
} // namespace netstat46
