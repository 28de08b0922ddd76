// The vectors were produced by running django-storages 1.14.6 and Python 3.11's mimetypes.
#include "orlop/naming.h"

#include <gtest/gtest.h>

#include <set>

namespace orlop::naming {
namespace {

struct NameVector {
  std::string_view input;
  std::string_view clean;
  std::string_view at_root;  // below ""
  const char* at_location;   // below "loc"; null: denied
};

constexpr NameVector names[] = {
    {"", "", "", "loc/"},
    {".", "", "", "loc/"},
    {"./", "./", "", "loc/"},
    {"..", "..", "", nullptr},
    {"/", "/", "", nullptr},
    {"//", "//", "", nullptr},
    {"a", "a", "a", "loc/a"},
    {"/a", "/a", "a", nullptr},
    {"//a", "//a", "a", nullptr},
    {"///a", "/a", "a", nullptr},
    {"a/", "a/", "a/", "loc/a/"},
    {"a//b", "a/b", "a/b", "loc/a/b"},
    {"a/./b", "a/b", "a/b", "loc/a/b"},
    {"a/../b", "b", "b", "loc/b"},
    {"a/b/..", "a", "a", "loc/a"},
    {"a/..", "", "", "loc/"},
    {"a/../", "./", "", "loc/"},
    {"a/b/./", "a/b/", "a/b/", "loc/a/b/"},
    {"../a", "../a", "a", nullptr},
    {"a/../../b", "../b", "b", nullptr},
    {"a\\b", "a/b", "a/b", "loc/a/b"},
    {"a\\..\\b", "a/../b", "b", "loc/b"},
    {"\\a", "/a", "a", nullptr},
    {"a\\", "a/", "a/", "loc/a/"},
    {"C:\\x\\y", "C:/x/y", "C:/x/y", "loc/C:/x/y"},
    {" a ", " a ", " a ", "loc/ a "},
    {"/loc/a", "/loc/a", "loc/a", nullptr},
};

TEST(Naming, CleansAndJoinsAsDjangoStoragesDoes) {
  for (const NameVector& v : names) {
    SCOPED_TRACE(v.input);
    std::string clean = clean_name(v.input);
    EXPECT_EQ(clean, v.clean);
    EXPECT_EQ(safe_join("", clean).value(), v.at_root);
    for (std::string_view location : {"loc", "loc/"}) {
      auto key = safe_join(location, clean);
      ASSERT_EQ(key.has_value(), v.at_location != nullptr);
      if (key) {
        EXPECT_EQ(*key, v.at_location);
      } else {
        EXPECT_EQ(key.error().code(), Code::invalid_argument);
        EXPECT_EQ(key.error().message(), outside_message);
      }
    }
  }
}

TEST(Naming, JoinsBelowABase) {
  EXPECT_EQ(safe_join("loc", "../loc/x").value(), "loc/x");
  EXPECT_FALSE(safe_join("loc", "../locx"));
  EXPECT_EQ(safe_join("loc", "a/../../loc").value(), "loc/");
  EXPECT_FALSE(safe_join("a/b", "../c"));
  EXPECT_EQ(safe_join("/loc", "a").value(), "loc/a");
  EXPECT_EQ(safe_join("loc//", "a").value(), "loc/a");
  EXPECT_EQ(safe_join("lo:c", "a:b").value(), "lo:c/a:b");
  EXPECT_EQ(safe_join("loc", "").value(), "loc/");
  EXPECT_EQ(safe_join("", "").value(), "");
}

TEST(Naming, RefusesWhatIsNoRelativeName) {
  for (std::string_view name : {"", ".", "..", "/", "a/", "/abs/x.txt", "../x", "a/../x", "a\\..\\b", "\\a", "a/.."}) {
    auto checked = check_relative(name);
    ASSERT_FALSE(checked) << name;
    EXPECT_EQ(checked.error().code(), Code::invalid_argument);
  }
  for (std::string_view name : {"a", "a/b.txt", "..a", "a..", "a/..b", "...", "a b/c"})
    EXPECT_TRUE(check_relative(name)) << name;
}

TEST(Naming, ShortensTheRootOnly) {
  struct {
    std::string_view name;
    std::size_t limit;
    std::string_view result;
  } const vectors[] = {
      {"a.txt", 5, "a.txt"},     {"abc.tar.gz", 9, "abc.ta.gz"},
      {"abc.tar.gz", 4, "a.gz"}, {"d/abcdef.txt", 10, "d/abcd.txt"},
      {".bashrc", 6, ".bashr"},  {"noext", 3, "noe"},
      {"dir/noext", 5, "dir/n"}, {"a/b.c/def", 7, "a/b.c/d"},
      {"ä€😀x.txt", 6, "ä€.txt"}, {"d//abc.txt", 8, "d/a.txt"},
  };
  for (const auto& v : vectors) EXPECT_EQ(available_overwrite_name(v.name, v.limit).value(), v.result) << v.name;
  EXPECT_EQ(available_overwrite_name("a.txt", std::nullopt).value(), "a.txt");
  EXPECT_EQ(available_overwrite_name("/abs/x.txt", std::nullopt).value(), "/abs/x.txt");
  EXPECT_FALSE(available_overwrite_name("a.txt", 4));
  EXPECT_FALSE(available_overwrite_name("d/abc.txt", 5));
  EXPECT_FALSE(available_overwrite_name("xxxxxxxxxx", 0));
  EXPECT_FALSE(available_overwrite_name("/abs/x.txt", 9));
  for (std::string_view name : {"d/../x", "..", "", "/", ".", "a/", "a\\..\\b"}) {
    EXPECT_FALSE(available_overwrite_name(name, std::nullopt)) << name;
    EXPECT_FALSE(available_overwrite_name(name, 100)) << name;
  }
}

TEST(Naming, MakesAlternativeNames) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    std::string name = alternative_name("d.d/a.tar.gz");
    ASSERT_EQ(name.size(), std::string_view("d.d/a.tar_1234567.gz").size());
    EXPECT_TRUE(name.starts_with("d.d/a.tar_"));
    EXPECT_TRUE(name.ends_with(".gz"));
    for (char c : name.substr(10, 7)) EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(c))) << name;
    seen.insert(name);
  }
  EXPECT_EQ(seen.size(), 100U);
  EXPECT_TRUE(alternative_name(".bashrc").starts_with(".bashrc_"));
}

TEST(Naming, GuessesTypesAsPythonDoes) {
  struct {
    std::string_view name;
    std::string_view type;
    std::string_view encoding;
  } const vectors[] = {
      {"a.css.gz", "text/css", "gzip"},
      {"a.tar.gz", "application/x-tar", "gzip"},
      {"a.tgz", "application/x-tar", "gzip"},
      {"a.TGZ", "application/x-tar", "gzip"},
      {"a.css.br", "text/css", "br"},
      {"a.xml.bz2", "application/xml", "bzip2"},
      {"a.svgz", "image/svg+xml", "gzip"},
      {"a.Z", "", "compress"},
      {"a.txt.xz", "text/plain", "xz"},
      {"a.txt.GZ", "application/gzip", ""},
      {"a", "", ""},
      {".css", "", ""},
      {"dir.css/a", "", ""},
      {"dir/a.js", "text/javascript", ""},
      {"a.mjs", "text/javascript", ""},
      {"a.map", "", ""},
      {"a.CSS", "text/css", ""},
      {"a.wasm", "application/wasm", ""},
      {"a.ico", "image/vnd.microsoft.icon", ""},
      {"a.webmanifest", "application/manifest+json", ""},
      {"a.avif", "image/avif", ""},
      {"a.woff2", "font/woff2", ""},
      {"a.woff", "font/woff", ""},
      {"a.ttf", "font/ttf", ""},
      {"a.webp", "image/webp", ""},
      {"a.md", "text/markdown", ""},
      {"a.rtf", "application/rtf", ""},
      {"a.m4a", "audio/mp4", ""},
      {"a.json", "application/json", ""},
      {"a.html", "text/html", ""},
      {"a.csv", "text/csv", ""},
      {"a.txt", "text/plain", ""},
      {"a.png", "image/png", ""},
      {"a.unheard-of", "", ""},
  };
  for (const auto& v : vectors) {
    GuessedType guess = guess_type(v.name);
    EXPECT_EQ(guess.type, v.type) << v.name;
    EXPECT_EQ(guess.encoding, v.encoding) << v.name;
  }
}

}  // namespace
}  // namespace orlop::naming
