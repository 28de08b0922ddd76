// Work without the GIL that may outlast the interpreter.
#pragma once

#include <nanobind/nanobind.h>

namespace orlop::python {

// Releases the GIL while it exists. A daemon thread that comes back when the interpreter is on its way out is stopped
// where it stands: taking the GIL then ends the thread by unwinding it, which C++ answers by ending the process.
// https://docs.python.org/3.11/c-api/init.html#c.PyEval_RestoreThread
class WithoutGil {
 public:
  WithoutGil() : state_(PyEval_SaveThread()) {}
  ~WithoutGil();
  WithoutGil(WithoutGil&&) = delete;

 private:
  PyThreadState* state_;
};

// Has the interpreter say when it is about to end.
void watch_for_exit();

}  // namespace orlop::python
