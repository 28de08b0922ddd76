#include "wire/date.h"

#include <fmt/compile.h>
#include <fmt/core.h>

#include <array>
#include <chrono>

namespace orlop::wire {
namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 7> day_names{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> month_names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Fields {
  int year;
  unsigned month;
  unsigned day;
  unsigned weekday;
  unsigned hour;
  unsigned minute;
  unsigned second;
  unsigned milli;
};

Fields fields_of(SystemTime time) {
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const auto rest = static_cast<std::uint64_t>((time - day).count());
  const auto seconds = static_cast<unsigned>(rest / 1'000'000);
  return {int(date.year()), unsigned(date.month()), unsigned(date.day()), weekday{day}.c_encoding(),
          seconds / 3600,   seconds / 60 % 60,      seconds % 60,         static_cast<unsigned>(rest / 1000 % 1000)};
}

// Reads a text from the front; the first thing that does not fit makes all of it malformed.
class Scanner {
 public:
  explicit Scanner(std::string_view text) noexcept : rest_(text) {}

  unsigned digits(std::size_t count) noexcept {
    unsigned value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!next_is_digit()) return ok_ = false, 0U;
      value = value * 10 + take_digit();
    }
    return value;
  }

  void literal(std::string_view text) noexcept {
    ok_ = ok_ && rest_.starts_with(text);
    if (ok_) rest_.remove_prefix(text.size());
  }

  // 1-based place of the three letters among `names`.
  template <std::size_t N>
  unsigned name(const std::array<std::string_view, N>& names) noexcept {
    for (unsigned i = 0; i < N; ++i) {
      if (!rest_.starts_with(names[i])) continue;
      rest_.remove_prefix(3);
      return i + 1;
    }
    return ok_ = false, 0U;
  }

  // ".123456789" in microseconds; zero when there is none.
  microseconds fraction() noexcept {
    if (!rest_.starts_with('.')) return microseconds{0};
    rest_.remove_prefix(1);
    ok_ = ok_ && next_is_digit();
    int value = 0;
    for (int scale = 100'000; next_is_digit(); scale /= 10) value += static_cast<int>(take_digit()) * scale;
    return microseconds{value};
  }

  // "Z" or "+hh:mm", as what must be taken off.
  minutes zone() noexcept {
    if (rest_.starts_with('Z')) return rest_.remove_prefix(1), minutes{0};
    const bool east = rest_.starts_with('+');
    literal(east ? "+" : "-");
    const unsigned hour = digits(2);
    literal(":");
    const unsigned minute = digits(2);
    ok_ = ok_ && hour < 24 && minute < 60;
    const minutes offset{static_cast<int>(hour * 60 + minute)};
    return east ? offset : -offset;
  }

  // "hh:mm:ss". 60 is a leap second (RFC 3339 section 5.7); it becomes the next minute's first.
  seconds clock() noexcept {
    const unsigned hour = digits(2);
    literal(":");
    const unsigned minute = digits(2);
    literal(":");
    const unsigned second = digits(2);
    ok_ = ok_ && hour < 24 && minute < 60 && second <= 60;
    return hours{hour} + minutes{minute} + seconds{second};
  }

  bool done() const noexcept { return ok_ && rest_.empty(); }

 private:
  bool next_is_digit() const noexcept { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }
  unsigned take_digit() noexcept {
    const auto digit = static_cast<unsigned>(rest_.front() - '0');
    rest_.remove_prefix(1);
    return digit;
  }

  std::string_view rest_;
  bool ok_ = true;
};

Error malformed() { return Error(Code::invalid_argument, "malformed date"); }

}  // namespace

std::string format_iso8601(SystemTime time) {
  const Fields f = fields_of(time);
  return fmt::format(FMT_COMPILE("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z"), f.year, f.month, f.day, f.hour,
                     f.minute, f.second, f.milli);
}

Result<SystemTime> parse_iso8601(std::string_view text) {
  Scanner scan(text);
  const unsigned y = scan.digits(4);
  scan.literal("-");
  const unsigned month_number = scan.digits(2);
  scan.literal("-");
  const unsigned d = scan.digits(2);
  scan.literal("T");
  const seconds clock = scan.clock();
  const microseconds fraction = scan.fraction();
  const minutes offset = scan.zone();
  const year_month_day date{year{static_cast<int>(y)}, month{month_number}, day{d}};
  if (!scan.done() || !date.ok()) return malformed();
  return SystemTime{sys_days{date}} + clock + fraction - offset;
}

std::string format_http_date(SystemTime time) {
  const Fields f = fields_of(time);
  return fmt::format(FMT_COMPILE("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT"), day_names[f.weekday], f.day,
                     month_names[f.month - 1], f.year, f.hour, f.minute, f.second);
}

Result<SystemTime> parse_http_date(std::string_view text) {
  Scanner scan(text);
  const unsigned day_name = scan.name(day_names);
  scan.literal(", ");
  const unsigned d = scan.digits(2);
  scan.literal(" ");
  const unsigned month_number = scan.name(month_names);
  scan.literal(" ");
  const unsigned y = scan.digits(4);
  scan.literal(" ");
  const seconds clock = scan.clock();
  scan.literal(" GMT");
  const year_month_day date{year{static_cast<int>(y)}, month{month_number}, day{d}};
  if (!scan.done() || !date.ok() || weekday{sys_days{date}}.c_encoding() + 1 != day_name) return malformed();
  return SystemTime{sys_days{date}} + clock;
}

}  // namespace orlop::wire
