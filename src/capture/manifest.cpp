#include "capture/manifest.hpp"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "messages.hpp"
#include "parse.hpp"
#include "system.hpp"
#include "text.hpp"

namespace netstat46 {
namespace {

template <class Value>
using Named = std::pair<std::string_view, Value>;

constexpr Named<Visibility> visibility_names[] = {
    {"everyone", Visibility::Everyone}, {"namespace", Visibility::Namespace}, {"own", Visibility::Own}};
constexpr Named<NatKnown::State> nat_names[] = {
    {"read", NatKnown::State::Read}, {"none", NatKnown::State::None}, {"not read", NatKnown::State::NotRead}};
constexpr Named<ByteOrder> byte_order_names[] = {{"little", ByteOrder::Little}, {"big", ByteOrder::Big}};

template <class Value, std::size_t count>
std::string_view name_of(const Named<Value> (&names)[count], Value value) {
    for (const auto& [name, named] : names)
        if (named == value) return name;
    return {};
}

/// `everyone, namespace or own`.
template <class Value, std::size_t count>
std::string choice(const Named<Value> (&names)[count]) {
    std::vector<std::string> words;
    for (const auto& [name, value] : names) words.emplace_back(name);
    return enumerated(words, " or ");
}

/// `linux, darwin, freebsd or openbsd`.
std::string names_of(std::span<const System* const> systems) {
    std::vector<std::string> names;
    for (const System* system : systems) names.emplace_back(system->name);
    return enumerated(names, " or ");
}

std::optional<std::string> take_system(std::span<const System* const> systems, std::string_view name,
                                       HostFacts& host) {
    for (const System* system : systems)
        if (system->name == name) host.system = system;
    if (host.system != nullptr) return std::nullopt;
    return fmt::format(messages.manifest_value, "os", name, names_of(systems));
}

/// Sets `value` to what `text` names; else returns a message with the possible names.
template <class Value, std::size_t count>
std::optional<std::string> take(const Named<Value> (&names)[count], std::string_view key,
                                std::string_view text, Value& value) {
    for (const auto& [name, named] : names)
        if (name == text) {
            value = named;
            return std::nullopt;
        }
    return fmt::format(messages.manifest_value, key, text, choice(names));
}

/// `text` with a dot for each control character, since some would end the line.
std::string escaped_line(std::string text) {
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '.';
    return text;
}

using Particulars = std::vector<std::pair<std::string_view, std::string_view>>;

/// Of these lines those that mean something to the host's system.
void keep_particulars(const Particulars& lines, HostFacts& host) {
    for (const std::string_view known : host.system->particulars)
        for (const auto& [key, value] : lines)
            if (key == known) host.particulars.insert_or_assign(std::string(key), std::string(value));
}

constexpr Named<std::string HostFacts::*> texts[] = {{"release", &HostFacts::release},
                                                     {"machine", &HostFacts::machine},
                                                     {"kernel", &HostFacts::kernel},
                                                     {"hostname", &HostFacts::hostname},
                                                     {"time", &HostFacts::time}};

} // namespace

std::optional<std::string> read_manifest(std::string_view text, std::span<const System* const> systems,
                                         HostFacts& host) {
    Particulars others;
    while (!text.empty()) {
        std::string_view line = take_line(text);
        if (line.ends_with('\r')) line.remove_suffix(1);
        const std::size_t colon = line.find(": ");
        if (colon == std::string_view::npos) continue;
        const std::string_view key = line.substr(0, colon), value = line.substr(colon + 2);
        std::optional<std::string> wrong;
        if (key == "os") {
            wrong = take_system(systems, value, host);
        } else if (key == "sight") {
            wrong = take(visibility_names, key, value, host.visibility);
        } else if (key == "nat_rules") {
            wrong = take(nat_names, key, value, host.nat.state);
        } else if (key == "nat_rules_reason") {
            host.nat.reason = value;
        } else if (key == "byte_order") {
            wrong = take(byte_order_names, key, value, host.byte_order);
        }
        if (wrong) return wrong;
        for (const auto& [name, member] : texts)
            if (name == key) host.*member = value;
        others.emplace_back(key, value);
    }
    if (host.system != nullptr) {
        keep_particulars(others, host);
        return std::nullopt;
    }
    return fmt::format(messages.manifest_without_system, names_of(systems));
}

std::string manifest_of(const HostFacts& host, std::string_view origin) {
    std::string text;
    const auto line = [&](std::string_view key, std::string_view value) {
        if (!value.empty()) text += fmt::format("{}: {}\n", key, value);
    };
    line("os", host.system->name);
    line("release", host.release);
    line("machine", host.machine);
    line("kernel", host.kernel);
    line("origin", origin);
    line("hostname", host.hostname);
    line("time", host.time);
    line("sight", name_of(visibility_names, host.visibility));
    line("nat_rules", name_of(nat_names, host.nat.state));
    line("nat_rules_reason", escaped_line(host.nat.reason));
    line("byte_order", name_of(byte_order_names, host.byte_order));
    for (const auto& [key, value] : host.particulars) line(key, escaped_line(value));
    line("word_size", fmt::format("{}", sizeof(void*)));
    return text;
}

} // namespace netstat46
