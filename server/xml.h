// XML documents as S3 writes and reads them.
#pragma once

#include <pugixml.hpp>
#include <string>
#include <string_view>

#include "orlop/result.h"

namespace orlop::server {

inline constexpr std::size_t largest_document = 2 << 20;

// A document with its root element in S3's namespace.
class XmlAnswer {
 public:
  explicit XmlAnswer(const char* root, bool with_namespace = true);
  pugi::xml_node root() { return root_; }
  std::string text() const;

 private:
  pugi::xml_document document_;
  pugi::xml_node root_;
};

void add(pugi::xml_node parent, const char* name, std::string_view text);

// Errors: MalformedXML, also when the root is not `root`.
Result<void> parse_xml(std::string_view text, const char* root, pugi::xml_document& document);

}  // namespace orlop::server
