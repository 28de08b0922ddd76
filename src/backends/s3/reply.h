// What the parsers of answers share: the right document or an error, and the values in it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "orlop/types.h"
#include "wire/xml.h"

namespace orlop::s3 {

inline constexpr std::string_view xmlns = "http://s3.amazonaws.com/doc/2006-03-01/";

// A document with this root. Errors: the service's own when the root is <Error>; data_corrupted.
Result<wire::XmlDocument> open_reply(std::string_view body, std::string_view root, std::string_view other_root = {});

inline bool flag(std::string_view text) { return text == "true"; }

std::optional<SystemTime> parse_time(std::string_view text);

// Keys of a listing, percent-encoded when the answer says so.
class KeyDecoder {
 public:
  explicit KeyDecoder(const pugi::xml_node& root);
  Result<std::string> operator()(std::string_view text) const;

 private:
  bool encoded_;
};

}  // namespace orlop::s3
