// The file that names a capture's host.
#include "capture/manifest.hpp"

#include <gtest/gtest.h>

#include "darwin/row.hpp"
#include "freebsd/row.hpp"
#include "systems.hpp"

namespace netstat46 {
namespace {

TEST(Manifest, NamesTheSystemWhateverItsLineEnds) {
    for (const char* manifest : {"os: freebsd\nrelease: 14.2-RELEASE\n", "os: freebsd\nrelease: 14.2-RELEASE",
                                 "os: freebsd\r\nrelease: 14.2-RELEASE\r\n"}) {
        HostFacts host;
        EXPECT_EQ(read_manifest(manifest, systems(), host), std::nullopt) << manifest;
        EXPECT_EQ(host.system, &freebsd_system) << manifest;
        EXPECT_EQ(host.release, "14.2-RELEASE") << manifest;
    }
}

TEST(Manifest, IsReadAsItWasWritten) {
    HostFacts written;
    written.system = &darwin_system;
    written.release = "24.5.0";
    written.machine = "arm64";
    written.kernel = "xnu-11417";
    written.hostname = "mac";
    written.time = "2026-01-02T03:04:05Z";
    written.byte_order = ByteOrder::Big;
    written.visibility = Visibility::Own;
    const std::string text = manifest_of(written, "a test");
    HostFacts read;
    EXPECT_EQ(read_manifest(text, systems(), read), std::nullopt);
    EXPECT_EQ(manifest_of(read, "a test"), text);
    EXPECT_EQ(read.byte_order, ByteOrder::Big);
    EXPECT_EQ(read.visibility, Visibility::Own);
}

TEST(Manifest, AnUnknownValueIsNeitherGuessedNorPassedOver) {
    const std::pair<const char*, const char*> cases[] = {
        {"os: plan9\n", "os: `plan9' is not linux, darwin, freebsd or openbsd"},
        {"os: linux\nbyte_order: sideways\n", "byte_order: `sideways' is not little or big"},
        {"byte_order: \nos: linux\n", "byte_order: `' is not little or big"},
        {"os: linux\nsight: double\n", "sight: `double' is not everyone, namespace or own"},
        {"release: 6.1.0\n", "no line `os: NAME', where NAME is linux, darwin, freebsd or openbsd"},
        {"", "no line `os: NAME', where NAME is linux, darwin, freebsd or openbsd"},
    };
    for (const auto& [text, wrong] : cases) {
        HostFacts host;
        EXPECT_EQ(read_manifest(text, systems(), host), wrong) << text;
    }
}

TEST(Manifest, AKeyThatMeansNothingHereIsPassedOver) {
    HostFacts host;
    EXPECT_EQ(read_manifest("os: linux\nword_size: 8\norigin: a test\n\nno colon\n", systems(), host),
              std::nullopt);
}

TEST(Manifest, KeepsWhatOnlyItsSystemAsksFor) {
    HostFacts host, again;
    EXPECT_FALSE(read_manifest("elem_size: 632\nos: openbsd\nrtables: 0 1\nfib: 3\n", systems(), host));
    EXPECT_EQ(host.particulars.size(), 2U);
    EXPECT_EQ(host.particulars["rtables"], "0 1");
    EXPECT_FALSE(read_manifest(manifest_of(host, "here"), systems(), again));
    EXPECT_EQ(again.particulars, host.particulars);
    HostFacts other;
    EXPECT_FALSE(read_manifest("os: freebsd\nelem_size: 632\n", systems(), other));
    EXPECT_TRUE(other.particulars.empty());
}

} // namespace
} // namespace netstat46
