// How every method that may do I/O calls the engine.
#pragma once

#include <nanobind/nanobind.h>

#include <utility>

#include "errors.h"
#include "gil.h"
#include "ledger.h"
#include "orlop/context.h"
#include "orlop/interrupt.h"

namespace orlop::python {

// Runs `call(context)` without the GIL; raises what failed. `stop` is triggered by Ctrl-C.
template <class F>
auto run(const Context& context, const std::stop_source& stop, F&& call) {
  Interruptible interruptible(stop);
  auto result = [&] {
    WithoutGil released;
    return std::forward<F>(call)(context);
  }();
  // A handler that raised wins over the `canceled` it caused.
  if (!result && result.error().code() == Code::canceled && PyErr_CheckSignals() != 0) throw nanobind::python_error();
  return unwrap(std::move(result));
}

// The same for a call that leaves nothing open behind it.
template <class F>
auto run(nanobind::handle ledger, F&& call) {
  Context context;
  context.trace = Ledger::sink(ledger);
  std::stop_source stop = in_main_thread() ? std::stop_source() : std::stop_source(std::nostopstate);
  context.stop = stop.get_token();
  return run(context, stop, std::forward<F>(call));
}

}  // namespace orlop::python
