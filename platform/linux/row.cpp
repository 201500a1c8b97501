#include "linux/row.hpp"

#include "linux/dialect.hpp"

namespace netstat46 {

const System linux_system{"linux", linux_decoders, OwnerKeys::Inodes, &linux_dialect};

} // namespace netstat46
