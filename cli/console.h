// Standard error: messages, and below them one status line on terminals.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace orlop::cli {

// Thread-safe.
class Console {
 public:
  Console();
  // Whether a status line can be drawn, and with colours.
  bool is_terminal() const noexcept { return terminal_; }
  bool has_colors() const noexcept { return colors_; }
  int columns() const noexcept;  // now; people resize windows

  void message(std::string_view line);  // above the status line
  void status(std::string line);        // replaces the status line; empty: takes it away
  void keep_status();                   // the status line becomes an ordinary one

 private:
  void write(std::string_view text);

  std::mutex mutex_;
  std::string status_;
  bool terminal_;
  bool colors_;
};

}  // namespace orlop::cli
