// How far a transfer is: a bar on a terminal, a plain line every few seconds elsewhere.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "cli/console.h"
#include "orlop/context.h"

namespace orlop::cli {

// Counters are thread-safe; the line is drawn by a thread of its own, from a moment after the start. Finished by its
// destructor.
class Progress {
 public:
  Progress(Console& console, bool enabled);
  ~Progress();

  void expect(std::uint64_t files, std::uint64_t bytes) noexcept;
  void expected_all() noexcept { complete_ = true; }  // from here on the totals are final
  void add_bytes(std::int64_t bytes) noexcept { bytes_ += static_cast<std::uint64_t>(bytes); }  // negative: begun anew
  void add_file() noexcept { ++files_; }

  std::uint64_t bytes() const noexcept { return bytes_; }
  std::uint64_t files() const noexcept { return files_; }

 private:
  struct Snapshot {
    std::uint64_t files, bytes, all_files, all_bytes;
    bool complete;
    double seconds;
    double rate;
  };

  void run();
  Snapshot snapshot();
  std::string text(const Snapshot& now) const;
  std::string bar(const Snapshot& now) const;

  Console& console_;
  std::atomic<std::uint64_t> files_ = 0, bytes_ = 0, all_files_ = 0, all_bytes_ = 0;
  std::atomic<bool> complete_ = false;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point sampled_ = start_;
  std::uint64_t sampled_bytes_ = 0;
  double rate_ = 0;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool finished_ = false;
  std::thread thread_;
};

}  // namespace orlop::cli
