#include "darwin/row.hpp"

#include "darwin/dialect.hpp"

namespace netstat46 {

const System darwin_system{"darwin", darwin_decoders, OwnerKeys::Addresses, &darwin_dialect};

} // namespace netstat46
