#include "wire/date.h"

#include <gtest/gtest.h>

namespace orlop::wire {
namespace {

using namespace std::chrono;
using namespace std::string_view_literals;

constexpr SystemTime moment = sys_days{year{2024} / 3 / 5} + 6h + 7min + 8s;

TEST(Date, FormatsBoth) {
  EXPECT_EQ(format_iso8601(moment + 9ms + 999us), "2024-03-05T06:07:08.009Z");
  EXPECT_EQ(format_http_date(moment + 999ms), "Tue, 05 Mar 2024 06:07:08 GMT");
}

TEST(Date, BeforeTheEpochToo) {
  const SystemTime before = SystemTime{} - 1us;
  EXPECT_EQ(format_iso8601(before), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(format_http_date(before), "Wed, 31 Dec 1969 23:59:59 GMT");
}

TEST(Date, ParsesWhatItFormats) {
  for (SystemTime time{}; time < sys_days{year{2101} / 1 / 1}; time += 41h + 17min + 59s) {
    EXPECT_EQ(*parse_iso8601(format_iso8601(time)), time);
    EXPECT_EQ(*parse_http_date(format_http_date(time)), time);
  }
}

TEST(Date, Iso8601Variants) {
  EXPECT_EQ(*parse_iso8601("2024-03-05T06:07:08Z"), moment);
  EXPECT_EQ(*parse_iso8601("2024-03-05T06:07:08.5Z"), moment + 500ms);
  EXPECT_EQ(*parse_iso8601("2024-03-05T06:07:08.123456789Z"), moment + 123456us);
  EXPECT_EQ(*parse_iso8601("2024-03-05T08:07:08+02:00"), moment);
  EXPECT_EQ(*parse_iso8601("2024-03-04T23:37:08-06:30"), moment);
  EXPECT_EQ(*parse_iso8601("2016-12-31T23:59:60Z"), sys_days{year{2017} / 1 / 1});
}

TEST(Date, Iso8601MalformedIsRefused) {
  for (const auto text :
       {""sv, "2024-03-05"sv, "2024-03-05T06:07:08"sv, "2024-02-30T06:07:08Z"sv, "2024-13-01T06:07:08Z"sv,
        "2024-03-05T24:07:08Z"sv, "2024-03-05T06:60:08Z"sv, "2024-03-05T06:07:61Z"sv, "2024-03-05T06:07:08.Z"sv,
        "2024-03-05T06:07:08Z "sv, " 2024-03-05T06:07:08Z"sv, "2024-3-05T06:07:08Z"sv, "2024-03-05 06:07:08Z"sv,
        "2024-03-05T06:07:08+24:00"sv, "2024-03-05T06:07:08+0200"sv, "+024-03-05T06:07:08Z"sv})
    EXPECT_FALSE(parse_iso8601(text)) << text;
}

TEST(Date, HttpDateMalformedIsRefused) {
  for (const auto text :
       {""sv, "Tue, 05 Mar 2024 06:07:08"sv, "Mon, 05 Mar 2024 06:07:08 GMT"sv, "Tue, 5 Mar 2024 06:07:08 GMT"sv,
        "Tue, 05 mar 2024 06:07:08 GMT"sv, "Tue, 05 Mar 2024 06:07:08 UTC"sv, "Tue, 31 Feb 2024 06:07:08 GMT"sv,
        "Tuesday, 05-Mar-24 06:07:08 GMT"sv, "Tue, 05 Mar 2024 06:07:08 GMT\r"sv})
    EXPECT_FALSE(parse_http_date(text)) << text;
}

}  // namespace
}  // namespace orlop::wire
