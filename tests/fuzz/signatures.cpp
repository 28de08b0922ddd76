// What a server reads of a stranger's signature, and the canonical forms both sides must agree on.
#include "input.h"
#include "wire/sigv4.h"

namespace wire = orlop::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);

  if (auto parsed = wire::parse_authorization(text)) MUST(!parsed->signature.empty());
  wire::parse_credential(text);
  if (auto time = wire::parse_amz_date(text)) MUST(wire::amz_date(*time) == text);

  // Canonical forms are fixed points.
  const std::string query = wire::canonical_query(text);
  MUST(wire::canonical_query(std::string_view(query)) == query);
  const std::string value = wire::canonical_header_value(text);
  MUST(wire::canonical_header_value(value) == value);
  return 0;
}
