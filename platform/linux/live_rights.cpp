#include <sys/auxv.h>

#include "platform.hpp"

namespace netstat46 {

bool has_given_rights() { return getauxval(AT_SECURE) != 0; }

} // namespace netstat46
