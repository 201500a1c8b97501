// Files: those that tests read, and those that go away with a test.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

namespace netstat46 {

/// Where captures/ and golden/ are.
inline const std::filesystem::path tests = std::filesystem::path(__FILE__).parent_path().parent_path();

/// A directory for a test of its own.
class Scratch {
public:
    Scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "netstat46-XXXXXX").string();
        path_ = mkdtemp(name.data());
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() { std::filesystem::remove_all(path_); }

    Scratch& with(std::string_view file, std::string_view text) {
        std::ofstream(path_ / file, std::ios::binary) << text;
        return *this;
    }
    [[nodiscard]] std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

/// All of a file; empty if there is none.
inline std::string contents(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// What `write` writes to the descriptor that it is given.
template <class Write>
std::string written(Write write) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
    write(fileno(file.get()));
    std::rewind(file.get());
    std::string text;
    for (int byte = std::fgetc(file.get()); byte != EOF; byte = std::fgetc(file.get()))
        text.push_back(static_cast<char>(byte));
    return text;
}

} // namespace netstat46
