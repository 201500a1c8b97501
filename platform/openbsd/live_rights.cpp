#include <unistd.h>

#include "platform.hpp"

namespace netstat46 {

bool has_given_rights() { return issetugid() != 0; }

} // namespace netstat46
