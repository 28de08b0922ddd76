// A few threads for the whole process, and groups of tasks that run on them.
#pragma once

#include <functional>
#include <memory>

namespace orlop::engine {

// Tasks that belong together and run in parallel on the process's worker threads. The threads are started with the
// first task, are bounded in number (worker_limit), end when idle, and receive no signals. When all are busy, or no
// thread can be started at all, whoever waits for a group runs its tasks: so tasks may use groups of their own, and
// nothing stands still. A fiber that waits is suspended.
//
// After fork(2) the child starts threads of its own; a group it inherited is dead there: waiting for it returns at
// once, and tasks of the parent run in the parent only.
class TaskGroup {
 public:
  using Task = std::function<void()>;  // must not throw

  static constexpr unsigned worker_limit = 64;

  // At most `concurrency` tasks (at least one) are unfinished at any time.
  explicit TaskGroup(unsigned concurrency);
  ~TaskGroup();  // waits for all
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // Waits until there is room, then has `task` run soon. Used by one thread at a time, as wait() is.
  void submit(Task task);
  // Waits until at most `allowed` tasks are unfinished.
  void wait(unsigned allowed = 0);
  unsigned unfinished() const;

 private:
  struct State;
  const unsigned concurrency_;
  const std::shared_ptr<State> state_;
};

}  // namespace orlop::engine
