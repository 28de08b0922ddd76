#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/output.h"

namespace orlop::cli {
namespace {

constexpr Milliseconds first_bar{250};
constexpr Milliseconds bar_interval{100};
constexpr Milliseconds line_interval{5'000};

std::string duration(double seconds) {
  auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3600) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  return fmt::format("{}h{:02}m", whole / 3600, whole / 60 % 60);
}

}  // namespace

Progress::Progress(Console& console, bool enabled) : console_(console) {
  if (enabled) thread_ = std::thread(&Progress::run, this);
}

Progress::~Progress() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    finished_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Progress::expect(std::uint64_t files, std::uint64_t bytes) noexcept {
  all_files_ += files;
  all_bytes_ += bytes;
}

void Progress::run() {
  const bool bar_wanted = console_.is_terminal();
  std::unique_lock lock(mutex_);
  auto wait = bar_wanted ? first_bar : line_interval;
  bool shown = false;
  while (!wake_.wait_for(lock, wait, [this] { return finished_; })) {
    Snapshot now = snapshot();
    if (bar_wanted)
      console_.status(bar(now));
    else
      console_.message(fmt::format("orlop: {}", text(now)));
    shown = true;
    wait = bar_wanted ? bar_interval : line_interval;
  }
  if (!shown) return;
  if (bar_wanted) {
    console_.status(bar(snapshot()));
    console_.keep_status();
  } else {
    console_.message(fmt::format("orlop: {}", text(snapshot())));
  }
}

Progress::Snapshot Progress::snapshot() {
  const Clock::time_point time = Clock::now();
  const double interval = std::chrono::duration<double>(time - sampled_).count();
  const std::uint64_t bytes = bytes_;
  // The rate follows what happens now, but not every stutter.
  if (interval >= 0.25 || rate_ == 0) {
    double current =
        bytes >= sampled_bytes_ ? static_cast<double>(bytes - sampled_bytes_) / std::max(interval, 1e-3) : 0;
    rate_ = rate_ == 0 ? current : 0.8 * rate_ + 0.2 * current;
    sampled_ = time;
    sampled_bytes_ = bytes;
  }
  return {files_, bytes, all_files_, all_bytes_, complete_, std::chrono::duration<double>(time - start_).count(),
          rate_};
}

// "12.3M of 1.0G, 45M/s, 22s left, 3 of 10 files"
std::string Progress::text(const Snapshot& now) const {
  std::string line = human_size(now.bytes);
  if (now.all_bytes > 0) line += fmt::format(" of {}{}", human_size(now.all_bytes), now.complete ? "" : "+");
  line += fmt::format(", {}/s", human_size(static_cast<std::uint64_t>(now.rate)));
  if (now.complete && now.all_bytes > now.bytes && now.rate > 0) {
    line += fmt::format(", {} left", duration(static_cast<double>(now.all_bytes - now.bytes) / now.rate));
  }
  if (now.all_files > 1) line += fmt::format(", {} of {}{} files", now.files, now.all_files, now.complete ? "" : "+");
  return line;
}

// The text, and a bar in what is left of the line; cut where the window is narrow.
std::string Progress::bar(const Snapshot& now) const {
  std::string line = text(now);
  const int columns = console_.columns() - 1;
  const int room = columns - static_cast<int>(line.size()) - 9;
  if (now.all_bytes == 0 || room < 8) return line.substr(0, static_cast<std::size_t>(std::max(columns, 1)));
  const double part = std::min(1.0, static_cast<double>(now.bytes) / static_cast<double>(now.all_bytes));
  const int width = std::min(room, 40);
  const int filled = static_cast<int>(part * width);
  return fmt::format("{}[{:=<{}}{:<{}}]{} {:3.0f}%  {}", console_.has_colors() ? "\x1b[32m" : "", "", filled,
                     filled < width ? ">" : "", width - filled, console_.has_colors() ? "\x1b[0m" : "",
                     std::floor(part * 100), line);
}

}  // namespace orlop::cli
