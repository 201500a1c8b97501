#include "freebsd/row.hpp"

#include "freebsd/dialect.hpp"

namespace netstat46 {

const System freebsd_system{"freebsd", freebsd_decoders, OwnerKeys::Addresses, &freebsd_dialect};

} // namespace netstat46
