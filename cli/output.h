// Standard output and standard error: whole lines, names that cannot harm a terminal, JSON, sizes and times.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "orlop/types.h"

namespace orlop::cli {

// Standard output, buffered. Thread-safe. Once a write failed everything else is dropped.
class Output {
 public:
  // A write that blocks ends when `stop` is triggered.
  explicit Output(std::stop_token stop);
  bool is_terminal() const noexcept { return terminal_; }
  // False when nobody can read it any more; the caller may stop.
  bool line(std::string_view text);
  bool write(std::string_view text);
  bool flush();
  // 0, or the errno of the write that failed (EPIPE: the reader went away).
  int failure() const noexcept { return failure_; }
  // A name as it may be shown: on a terminal control characters are escaped, elsewhere it is exact.
  std::string name(std::string_view name) const;

 private:
  bool flush_locked();
  bool send(std::string_view text);

  std::mutex mutex_;
  std::stop_token stop_;
  std::string buffer_;
  int failure_ = 0;
  bool terminal_;
};

// Control characters and what is no UTF-8 written as \n, \x1b, ...
std::string escaped(std::string_view text);
std::string human_size(std::uint64_t bytes);                  // "1.5M"
std::string iso_time(const std::optional<SystemTime>& time);  // "2026-11-21T11:40:12Z", "-" when not known

// One JSON object, members in the order they were added.
class JsonLine {
 public:
  JsonLine();
  ~JsonLine();
  JsonLine& add(std::string_view name, std::string_view value);
  JsonLine& add(std::string_view name, const char* value) { return add(name, std::string_view(value)); }
  JsonLine& add(std::string_view name, const std::string& value) { return add(name, std::string_view(value)); }
  JsonLine& add(std::string_view name, std::uint64_t value);
  JsonLine& add(std::string_view name, bool value);
  JsonLine& add(std::string_view name, const StringMap& value);
  // Left out when there is nothing to say.
  JsonLine& add_known(std::string_view name, std::string_view value) {
    return value.empty() ? *this : add(name, value);
  }
  std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace orlop::cli
