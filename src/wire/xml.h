// XML as S3-like services speak it: strict about the root, exact about text. A thin cover over pugixml.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pugi {
class xml_document;
class xml_node;
}  // namespace pugi

namespace orlop::wire {

// A parsed document. Prefixes of namespaces are ignored.
class XmlDocument {
 public:
  // Nothing for what is not one well-formed element. White space in text is kept, also where there is nothing else.
  static std::optional<XmlDocument> parse(std::string_view text);
  XmlDocument(XmlDocument&&) noexcept;
  XmlDocument& operator=(XmlDocument&&) noexcept;
  ~XmlDocument();

  pugi::xml_node root() const;
  std::string_view root_name() const;

 private:
  explicit XmlDocument(std::unique_ptr<pugi::xml_document> document);
  std::unique_ptr<pugi::xml_document> document_;
};

// The name without a namespace prefix.
std::string_view local_name(const pugi::xml_node& node);
// The text of the first child of that name; empty when there is none.
std::string_view child_text(const pugi::xml_node& node, std::string_view name);
bool has_child(const pugi::xml_node& node, std::string_view name);

// Builds a document element by element.
class XmlWriter {
 public:
  XmlWriter& open(std::string_view name, std::string_view xmlns = {});
  using Attribute = std::pair<std::string_view, std::string_view>;
  XmlWriter& open_with(std::string_view name, std::initializer_list<Attribute> attributes);
  XmlWriter& text(std::string_view name, std::string_view value);  // a whole element
  XmlWriter& close(std::string_view name);
  std::string take() && { return std::move(out_); }

 private:
  std::string out_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
};

// Line ends and tabs become references: parsers would change them (XML 1.0 section 2.11).
void append_escaped(std::string& out, std::string_view text);
// Whether XML 1.0 can hold the text at all (section 2.2): most control characters it cannot, not even as references.
bool xml_representable(std::string_view text) noexcept;

}  // namespace orlop::wire
