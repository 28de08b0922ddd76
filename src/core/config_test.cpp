#include "orlop/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "orlop/registry.h"

namespace orlop {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

Address address(std::string_view url) { return Address::parse(url).value(); }
Error address_error(std::string_view url) { return Address::parse(url).error(); }

TEST(Address, TakesUrlsApart) {
  Address a = address("s3://bucket/media/x?region=eu-central-1&endpoint=http%3A%2F%2Flocalhost%3A9000");
  EXPECT_EQ(a.scheme, "s3");
  EXPECT_EQ(a.authority, "bucket");
  EXPECT_EQ(a.path, "media/x");
  EXPECT_THAT(a.options, ElementsAre(Pair("endpoint", "http://localhost:9000"), Pair("region", "eu-central-1")));
}

TEST(Address, KnowsTheShortForms) {
  EXPECT_EQ(address("s3://bucket").path, "");
  EXPECT_EQ(address("s3://bucket/").path, "");
  EXPECT_EQ(address("s3://bucket//x").path, "/x");
  EXPECT_EQ(address("mem:").authority, "");
  EXPECT_EQ(address("mem://name").authority, "name");
  EXPECT_EQ(address("file:///dir/sub").path, "/dir/sub");
  EXPECT_EQ(address("file:/dir").path, "/dir");
  EXPECT_EQ(address("file://localhost/dir").path, "/dir");
  EXPECT_EQ(address("S3://Bucket").scheme, "s3");
  EXPECT_EQ(address("S3://Bucket").authority, "Bucket");
}

TEST(Address, DecodesPercentSignsOnce) {
  EXPECT_EQ(address("s3://b/a%20b%2Fc%2525+").path, "a b/c%25+");
  EXPECT_EQ(address("s3://b/a#b").path, "a#b");
}

TEST(Address, RefusesWhatIsNone) {
  for (std::string_view url :
       {"", "bucket", "/dir", "://x", "1s3://b", "s3 ://b", "s3://b/%", "s3://b/%2", "s3://b/%zz", "s3://b/%00",
        "s3://b?region", "s3://b?=x", "s3://b?a=1&a=2", "file://host/dir"}) {
    auto parsed = Address::parse(url);
    ASSERT_FALSE(parsed) << url;
    EXPECT_EQ(parsed.error().code(), Code::config_invalid);
  }
}

TEST(Address, RefusesCredentialsWithoutRepeatingThem) {
  for (std::string_view url : {"s3://AKIAKEY:geheim@bucket/x", "s3://AKIAKEY@bucket"}) {
    std::string text = address_error(url).to_string();
    EXPECT_THAT(text, HasSubstr("environment"));
    EXPECT_THAT(text, Not(HasSubstr("AKIAKEY")));
    EXPECT_THAT(text, Not(HasSubstr("geheim")));
  }
}

TEST(Nearest, FindsTypingMistakes) {
  std::string_view options[] = {"region", "endpoint", "access_key_id", "secret_access_key", "profile", "verify"};
  EXPECT_EQ(nearest("regoin", options), "region");
  EXPECT_EQ(nearest("Region", options), "region");
  EXPECT_EQ(nearest("end-point", options), "endpoint");
  EXPECT_EQ(nearest("acess_key_id", options), "access_key_id");
  EXPECT_EQ(nearest("key_id", options), "access_key_id");
  EXPECT_EQ(nearest("endpoint_url", options), "endpoint");
  EXPECT_EQ(nearest("xyzzy", options), "");
  EXPECT_EQ(nearest("", options), "");
  EXPECT_EQ(nearest(std::string(100'000, 'r'), options), "");
}

constexpr OptionSpec specs[] = {{"region", OptionType::text, "", false},
                                {"secret", OptionType::text, "", true},
                                {"verify", OptionType::boolean, "", false},
                                {"part_size", OptionType::size, "", false},
                                {"timeout", OptionType::duration, "", false}};

template <class T>
Result<T> read_option(std::string_view name, std::string_view value) {
  StringMap values{{std::string(name), std::string(value)}};
  T out{};
  ORLOP_TRY(OptionReader(specs, values).read(name, out));
  return out;
}

TEST(OptionReader, ReadsWhatOptionsMean) {
  using std::chrono::milliseconds;
  EXPECT_EQ(read_option<std::string>("region", "x").value(), "x");
  for (std::string_view yes : {"true", "Yes", "ON", "1"}) EXPECT_TRUE(read_option<bool>("verify", yes).value());
  for (std::string_view no : {"false", "no", "off", "0"}) EXPECT_FALSE(read_option<bool>("verify", no).value());
  EXPECT_EQ(read_option<std::uint64_t>("part_size", "7").value(), 7U);
  EXPECT_EQ(read_option<std::uint64_t>("part_size", "8M").value(), 8U << 20);
  EXPECT_EQ(read_option<std::uint64_t>("part_size", "2TiB").value(), 2ULL << 40);
  EXPECT_EQ(read_option<milliseconds>("timeout", "250ms").value(), milliseconds(250));
  EXPECT_EQ(read_option<milliseconds>("timeout", "30").value(), milliseconds(30'000));
  EXPECT_EQ(read_option<milliseconds>("timeout", "5m").value(), milliseconds(300'000));
}

TEST(OptionReader, SaysWhatFormItExpects) {
  for (std::string_view value : {"", "x", "-1", "8X", "8 M", "1e3", "99999999999999999999", "9999999999T"}) {
    EXPECT_FALSE(read_option<std::uint64_t>("part_size", value)) << value;
  }
  for (std::string_view value : {"", "1y", "-1s", "9999999999999999h"}) {
    EXPECT_FALSE(read_option<std::chrono::milliseconds>("timeout", value)) << value;
  }
  std::string text = read_option<bool>("verify", "perhaps-a-secret").error().to_string();
  EXPECT_THAT(text, HasSubstr("verify"));
  EXPECT_THAT(text, HasSubstr("true or false"));
  EXPECT_THAT(text, Not(HasSubstr("perhaps-a-secret")));
}

TEST(OptionReader, LeavesWhatIsAbsentAlone) {
  StringMap none;
  bool verify = true;
  EXPECT_TRUE(OptionReader(specs, none).read("verify", verify));
  EXPECT_TRUE(verify);
}

TEST(OptionReader, NamesTheNearestOption) {
  StringMap values{{"regoin", "x"}};
  auto error = OptionReader(specs, values).check_names().error();
  EXPECT_EQ(error.code(), Code::config_invalid);
  EXPECT_THAT(std::string(error.message()), HasSubstr("did you mean region?"));
  EXPECT_TRUE(OptionReader(specs, StringMap{{"verify", "1"}}).check_names());
}

TEST(Remotes, AreRead) {
  auto remotes = Remotes::parse(R"(
[remotes.photos]
url = "s3://photos/raw"
region = "eu-central-1"
part_size = 16777216
verify = false
[remotes."with space"]
url = "mem:"
)",
                                "config.toml")
                     .value();
  ASSERT_EQ(remotes.all().size(), 2U);
  const Remote* photos = remotes.find("photos");
  ASSERT_TRUE(photos);
  EXPECT_EQ(photos->url, "s3://photos/raw");
  EXPECT_THAT(photos->options,
              ElementsAre(Pair("part_size", "16777216"), Pair("region", "eu-central-1"), Pair("verify", "false")));
  EXPECT_FALSE(remotes.find("absent"));
}

TEST(Remotes, NameTheLineOfAMistake) {
  struct {
    std::string_view text;
    std::string_view line;
  } const mistakes[] = {
      {"[remotes.a]\nurl = \"s3://b\"\nsecret_access_key = [1]\n", "line 3"},
      {"\n[remotes.a]\nregion = \"x\"\n", "line 2"},
      {"[remotes.a]\nurl = \"unterminated\n", "line 2"},
      {"[remote.a]\nurl = \"mem:\"\n", "line 1"},
      {"remotes = 3\n", "line 1"},
      {"[=]\n", "line 1"},
      {"[remotes.a]\nh\u0190s = 1\n", "line 2"},
      {"[remotes]\na = \"mem:\"\n", "line 2"},
      {"\n[remotes.mem]\nurl = \"s3://b\"\n", "line 2"},
      {"\n[remotes.s3]\nurl = \"s3://b\"\n", "line 2"},
  };
  for (const auto& mistake : mistakes) {
    auto parsed = Remotes::parse(mistake.text, "the-file.toml");
    ASSERT_FALSE(parsed) << mistake.text;
    std::string text = parsed.error().to_string();
    EXPECT_EQ(parsed.error().code(), Code::config_invalid);
    EXPECT_THAT(text, HasSubstr(std::string(mistake.line)));
    EXPECT_THAT(text, HasSubstr("the-file.toml"));
  }
}

TEST(Remotes, AreFoundByTheEnvironment) {
  auto directory = std::filesystem::temp_directory_path() / ("orlop-config-" + std::to_string(::getpid()));
  std::filesystem::create_directories(directory / "orlop");
  std::ofstream(directory / "orlop/config.toml") << "[remotes.xdg]\nurl = \"mem:\"\n";
  std::ofstream(directory / "own.toml") << "[remotes.own]\nurl = \"mem:\"\n";

  ::unsetenv("ORLOP_CONFIG");
  ::setenv("XDG_CONFIG_HOME", directory.c_str(), 1);
  EXPECT_TRUE(Remotes::load().value().find("xdg"));
  ::setenv("ORLOP_CONFIG", (directory / "own.toml").c_str(), 1);
  EXPECT_TRUE(Remotes::load().value().find("own"));
  ::setenv("ORLOP_CONFIG", (directory / "absent.toml").c_str(), 1);
  EXPECT_THAT(Remotes::load().error().to_string(), HasSubstr("ORLOP_CONFIG"));
  ::setenv("ORLOP_CONFIG", directory.c_str(), 1);
  EXPECT_EQ(Remotes::load().error().code(), Code::config_invalid);
  ::unsetenv("ORLOP_CONFIG");
  ::setenv("XDG_CONFIG_HOME", (directory / "nothing").c_str(), 1);
  EXPECT_TRUE(Remotes::load().value().all().empty());
  ::unsetenv("XDG_CONFIG_HOME");
  std::filesystem::remove_all(directory);
}

TEST(Registry, NamesTheNearestScheme) {
  EXPECT_THAT(open_driver("mme:").error().to_string(), HasSubstr("did you mean mem?"));
  EXPECT_THAT(open_driver("mem:?nothing=1").error().to_string(), HasSubstr("nothing"));
  EXPECT_TRUE(open_driver("mem:"));
}

constexpr OptionSpec odd_specs[] = {{"token", OptionType::text, "", true}};
const Backend odd_backend{"odd", "for this test", odd_specs,
                          [](const Address& a) -> Result<Backend::Opened> {
                            auto opened = open_driver("mem:");
                            opened->prefix = a.options.at("token");
                            return opened;
                          },
                          nullptr};

TEST(Registry, SaysWhatHasNoContainers) {
  EXPECT_EQ(list_containers("mem:").error().code(), Code::unsupported);
  EXPECT_EQ(list_containers("s3://", {{"regin", "x"}}).error().code(), Code::config_invalid);
}

TEST(Registry, KeepsSecretsOutOfUrls) {
  register_backend(odd_backend);
  std::string text = open_driver("odd://x?token=geheim").error().to_string();
  EXPECT_THAT(text, HasSubstr("token"));
  EXPECT_THAT(text, Not(HasSubstr("geheim")));
  EXPECT_EQ(open_driver("odd://x", {{"token", "t"}}).value().prefix, "t");
}

}  // namespace
}  // namespace orlop
