// A record's place for what one system alone has.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>
#include <type_traits>

namespace netstat46 {

/// A short text of an outside source, kept in place. What is longer than `room` bytes is cut.
template <std::uint8_t room>
class FixedText {
public:
    FixedText() = default;
    FixedText& operator=(std::string_view text) {
        size_ = static_cast<std::uint8_t>(std::min<std::size_t>(text.size(), room));
        std::copy_n(text.begin(), size_, bytes_.begin());
        return *this;
    }
    [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }

private:
    std::uint8_t size_ = 0;
    std::array<char, room> bytes_{};
};

/// Holds one value of one system's own struct, or none. Each system's folder has the struct; nothing else
/// knows it. To clear it touches one word, however large the struct is.
class OwnFacts {
public:
    static constexpr std::size_t room = 320;

    /// The value, which is made if there is none of this type.
    template <class Facts>
    Facts& make() {
        static_assert(std::is_trivially_copyable_v<Facts> && sizeof(Facts) <= room && alignof(Facts) <= 8);
        if (type_ == &type_of<Facts>) return *std::launder(reinterpret_cast<Facts*>(bytes_.data()));
        type_ = &type_of<Facts>;
        return *new (bytes_.data()) Facts{};
    }

    /// The value, or one with every member at its default if there is none of this type.
    template <class Facts>
    [[nodiscard]] const Facts& get() const {
        static constexpr Facts absent{};
        return has<Facts>() ? *std::launder(reinterpret_cast<const Facts*>(bytes_.data())) : absent;
    }

    template <class Facts>
    [[nodiscard]] bool has() const {
        return type_ == &type_of<Facts>;
    }

    void clear() { type_ = nullptr; }

private:
    template <class Facts>
    static constexpr char type_of = 0; ///< its address stands for the type

    const char* type_ = nullptr;
    alignas(8) std::array<std::byte, room> bytes_;
};

} // namespace netstat46
