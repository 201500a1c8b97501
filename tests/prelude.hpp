// What nearly every test includes, compiled once (Makefile): reading GoogleTest and the library's widest
// headers costs each of them 0.9 s otherwise. Nothing relies on it: a test still includes what it uses.
#include "capture/decoders.hpp"
#include "capture/source.hpp"
#include "format/dialect.hpp"
#include "record/select.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
