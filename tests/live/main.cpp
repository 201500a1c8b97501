#include <cstring>

#include <sys/resource.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "record.hpp"
#include "zoo.hpp"

int main(int argc, char** argv) {
    // A process of the zoo: it holds its sockets and waits to be killed.
    if (argc == 2 && std::strcmp(argv[1], netstat46::live::hold_word) == 0)
        while (true) pause();
    rlimit descriptors{};
    getrlimit(RLIMIT_NOFILE, &descriptors);
    descriptors.rlim_cur = descriptors.rlim_max;
    setrlimit(RLIMIT_NOFILE, &descriptors);
    if (argc == 3 && std::strcmp(argv[1], netstat46::live::record_word) == 0)
        return netstat46::live::record(argv[2]);
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
