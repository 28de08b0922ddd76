// Percent-encoding, base64, hex, dates, metadata in headers: what is written is read back as it was.
#include "input.h"
#include "wire/date.h"
#include "wire/encoding.h"
#include "wire/percent.h"

namespace wire = orlop::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);

  MUST(wire::decode_percent(wire::encode_path(text)).value() == text);
  MUST(wire::decode_percent(wire::encode_query(text)).value() == text);
  MUST(wire::decode_form(wire::encode_query(text)).value() == text);
  MUST(wire::decode_base64(wire::encode_base64(orlop::as_bytes(text))).value() == text);
  MUST(wire::decode_hex(wire::encode_hex(orlop::as_bytes(text))).value() == text);

  // Strict decoding: what is accepted is the one spelling there is.
  if (auto bytes = wire::decode_base64(text)) MUST(wire::encode_base64(orlop::as_bytes(*bytes)) == text);
  if (auto bytes = wire::decode_percent(text)) MUST(bytes->size() <= size);
  if (auto bytes = wire::decode_form(text)) MUST(bytes->size() <= size);
  if (auto bytes = wire::decode_hex(text)) MUST(bytes->size() * 2 == size);

  if (auto time = wire::parse_http_date(text)) MUST(wire::format_http_date(*time) == text);
  if (auto time = wire::parse_iso8601(text)) {
    // Written with milliseconds, which is as much as services give.
    auto again = wire::parse_iso8601(wire::format_iso8601(*time));
    MUST(again && std::chrono::floor<std::chrono::milliseconds>(*time) == *again);
  }
  return 0;
}
