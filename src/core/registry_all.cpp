// One line a backend.
#include "core/registry_all.h"

namespace orlop {

std::vector<const Backend*> builtin_backends() { return {}; }

}  // namespace orlop
