#include "backends/s3/reply.h"

#include <fmt/core.h>

#include <pugixml.hpp>

#include "backends/s3/errors.h"
#include "net/http.h"
#include "wire/date.h"
#include "wire/percent.h"

namespace orlop::s3 {

using wire::XmlDocument;

Result<XmlDocument> open_reply(std::string_view body, std::string_view root, std::string_view other_root) {
  auto document = XmlDocument::parse(body);
  bool right =
      document && (document->root_name() == root || (!other_root.empty() && document->root_name() == other_root));
  if (right) return *std::move(document);
  if (document && document->root_name() == "Error") {
    // "Amazon S3 can return 200 OK with an error in the body" (CompleteMultipartUpload, CopyObject). The status that
    // belongs to the code is not told; whatever the table does not know is the server's failure.
    Fault fault = parse_fault(500, body, {}, false);
    return to_error(fault);
  }
  return wrong_answer(200, fmt::format("the answer is no {}", root));
}

std::optional<SystemTime> parse_time(std::string_view text) {
  auto time = wire::parse_iso8601(text);
  return time ? std::optional(*time) : std::nullopt;
}

KeyDecoder::KeyDecoder(const pugi::xml_node& root) : encoded_(wire::child_text(root, "EncodingType") == "url") {}

Result<std::string> KeyDecoder::operator()(std::string_view text) const {
  if (!encoded_) return std::string(text);
  auto decoded = wire::decode_form(text);
  if (!decoded) return wrong_answer(200, "a key of the listing is not encoded as announced");
  return decoded;
}

}  // namespace orlop::s3
