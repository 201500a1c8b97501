// Who holds which socket, as the Linux kernel reports it when it walks the descriptors itself.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "capture/decoders.hpp"
#include "linux/row.hpp"

namespace netstat46 {
namespace {

TEST(LinuxOwners, TheKernelsOwnWalkGivesRecordsInTheHostsByteOrder) {
    const std::string records("\x2a\0\0\0\0\0\0\0\x58\x02\0\0\x0c\0\0\0"     // 42: process 600, descriptor 12
                              "\x2a\0\0\0\0\0\0\0\x01\0\0\0\x04\0\0\0"       // 42: process 1, descriptor 4
                              "\x2b\0\0\0\0\0\0\0\xf8\xff\xff\xff\x05\0\0\0" // 43: -8, a thread of process 8
                              "\x2b\0\0\0\0\0\0",
                              55);
    HostTables tables;
    std::vector<std::string> problems;
    const DecodeContext context{"bpf_iter.task", nullptr,
                                [&](const Problem& problem) { problems.push_back(problem.text); }, nullptr};
    find_decoder(linux_system, "bpf_iter.task")
        ->tables(context)(Bytes(std::as_bytes(std::span(records))), tables);
    EXPECT_EQ(tables.owners.all(42), (std::vector<Owner>{{1, 4}, {600, 12}}));
    EXPECT_EQ(tables.owners.all(43), (std::vector<Owner>{{8, 5}}));
    EXPECT_TRUE(tables.owners_read);
    EXPECT_EQ(problems, std::vector<std::string>{"bpf_iter.task: a cut record at offset 48"});
}

} // namespace
} // namespace netstat46
