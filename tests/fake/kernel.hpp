// What the fake systems share: interfaces that are functions, and a live part that asks them.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "platform.hpp"
#include "posix/child.hpp"

namespace netstat46 {

/// Programs of a fake system: what each line of words ends with. Others are not found.
struct FakePrograms {
    std::map<std::string, ChildEnd> ends;
    std::vector<std::string> run;

    void prints(const std::string& line, const std::string& out) {
        ends[line] = {ChildEnd::How::Exited, 0, out, {}};
    }
    void fails(const std::string& line, const std::string& error) {
        ends[line] = {ChildEnd::How::Exited, 1, {}, error};
    }
};

/// Does what run_child() does.
inline ChildEnd ask(FakePrograms& programs, std::string_view program,
                    const std::vector<std::string>& arguments) {
    std::string line(program);
    for (const std::string& argument : arguments) line += " " + argument;
    programs.run.push_back(line);
    const auto found = programs.ends.find(line);
    if (found != programs.ends.end()) return found->second;
    ChildEnd end;
    end.how = ChildEnd::How::NotFound;
    return end;
}

/// What an interface answers; the errno in `error` if it refuses.
struct Answer {
    std::vector<std::byte> bytes;
    int error = 0;
};

struct FakeInterfaces {
    /// Called anew for every question, the first of which only asks for the size.
    std::map<std::string, std::function<Answer(int call)>> interfaces;
    std::map<std::string, int> asked; ///< how often the bytes were asked for
    std::size_t announced_less = 0;   ///< the announced size is that much too small
    bool set_user_id = false;         ///< the program's file
};

inline int failed(int error, int result = -1) {
    errno = error;
    return result;
}

/// Does what sysctlbyname(3) does.
inline int ask(FakeInterfaces& kernel, const char* name, void* old_value, std::size_t* old_size) {
    const auto found = kernel.interfaces.find(name);
    if (found == kernel.interfaces.end()) return failed(ENOENT);
    const Answer answer = found->second(old_value == nullptr ? 0 : ++kernel.asked[name]);
    if (answer.error != 0) return failed(answer.error);
    if (old_value == nullptr) {
        *old_size = answer.bytes.size() - std::min(kernel.announced_less, answer.bytes.size());
        return 0;
    }
    if (*old_size < answer.bytes.size()) return failed(ENOMEM);
    *old_size = answer.bytes.size();
    if (!answer.bytes.empty()) std::memcpy(old_value, answer.bytes.data(), answer.bytes.size());
    return 0;
}

/// A block that the live part gave.
struct Given {
    std::string interface;
    std::size_t table;
    std::vector<std::byte> bytes;
    std::size_t offset;

    [[nodiscard]] std::string text() const {
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
};

/// The live part on a fake `Kernel`, which is FakeInterfaces and perhaps more.
template <class Kernel>
class LivePart : public testing::Test {
protected:
    std::vector<Given> read(const Request& request) {
        std::vector<Given> given;
        const BlockReader next =
            live_blocks(request, [&](const Problem& problem) { problems.push_back(problem.text); });
        while (const auto block = next())
            given.push_back({std::string(block->interface),
                             block->table,
                             {block->bytes.begin(), block->bytes.end()},
                             block->offset});
        return given;
    }

    std::vector<std::string> names(const Request& request) {
        std::vector<std::string> names;
        for (const Given& given : read(request)) names.push_back(given.interface);
        return names;
    }

    void answers(const std::string& interface, std::vector<std::byte> bytes) {
        fake.interfaces[interface] = [bytes = std::move(bytes)](int) { return Answer{bytes, 0}; };
    }

    void refuses(const std::string& interface, int error) {
        fake.interfaces[interface] = [error](int) { return Answer{{}, error}; };
    }

    Kernel fake;
    std::vector<std::string> problems;
};

inline Request asking(std::vector<Table> tables) {
    Request request;
    request.tables = std::move(tables);
    return request;
}

inline constexpr Table tcp{Protocol::Tcp, true, true};
inline constexpr Table udp{Protocol::Udp, true, true};
inline constexpr Table udplite{Protocol::UdpLite, true, true};
inline constexpr Table raw{Protocol::Raw, true, true};
inline constexpr Table unix_domain{Protocol::Unix, false, false};

} // namespace netstat46
