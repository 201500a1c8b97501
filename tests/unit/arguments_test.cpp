// Messages about arguments print them as rows print names.
#include "arguments.hpp"

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "format/dialect.hpp"
#include "systems.hpp"
#include "text.hpp"

namespace netstat46 {
namespace {

/// What the grammar of `system` says on standard error of these arguments.
std::string said(const System& system, const std::vector<std::string>& arguments,
                 const std::string& release) {
    HostFacts host;
    host.system = &system;
    host.release = release;
    const Parsed parsed = system.dialect->parse(arguments, {true, &host});
    if (const Message* say = std::get_if<Message>(&parsed)) return say->out + say->error;
    if (const ParsedOptions* chosen = std::get_if<ParsedOptions>(&parsed)) return chosen->errors;
    return {};
}

const std::string hostile = "x\x1b[31m\n\r\t\x7f\xc2\x9b\x9b\u202e\u2028y", shown = "x.[31m........y";

TEST(Arguments, AreEchoedWithoutControlCharacters) {
    const std::vector<std::vector<std::string>> all{
        {"--" + hostile}, {"--" + hostile + "=1"},   {"--un=" + hostile},       {"--tcp=" + hostile},
        {"-A", hostile},  {"-A", "unix," + hostile}, {"--protocol=" + hostile}, {"-f", hostile},
        {"-p", hostile},  {"-f" + hostile},          {"-p" + hostile},          {hostile},
    };
    std::size_t echoed = 0;
    for (const System* system : systems())
        for (const char* release : {"", "21.6.0", "13.2-RELEASE"})
            for (const std::vector<std::string>& arguments : all) {
                const std::string text = said(*system, arguments, release);
                EXPECT_EQ(text.find_first_of("\x1b\r\x7f\x9b"), std::string::npos) << text;
                EXPECT_EQ(text.find("\u202e"), std::string::npos) << text;
                EXPECT_EQ(text.find("31m\n"), std::string::npos) << text;
                if (text.find(shown) != std::string::npos) ++echoed;
            }
    EXPECT_GE(echoed, 20U);
}

TEST(Arguments, ALetterThatIsAControlCharacterIsNotEchoedEither) {
    for (const System* system : systems())
        for (unsigned letter = 1; letter < 0x100; ++letter) {
            if (letter >= 0x20 && letter < 0x7f) continue;
            const std::string text = said(*system, {{'-', static_cast<char>(letter)}}, "");
            const std::string first = text.substr(0, text.find('\n'));
            EXPECT_EQ(cleaned(first), first) << letter;
            EXPECT_NE(first.find("option"), std::string::npos) << letter;
        }
}

} // namespace
} // namespace netstat46
