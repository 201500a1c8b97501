// What most of the library includes, compiled once for the release build (Makefile). Nothing relies on it: a
// file still includes what it uses, which the other builds hold it to.

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/compile.h>
#include <fmt/format.h>
