// The spellings of a moment in XML and in HTTP headers (that of signatures is in wire/sigv4.h). UTC, no locale, no
// environment.
#pragma once

#include <string>
#include <string_view>

#include "orlop/types.h"

namespace orlop::wire {

// "2024-03-05T06:07:08.000Z" (ISO 8601, RFC 3339): what S3 writes in XML.
std::string format_iso8601(SystemTime time);
// RFC 3339 section 5.6: any number of fraction digits (beyond microseconds they are cut), "Z" or an offset.
Result<SystemTime> parse_iso8601(std::string_view text);

// "Tue, 05 Mar 2024 06:07:08 GMT" (IMF-fixdate, RFC 9110 section 5.6.7).
std::string format_http_date(SystemTime time);
// IMF-fixdate only; the day's name must be right.
Result<SystemTime> parse_http_date(std::string_view text);

}  // namespace orlop::wire
