#include "cli/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace orlop::cli {
namespace {

constexpr std::string_view clear_line = "\r\x1b[K";

bool has_terminal() {
  const char* type = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) == 1 && type && std::string_view(type) != "dumb";
}

// https://no-color.org: set to anything but nothing.
bool colors_unwanted() {
  const char* value = std::getenv("NO_COLOR");
  return value && *value != '\0';
}

}  // namespace

Console::Console() : terminal_(has_terminal()), colors_(terminal_ && !colors_unwanted()) {}

int Console::columns() const noexcept {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void Console::message(std::string_view line) {
  std::lock_guard lock(mutex_);
  std::string text;
  if (!status_.empty()) text += clear_line;
  text += line;
  text += '\n';
  text += status_;
  write(text);
}

void Console::status(std::string line) {
  std::lock_guard lock(mutex_);
  if (line.empty() && status_.empty()) return;
  status_ = std::move(line);
  write(std::string(clear_line) + status_);
}

void Console::keep_status() {
  std::lock_guard lock(mutex_);
  if (!status_.empty()) write("\n");
  status_.clear();
}

void Console::write(std::string_view text) {
  while (!text.empty()) {
    ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno != EINTR) return;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace orlop::cli
