#include "wire/xml.h"

#include <pugixml.hpp>

namespace orlop::wire {

XmlDocument::XmlDocument(std::unique_ptr<pugi::xml_document> document) : document_(std::move(document)) {}
XmlDocument::XmlDocument(XmlDocument&&) noexcept = default;
XmlDocument& XmlDocument::operator=(XmlDocument&&) noexcept = default;
XmlDocument::~XmlDocument() = default;

std::optional<XmlDocument> XmlDocument::parse(std::string_view text) {
  auto document = std::make_unique<pugi::xml_document>();
  // A key may be a single blank, which pugixml drops by default. DOCTYPEs are skipped, entities never expanded.
  constexpr unsigned flags = pugi::parse_default | pugi::parse_ws_pcdata;
  if (!document->load_buffer(text.data(), text.size(), flags, pugi::encoding_utf8)) return std::nullopt;
  std::size_t elements = 0;
  for (const pugi::xml_node& node : document->children()) elements += node.type() == pugi::node_element;
  if (elements != 1) return std::nullopt;
  return XmlDocument(std::move(document));
}

pugi::xml_node XmlDocument::root() const { return document_->document_element(); }
std::string_view XmlDocument::root_name() const { return local_name(root()); }

std::string_view local_name(const pugi::xml_node& node) {
  std::string_view name = node.name();
  std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

namespace {
pugi::xml_node find_child(const pugi::xml_node& node, std::string_view name) {
  for (const pugi::xml_node& child : node.children()) {
    if (child.type() == pugi::node_element && local_name(child) == name) return child;
  }
  return {};
}
}  // namespace

std::string_view child_text(const pugi::xml_node& node, std::string_view name) {
  return find_child(node, name).child_value();
}

bool has_child(const pugi::xml_node& node, std::string_view name) { return static_cast<bool>(find_child(node, name)); }

XmlWriter& XmlWriter::open(std::string_view name, std::string_view xmlns) {
  return xmlns.empty() ? open_with(name, {}) : open_with(name, {{"xmlns", xmlns}});
}

XmlWriter& XmlWriter::open_with(std::string_view name, std::initializer_list<Attribute> attributes) {
  out_.append(1, '<').append(name);
  for (const auto& [attribute, value] : attributes) {
    out_.append(1, ' ').append(attribute).append("=\"");
    append_escaped(out_, value);
    out_ += '"';
  }
  out_ += '>';
  return *this;
}

XmlWriter& XmlWriter::text(std::string_view name, std::string_view value) {
  open(name);
  append_escaped(out_, value);
  return close(name);
}

XmlWriter& XmlWriter::close(std::string_view name) {
  out_.append("</").append(name).append(1, '>');
  return *this;
}

void append_escaped(std::string& out, std::string_view text) {
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&apos;";
        break;
      case '\r':
        out += "&#13;";
        break;
      case '\n':
        out += "&#10;";
        break;
      case '\t':
        out += "&#9;";
        break;
      default:
        out += c;
    }
  }
}

bool xml_representable(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') return false;
    // U+FFFE and U+FFFF are EF BF BE and EF BF BF.
    if (text.substr(i, 2) == "\xEF\xBF" && i + 2 < text.size() && static_cast<unsigned char>(text[i + 2]) >= 0xBE) {
      return false;
    }
  }
  return true;
}

}  // namespace orlop::wire
