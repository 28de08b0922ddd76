#include "orlop/async.h"

#include "engine/fiber.h"

namespace orlop {

void async_run(std::function<void()> call) { engine::Fiber::run(std::move(call)); }

}  // namespace orlop
