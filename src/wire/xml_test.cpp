#include "wire/xml.h"

#include <gtest/gtest.h>

#include <pugixml.hpp>

namespace orlop::wire {
namespace {

TEST(Xml, KeepsOddTextThroughAnEscapeAndAParse) {
  for (std::string text : {"a&b<c>\"'", " ", "\t\n\r", "  x  ", "\xC3\xA9\xF0\x9F\x98\x80", "]]>", "&amp;"}) {
    XmlWriter writer;
    writer.open("Root", "urn:x").text("Key", text).close("Root");
    auto document = XmlDocument::parse(std::move(writer).take());
    ASSERT_TRUE(document) << text;
    EXPECT_EQ(child_text(document->root(), "Key"), text);
  }
}

TEST(Xml, RefusesWhatIsNotOneWholeElement) {
  EXPECT_FALSE(XmlDocument::parse(""));
  EXPECT_FALSE(XmlDocument::parse("   "));
  EXPECT_FALSE(XmlDocument::parse("<a><b></a>"));
  EXPECT_FALSE(XmlDocument::parse("<a>"));
  EXPECT_FALSE(XmlDocument::parse("<a/><b/>"));
  EXPECT_FALSE(XmlDocument::parse("plain"));
}

TEST(Xml, AcceptsWhiteSpaceBeforeTheDeclaration) {
  auto document = XmlDocument::parse(" \n \n<?xml version=\"1.0\"?>\n<ns:Error><Code>X</Code></ns:Error>");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root_name(), "Error");
  EXPECT_EQ(child_text(document->root(), "Code"), "X");
  EXPECT_TRUE(has_child(document->root(), "Code"));
  EXPECT_FALSE(has_child(document->root(), "Message"));
}

TEST(Xml, KnowsWhatItCannotHold) {
  EXPECT_TRUE(xml_representable("a\t\n\r\x7F\xEF\xBF\xBD"));
  EXPECT_FALSE(xml_representable("a\x01"));
  EXPECT_FALSE(xml_representable("\xEF\xBF\xBF"));
}

}  // namespace
}  // namespace orlop::wire
