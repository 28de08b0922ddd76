#include "server/xml.h"

#include <sstream>

#include "server/errors.h"

namespace orlop::server {

XmlAnswer::XmlAnswer(const char* root, bool with_namespace) : root_(document_.append_child(root)) {
  if (with_namespace) root_.append_attribute("xmlns").set_value("http://s3.amazonaws.com/doc/2006-03-01/");
}

std::string XmlAnswer::text() const {
  std::ostringstream out;
  out << R"(<?xml version="1.0" encoding="UTF-8"?>)" << '\n';
  document_.save(out, "", pugi::format_raw | pugi::format_no_declaration, pugi::encoding_utf8);
  std::string text = out.str();
  // A bare CR would reach the client as LF (XML 1.0 section 2.11); pugixml leaves it as it is.
  for (std::size_t at = 0; (at = text.find('\r', at)) != std::string::npos;) text.replace(at, 1, "&#13;");
  return text;
}

void add(pugi::xml_node parent, const char* name, std::string_view text) {
  parent.append_child(name).text().set(std::string(text).c_str());
}

Result<void> parse_xml(std::string_view text, const char* root, pugi::xml_document& document) {
  auto parsed = document.load_buffer(text.data(), text.size());
  if (!parsed || std::string_view(document.document_element().name()) != root) return s3_error("MalformedXML");
  return {};
}

}  // namespace orlop::server
