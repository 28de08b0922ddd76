#include "gil.h"

#include <pthread.h>
#include <unistd.h>

#include <atomic>

#include "orlop/interrupt.h"

namespace orlop::python {
namespace {

std::atomic<bool> exiting{false};
std::atomic<int> returning{0};  // threads on their way to the GIL

// Whoever is past the point of stopping gets the GIL yet; it is a matter of microseconds.
void let_return() {
  exiting = true;
  WithoutGil released;
  for (int tries = 0; returning > 0 && tries < 1000; ++tries) usleep(1000);
}

}  // namespace

WithoutGil::~WithoutGil() {
  ++returning;
  if (exiting && !in_main_thread()) {
    --returning;
    for (;;) pause();
  }
  PyEval_RestoreThread(state_);
  --returning;
}

void watch_for_exit() {
  // The threads of a parent do not come back in its child.
  pthread_atfork(nullptr, nullptr, [] { returning = 0; });
  nanobind::module_::import_("atexit").attr("register")(nanobind::cpp_function(&let_return));
}

}  // namespace orlop::python
