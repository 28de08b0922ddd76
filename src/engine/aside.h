// What blocks for something other than the network, or computes for long: not in the way of others.
#pragma once

#include <optional>
#include <type_traits>

#include "engine/fiber.h"
#include "engine/tasks.h"

namespace orlop::engine {

// Runs `work`; on a worker thread when this is a fiber, which is suspended meanwhile.
template <class Work>
std::invoke_result_t<Work&> aside(Work&& work) {
  if (!Fiber::current()) return work();
  std::optional<std::invoke_result_t<Work&>> result;
  TaskGroup group(1);
  group.submit([&] { result.emplace(work()); });
  group.wait();
  return *std::move(result);
}

}  // namespace orlop::engine
