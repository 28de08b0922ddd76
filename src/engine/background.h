// Threads of the library's own, which the program does not know of.
#pragma once

#include <functional>

namespace orlop::engine {

// Runs `body` in a thread that ends by itself, with all signals blocked: they are for the program's own threads.
// Result: false when the system gives no more threads; `body` was not run then.
bool run_in_background(std::function<void()> body);

}  // namespace orlop::engine
