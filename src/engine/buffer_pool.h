// The limit of what uploads of this process hold in memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

#include "orlop/types.h"

namespace orlop::engine {

class BufferPool;

// A piece of memory out of a pool, given back when destroyed. Pages never written to cost nothing.
class Buffer {
 public:
  Buffer() noexcept = default;
  Buffer(Buffer&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Buffer();

  explicit operator bool() const noexcept { return data_ != nullptr; }
  std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }

 private:
  friend class BufferPool;
  Buffer(BufferPool* pool, std::byte* data, std::size_t size) noexcept : pool_(pool), data_(data), size_(size) {}

  BufferPool* pool_ = nullptr;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// Counts bytes; lock-free, so that it survives fork. It does not make anybody wait: who is refused waits for own
// buffers to come back, and who has none on their way takes one beyond the limit. So no two uploads can wait for each
// other, and one thread may have any number of writers open.
class BufferPool {
 public:
  static constexpr std::size_t default_limit = std::size_t{64} << 20;

  explicit BufferPool(std::size_t limit = default_limit) noexcept : limit_(limit) {}
  static BufferPool& process();

  // Empty when the limit would be passed, or the system has no memory.
  Buffer try_acquire(std::size_t size);
  // Empty only when the system has no memory.
  Buffer acquire_beyond_limit(std::size_t size);
  std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }

 private:
  friend class Buffer;
  Buffer allocate(std::size_t size);

  const std::size_t limit_;
  std::atomic<std::size_t> used_{0};
};

}  // namespace orlop::engine
