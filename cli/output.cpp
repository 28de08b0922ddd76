#include "cli/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

namespace orlop::cli {
namespace {

constexpr std::size_t buffer_size = 64 << 10;

// The length of the well-formed UTF-8 sequence at the front of `text`; 0 when there is none (RFC 3629 section 4).
std::size_t sequence_length(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = byte(0);
  std::size_t length = lead < 0x80                   ? 1
                       : lead >= 0xC2 && lead < 0xE0 ? 2
                       : (lead & 0xF0) == 0xE0       ? 3
                       : lead >= 0xF0 && lead < 0xF5 ? 4
                                                     : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  if ((lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) > 0x9F)) return 0;
  if ((lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F)) return 0;
  return length;
}

// Unicode's general category Cc, and the marks that reverse the direction of the text around them.
bool is_control(std::string_view sequence) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  if (sequence.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7F;
  if (sequence.size() == 2) return byte(0) == 0xC2 && byte(1) < 0xA0;
  return sequence.size() == 3 && byte(0) == 0xE2 &&
         ((byte(1) == 0x80 && byte(2) >= 0xA8 && byte(2) <= 0xAE) ||
          (byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9));
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    std::size_t length = sequence_length(text);
    std::string_view sequence = text.substr(0, length == 0 ? 1 : length);
    if (length != 0 && !is_control(sequence)) {
      result += sequence;
    } else if (sequence == "\n" || sequence == "\t" || sequence == "\r") {
      result += sequence == "\n" ? "\\n" : sequence == "\t" ? "\\t" : "\\r";
    } else {
      for (char c : sequence) result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    text.remove_prefix(sequence.size());
  }
  return result;
}

std::string human_size(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{}", bytes);
  double value = static_cast<double>(bytes);
  const char* unit = "KMGTPE";
  for (value /= 1024; value >= 999.5 && unit[1] != '\0'; value /= 1024) ++unit;
  return value < 9.95 ? fmt::format("{:.1f}{}", value, *unit) : fmt::format("{:.0f}{}", value, *unit);
}

std::string iso_time(const std::optional<SystemTime>& time) {
  if (!time) return "-";
  using namespace std::chrono;
  const year_month_day date{floor<days>(*time)};
  const hh_mm_ss clock{floor<seconds>(*time - floor<days>(*time))};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

Output::Output(std::stop_token stop) : stop_(std::move(stop)), terminal_(::isatty(STDOUT_FILENO) == 1) {
  buffer_.reserve(terminal_ ? 0 : buffer_size);
}

bool Output::line(std::string_view text) {
  std::lock_guard lock(mutex_);
  buffer_ += text;
  buffer_ += '\n';
  return terminal_ || buffer_.size() >= buffer_size ? flush_locked() : failure_ == 0;
}

bool Output::write(std::string_view text) {
  std::lock_guard lock(mutex_);
  if (text.size() >= buffer_size) return flush_locked() && send(text);
  buffer_ += text;
  return buffer_.size() >= buffer_size ? flush_locked() : failure_ == 0;
}

bool Output::flush() {
  std::lock_guard lock(mutex_);
  return flush_locked();
}

bool Output::flush_locked() {
  bool sent = send(buffer_);
  buffer_.clear();
  return sent;
}

bool Output::send(std::string_view text) {
  while (failure_ == 0 && !text.empty()) {
    ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written >= 0)
      text.remove_prefix(static_cast<std::size_t>(written));
    else if (errno != EINTR || stop_.stop_requested())
      failure_ = errno;
  }
  return failure_ == 0;
}

std::string Output::name(std::string_view name) const { return terminal_ ? escaped(name) : std::string(name); }

}  // namespace orlop::cli
