// Many calls at a time without a thread for each: they run on fibers of one thread of the library's own.
//
//   std::stop_source stop;
//   orlop::Context context;
//   context.stop = stop.get_token();
//   auto found = orlop::async([=] { return storage.exists("a.txt", context); });
//   ...                                     // does something else meanwhile, or: stop.request_stop()
//   bool exists = found.get().value();
//
// Inside such a call everything of the library may be used as anywhere else. Where it would wait (for the network,
// before another attempt, for credentials) the next call goes on; what blocks otherwise (a disk, compressing,
// a program that prints credentials) is done by worker threads meanwhile. Up to 128 calls are under way at a time, the
// others wait for their turn. The thread is started with the first call; a forked child starts one of its own, and
// calls of its parent do not go on there.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <type_traits>

namespace orlop {

// Has `call` run soon. It must neither throw nor block by itself (not wait for a future, another thread or a lock
// held for long): all other calls would wait with it. What is to happen when the work is done is its last statement.
void async_run(std::function<void()> call);

// The same for what a call results in; the future also hands on what it throws. Not to be waited for inside a call.
template <class Call>
std::future<std::invoke_result_t<Call&>> async(Call call) {
  auto task = std::make_shared<std::packaged_task<std::invoke_result_t<Call&>()>>(std::move(call));
  async_run([task] { (*task)(); });
  return task->get_future();
}

}  // namespace orlop
