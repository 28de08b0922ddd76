#include "engine/buffer_pool.h"

#include <sys/mman.h>

namespace orlop::engine {

Buffer::~Buffer() {
  if (!data_) return;
  ::munmap(data_, size_);
  pool_->used_.fetch_sub(size_, std::memory_order_relaxed);
}

BufferPool& BufferPool::process() {
  static BufferPool pool;
  return pool;
}

Buffer BufferPool::try_acquire(std::size_t size) {
  std::size_t used = used_.load(std::memory_order_relaxed);
  do {
    if (used > limit_ || size > limit_ - used) return {};
  } while (!used_.compare_exchange_weak(used, used + size, std::memory_order_relaxed));
  return allocate(size);
}

Buffer BufferPool::acquire_beyond_limit(std::size_t size) {
  used_.fetch_add(size, std::memory_order_relaxed);
  return allocate(size);
}

// From the system and not from malloc, which would keep what is given back.
Buffer BufferPool::allocate(std::size_t size) {
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory != MAP_FAILED) return {this, static_cast<std::byte*>(memory), size};
  used_.fetch_sub(size, std::memory_order_relaxed);
  return {};
}

}  // namespace orlop::engine
