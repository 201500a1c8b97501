// Linux's lines of who holds which socket.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "capture/decoders.hpp"

namespace netstat46 {
namespace {

struct Read {
    SideTables side;
    std::vector<std::string> problems;
};

Read read(const std::string& text) {
    Read out;
    const DecodeContext context{"proc.pid.fd", nullptr,
                                [&](const Problem& problem) { out.problems.push_back(problem.text); },
                                nullptr};
    const DecoderEntry* entry = find_decoder(Os::Linux, "proc.pid.fd");
    entry->side(context)(Bytes(std::as_bytes(std::span(text))), out.side);
    return out;
}

TEST(LinuxOwners, ALineIsAProcessADescriptorAndALink) {
    const Read got = read("600\t12\tsocket:[42]\n1\t4\tsocket:[42]\n");
    EXPECT_EQ(got.side.owners.all(42), (std::vector<Holder>{{1, 4}, {600, 12}}));
    EXPECT_TRUE(got.side.owners_read);
    EXPECT_TRUE(got.problems.empty());
}

TEST(LinuxOwners, WhatIsRefusedIsKnownByItsReason) {
    const Read links = read("7\t-\tlinks\n");
    EXPECT_TRUE(links.side.links_withheld);
    EXPECT_FALSE(links.side.owners_withheld);
    const Read all = read("7\t-\tEACCES\n");
    EXPECT_FALSE(all.side.links_withheld);
    EXPECT_TRUE(all.side.owners_withheld);
}

TEST(LinuxOwners, WhatIsNoDescriptorIsSaidWithItsPlaceAndPassedOver) {
    const Read got = read("1\t4\tpipe:[3]\n1\t4\tsocket:[]\n1\t5\tsocket:[8]\n1\t6\tsocket:[9]");
    EXPECT_EQ(got.side.owners.lowest(8), (Holder{1, 5}));
    EXPECT_FALSE(got.side.owners.lowest(9));
    EXPECT_EQ(got.problems,
              (std::vector<std::string>{"proc.pid.fd: a line that is no descriptor at offset 0",
                                        "proc.pid.fd: a line that is no descriptor at offset 13",
                                        "proc.pid.fd: a line that is no descriptor at offset 42"}));
}

TEST(LinuxOwners, TheKernelsOwnWalkGivesRecordsInTheHostsByteOrder) {
    const std::string records("\x2a\0\0\0\0\0\0\0\x58\x02\0\0\x0c\0\0\0" // 42: process 600, descriptor 12
                              "\x2a\0\0\0\0\0\0\0\x01\0\0\0\x04\0\0\0"   // 42: process 1, descriptor 4
                              "\x2b\0\0\0\0\0\0",
                              39);
    SideTables side;
    std::vector<std::string> problems;
    const DecodeContext context{"bpf_iter.task_file", nullptr,
                                [&](const Problem& problem) { problems.push_back(problem.text); }, nullptr};
    find_decoder(Os::Linux, "bpf_iter.task_file")
        ->side(context)(Bytes(std::as_bytes(std::span(records))), side);
    EXPECT_EQ(side.owners.all(42), (std::vector<Holder>{{1, 4}, {600, 12}}));
    EXPECT_TRUE(side.owners_read);
    EXPECT_EQ(problems, std::vector<std::string>{"bpf_iter.task_file: a cut record at offset 32"});
}

} // namespace
} // namespace netstat46
