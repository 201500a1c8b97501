#include "freebsd/row.hpp"

#include "freebsd/dialect.hpp"

namespace netstat46 {

const System freebsd_system{"freebsd", freebsd_decoders, &freebsd_dialect};

} // namespace netstat46
