#include "orlop/storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "core/gzip.h"
#include "layers/faulty_driver.h"
#include "orlop/backends/memory.h"
#include "orlop/layers/layers.h"

namespace orlop {
namespace {

using orlop::testing::broken_connection;
using orlop::testing::FaultyDriver;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string letters(std::size_t size) {
  std::string text;
  text.reserve(size + 64);
  for (std::uint64_t line = 0; text.size() < size; ++line)
    text.append(std::to_string(line * 48271)).append(" and on\n");
  text.resize(size);
  return text;
}

class StorageTest : public ::testing::Test {
 protected:
  StorageTest() { options_.retry.base_delay = Milliseconds(0); }

  std::shared_ptr<FaultyDriver> faulty_ = std::make_shared<FaultyDriver>(memory::open());
  StorageOptions options_;
  Storage storage_ = around_faulty();

  Storage around_faulty() const { return Storage(faulty_, {.retry = {.base_delay = Milliseconds(0)}}); }
};

TEST_F(StorageTest, StacksItsLayersInTheOneOrder) {
  options_.location = "media";
  options_.attempt_timeout = Milliseconds(1000);
  Storage storage(memory::open(), options_);
  EXPECT_THAT(layers::describe(*storage.driver()),
              ElementsAre("check", "observe", "retry", "timeout", "prefix", "mem"));
}

TEST_F(StorageTest, SavesAndReadsWithOneRequestEach) {
  EXPECT_EQ(storage_.save("a//b.css", "body{}").value(), "a/b.css");
  EXPECT_EQ(storage_.read_all("a/b.css").value(), "body{}");
  EXPECT_TRUE(storage_.exists("a/b.css").value());
  EXPECT_FALSE(storage_.exists("a").value());
  EXPECT_THAT(faulty_->calls, ElementsAre("put", "read", "stat", "stat"));
  EXPECT_EQ(storage_.stat("a/b.css").value().attrs.content_type, "text/css");
  storage_.remove("a/b.css").value();
  storage_.remove("a/b.css").value();
  EXPECT_EQ(storage_.stat("a/b.css").error().code(), Code::not_found);
}

TEST_F(StorageTest, RefusesNamesThatLeaveItBeforeAnyRequest) {
  for (std::string_view name : {"../a", "a/../../b", "/a", "a/../b", "..", "\\a", "a\\..\\..\\b"}) {
    SCOPED_TRACE(name);
    EXPECT_EQ(storage_.stat(name).error().code(), Code::invalid_argument);
    EXPECT_EQ(storage_.open(name).error().code(), Code::invalid_argument);
    EXPECT_EQ(storage_.remove(name).error().code(), Code::invalid_argument);
    EXPECT_EQ(storage_.remove(std::vector<std::string>{"ok", std::string(name)}).error().code(),
              Code::invalid_argument);
    EXPECT_EQ(storage_.copy(name, "b").error().code(), Code::invalid_argument);
    EXPECT_EQ(storage_.move("b", name).error().code(), Code::invalid_argument);
    EXPECT_EQ(storage_.url(name).error().code(), Code::invalid_argument);
    EXPECT_EQ(storage_.download(name, "/nonexistent/x").error().code(), Code::invalid_argument);
    EXPECT_EQ(storage_.list(name).next().error().code(), Code::invalid_argument);
    EXPECT_EQ(storage_.listdir(name).error().code(), Code::invalid_argument);
  }
  for (std::string_view name : {"../a", "/a", "", "a/", "..", "dir/.."}) {
    EXPECT_EQ(storage_.save(name, "x").error().code(), Code::invalid_argument) << name;
    EXPECT_EQ(storage_.create(name).error().code(), Code::invalid_argument) << name;
  }
  EXPECT_TRUE(faulty_->calls.empty());
}

TEST_F(StorageTest, ReachesOddKeysByteForByte) {
  for (std::string key : {"a//b", "a/./b", "a b", "ä€"}) {
    ASSERT_TRUE(faulty_->put({}, {.key = key, .payload = Payload::text(key)}));
    EXPECT_EQ(storage_.read_all(key).value(), key);
    EXPECT_TRUE(storage_.remove(key));
    EXPECT_FALSE(storage_.exists(key).value());
  }
}

TEST_F(StorageTest, FillsInTypesAndEncodings) {
  storage_.save("a.css.gz", "x").value();
  EXPECT_EQ(storage_.stat("a.css.gz")->attrs.content_type, "text/css");
  EXPECT_EQ(storage_.stat("a.css.gz")->attrs.content_encoding, "gzip");
  storage_.save("noext", "x").value();
  EXPECT_EQ(storage_.stat("noext")->attrs.content_type, "application/octet-stream");
  storage_.save("a.txt", "x", {.attrs = {.content_type = "text/x-own", .cache_control = "no-store"}}).value();
  EXPECT_EQ(storage_.stat("a.txt")->attrs.content_type, "text/x-own");
  EXPECT_EQ(storage_.stat("a.txt")->attrs.cache_control, "no-store");
}

TEST_F(StorageTest, WithoutOverwriteTakesAnotherName) {
  EXPECT_EQ(storage_.save("d/a.txt", "1", {.overwrite = false}).value(), "d/a.txt");
  std::string other = storage_.save("d/a.txt", "2", {.overwrite = false}).value();
  EXPECT_THAT(other, ::testing::MatchesRegex("d/a_[a-zA-Z0-9]{7}\\.txt"));
  EXPECT_EQ(storage_.read_all("d/a.txt").value(), "1");
  EXPECT_EQ(storage_.read_all(other).value(), "2");
  EXPECT_EQ(faulty_->count("stat"), 0);
}

TEST_F(StorageTest, NeverLosesARaceForAName) {
  constexpr int writers = 8;
  std::vector<std::string> names(writers);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < writers; ++i) {
      threads.emplace_back(
          [&, i] { names[i] = storage_.save("a.txt", std::to_string(i), {.overwrite = false}).value(); });
    }
  }
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), static_cast<std::size_t>(writers));
  for (int i = 0; i < writers; ++i) EXPECT_EQ(storage_.read_all(names[i]).value(), std::to_string(i));
}

TEST_F(StorageTest, LooksFirstWhereTheStoreCannotDecide) {
  faulty_->change_info().caps.remove(Cap::put_create);
  storage_ = around_faulty();
  storage_.save("a.txt", "1").value();
  std::string other = storage_.save("a.txt", "2", {.overwrite = false}).value();
  EXPECT_NE(other, "a.txt");
  EXPECT_EQ(storage_.read_all("a.txt").value(), "1");
  EXPECT_EQ(storage_.save("a.txt", "3", {.exclusive = true}).error().code(), Code::unsupported);
}

TEST_F(StorageTest, GivesUpWhenEveryNameIsTaken) {
  for (int i = 0; i < 200; ++i) faulty_->fail({"put", Error(Code::already_exists)});
  EXPECT_EQ(storage_.save("a.txt", "1", {.overwrite = false}).error().code(), Code::already_exists);
  EXPECT_EQ(faulty_->count("put"), 100);
}

TEST_F(StorageTest, ExclusiveMeansThisNameOrNone) {
  EXPECT_TRUE(storage_.save("a.txt", "1", {.exclusive = true}));
  EXPECT_EQ(storage_.save("a.txt", "2", {.exclusive = true}).error().code(), Code::already_exists);
  EXPECT_EQ(storage_.read_all("a.txt").value(), "1");
}

TEST_F(StorageTest, KeepsNamesWithinTheirLength) {
  EXPECT_EQ(storage_.save("abcdefghijklmnop.txt", "1", {.max_length = 14}).value(), "abcdefghij.txt");
  SaveOptions options{.overwrite = false, .max_length = 14};
  std::string first = storage_.save("abcdefghijklmnop.txt", "2", options).value();
  EXPECT_EQ(first.size(), 14U);
  EXPECT_THAT(first, ::testing::MatchesRegex("ab_[a-zA-Z0-9]{7}\\.txt"));
  EXPECT_EQ(storage_.save("abc.txt", "3", {.overwrite = false, .max_length = 7}).value(), "abc.txt");
  EXPECT_EQ(storage_.save("abc.txt", "3", {.overwrite = false, .max_length = 7}).error().code(),
            Code::invalid_argument);
}

std::string gunzip(std::string_view packed) {
  z_stream z{};
  EXPECT_EQ(inflateInit2(&z, 15 + 16), Z_OK);
  std::string text(64 << 20, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  z.avail_in = static_cast<uInt>(packed.size());
  z.next_out = reinterpret_cast<Bytef*>(text.data());
  z.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&z, Z_FINISH), Z_STREAM_END);
  text.resize(z.total_out);
  inflateEnd(&z);
  return text;
}

TEST_F(StorageTest, CompressesTextAsDjangoStoragesDoes) {
  std::string packed = gzip(Payload::text("abc")).value();
  EXPECT_EQ(packed,
            std::string_view(
                "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\x4c\x4a\x06\x00\xc2\x41\x24\x35\x03\x00\x00\x00", 23));
  EXPECT_EQ(gzip(Payload()).value(),
            std::string_view("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20));

  storage_.save("a.css", "abc", {.gzip = true}).value();
  EXPECT_EQ(storage_.read_all("a.css").value(), packed);
  EXPECT_EQ(storage_.stat("a.css")->attrs.content_encoding, "gzip");
  storage_.save("a.png", "abc", {.gzip = true}).value();
  EXPECT_EQ(storage_.read_all("a.png").value(), "abc");
  storage_.save("b.css", "abc", {.attrs = {.content_encoding = "gzip"}, .gzip = true}).value();
  EXPECT_EQ(storage_.read_all("b.css").value(), "abc");
}

TEST_F(StorageTest, CompressesLargeTextOnTheWay) {
  std::string text((9 << 20) + 1, 'x');
  storage_.save("a.txt", text, {.gzip = true}).value();
  std::string packed = storage_.read_all("a.txt").value();
  EXPECT_LT(packed.size(), text.size());
  EXPECT_TRUE(gunzip(packed) == text);
  auto writer = storage_.create("b.txt", {.gzip = true}).value();
  writer->write(as_bytes("ab")).value();
  writer->write(as_bytes("c")).value();
  writer->commit().value();
  EXPECT_EQ(gunzip(storage_.read_all("b.txt").value()), "abc");
}

TEST_F(StorageTest, NothingIsVisibleBeforeCommit) {
  auto writer = storage_.create("a.txt").value();
  writer->write(as_bytes("text")).value();
  EXPECT_FALSE(storage_.exists("a.txt").value());
  writer->commit().value();
  EXPECT_EQ(storage_.read_all("a.txt").value(), "text");
  auto second = storage_.create("a.txt", {.exclusive = true}).value();
  second->write(as_bytes("other")).value();
  EXPECT_EQ(second->commit().error().code(), Code::already_exists);
  storage_.create("gone.txt").value()->write(as_bytes("x")).value();
  EXPECT_FALSE(storage_.exists("gone.txt").value());
}

TEST_F(StorageTest, RemovesManyInBatches) {
  faulty_->change_info().limits.remove_batch = 10;
  storage_ = around_faulty();
  std::vector<std::string> names;
  for (int i = 0; i < 95; ++i) names.push_back(storage_.save(std::to_string(i), "x").value());
  names.push_back("absent");
  faulty_->edit_removes = [](const RemoveRequest& request, RemoveResults& results) {
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (request.keys[i] == "42") results[i] = Error(Code::permission_denied);
    }
  };
  auto results = storage_.remove(names).value();
  ASSERT_EQ(results.size(), names.size());
  for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(results[i].has_value(), i == 42) << i;
  EXPECT_EQ(results[42]->key(), "42");
  EXPECT_EQ(faulty_->count("remove"), 10);
  EXPECT_EQ(storage_.remove("42").error().code(), Code::permission_denied);
  EXPECT_TRUE(storage_.remove(std::vector<std::string>{}).value().empty());
}

TEST_F(StorageTest, CopiesAndMovesWithAndWithoutTheServer) {
  for (bool on_server : {true, false}) {
    if (!on_server) faulty_->change_info().caps.remove(Cap::copy).remove(Cap::move);
    storage_ = around_faulty();
    storage_.save("a.txt", "text", {.attrs = {.content_type = "text/own", .user = {{"k", "v"}}}}).value();
    storage_.copy("a.txt", "b.txt").value();
    EXPECT_EQ(storage_.read_all("b.txt").value(), "text");
    EXPECT_EQ(storage_.stat("b.txt")->attrs.content_type, "text/own");
    EXPECT_EQ(storage_.stat("b.txt")->attrs.user.at("k"), "v");
    storage_.move("a.txt", "c.txt").value();
    EXPECT_FALSE(storage_.exists("a.txt").value());
    EXPECT_EQ(storage_.read_all("c.txt").value(), "text");
    EXPECT_EQ(storage_.move("absent", "x").error().code(), Code::not_found);
    EXPECT_EQ(storage_.copy("absent", "x").error().code(), Code::not_found);
    storage_.move("c.txt", "c.txt").value();
    EXPECT_EQ(storage_.read_all("c.txt").value(), "text");
  }
}

TEST_F(StorageTest, Lists) {
  options_.location = "loc";
  Storage storage(faulty_, options_);
  for (std::string_view name : {"a", "d/b", "d/e/f", "d/g"}) storage.save(name, "x").value();
  ASSERT_TRUE(faulty_->put({}, {.key = "loc/d/", .payload = Payload()}));  // a directory some tool made
  std::vector<std::string> keys;
  Lister lister = storage.list();
  while (const Entry* entry = lister.next().value()) keys.push_back(entry->key);
  EXPECT_THAT(keys, ElementsAre("a", "d/", "d/b", "d/e/f", "d/g"));
  EXPECT_EQ(lister.next().value(), nullptr);
  Listing root = storage.listdir().value();
  EXPECT_THAT(root.directories, ElementsAre("d"));
  EXPECT_THAT(root.files, ElementsAre("a"));
  for (std::string_view path : {"d", "d/"}) {
    Listing d = storage.listdir(path).value();
    EXPECT_THAT(d.directories, ElementsAre("e"));
    EXPECT_THAT(d.files, ElementsAre("b", "g"));
  }
  EXPECT_TRUE(storage.listdir("absent")->files.empty());
}

// Pages with whatever tokens a test wants.
class PageDriver final : public Around<PageDriver> {
 public:
  explicit PageDriver(std::function<Page(const ListRequest&)> pages)
      : Around(memory::open()), pages_(std::move(pages)) {}
  template <class Next>
  auto around(const Context& context, const Call&, Next&& next_call) -> decltype(next_call(context)) {
    return next_call(context);
  }
  Result<Page> list(const Context&, const ListRequest& request) override { return pages_(request); }

 private:
  std::function<Page(const ListRequest&)> pages_;
};

Page page_of(std::string key, std::string next) {
  Page page;
  if (!key.empty()) page.entries.emplace_back().key = std::move(key);
  page.next = std::move(next);
  return page;
}

TEST(Lister, EndsListingsThatDoNot) {
  Storage repeated(std::make_shared<PageDriver>([](const ListRequest&) { return page_of("a", "same"); }));
  Lister lister = repeated.list();
  EXPECT_TRUE(lister.next());
  EXPECT_TRUE(lister.next());
  EXPECT_EQ(lister.next().error().code(), Code::data_corrupted);

  int asked = 0;
  Storage empty(std::make_shared<PageDriver>([&](const ListRequest&) { return page_of("", std::to_string(++asked)); }));
  EXPECT_EQ(empty.list().next().error().code(), Code::data_corrupted);
}

TEST(Lister, GoesOnAfterAnEmptyPage) {
  Storage storage(std::make_shared<PageDriver>(
      [](const ListRequest& request) { return request.token.empty() ? page_of("", "second") : page_of("key", ""); }));
  Lister lister = storage.list();
  EXPECT_EQ(lister.next().value()->key, "key");
  EXPECT_EQ(lister.next().value(), nullptr);
}

TEST(StorageFromUrl, OpensUrlsAndRemotes) {
  auto file = std::filesystem::temp_directory_path() / ("orlop-remotes-" + std::to_string(::getpid()) + ".toml");
  std::ofstream(file) << "[remotes.photos]\nurl = \"mem://storage-from-url\"\n";
  ::setenv("ORLOP_CONFIG", file.c_str(), 1);

  Storage direct = Storage::from_url("mem://storage-from-url").value();
  Storage::from_url("photos:2024/may").value().save("a.txt", "x").value();
  EXPECT_TRUE(direct.exists("2024/may/a.txt").value());
  Storage::from_url("photos").value().save("b.txt", "x").value();
  EXPECT_TRUE(direct.exists("b.txt").value());
  Storage::from_url("photos:2024", {}, {.location = "june"}).value().save("c.txt", "x").value();
  EXPECT_TRUE(direct.exists("2024/june/c.txt").value());

  EXPECT_THAT(Storage::from_url("photo:x").error().to_string(), HasSubstr("did you mean photos?"));
  EXPECT_EQ(Storage::from_url("photos:../x").error().code(), Code::config_invalid);
  EXPECT_THAT(Storage::from_url("nothing://x").error().to_string(), HasSubstr("nothing"));
  EXPECT_EQ(Storage::from_url("").error().code(), Code::config_invalid);
  ::unsetenv("ORLOP_CONFIG");
  std::filesystem::remove(file);
}

class FileTest : public StorageTest {
 protected:
  FileTest() {
    storage_.save("k", text_).value();
    faulty_->calls.clear();
  }
  std::string read(File& file, std::size_t size) {
    std::string out(size, '\0');
    out.resize(file.read(std::as_writable_bytes(std::span(out))).value());
    return out;
  }
  std::string text_ = letters(3 << 20);
};

TEST_F(FileTest, ReadsInOrderWithOneRequest) {
  File file = storage_.open("k").value();
  EXPECT_EQ(file.size(), text_.size());
  EXPECT_EQ(read(file, 100), text_.substr(0, 100));
  EXPECT_EQ(file.position(), 100U);
  EXPECT_TRUE(file.read_all().value() == text_.substr(100));
  EXPECT_EQ(read(file, 10), "");
  EXPECT_EQ(faulty_->count("read"), 1);
}

TEST_F(FileTest, SkipsAShortWayAndAsksForALongOne) {
  File file = storage_.open("k").value();
  file.seek(1000);
  EXPECT_EQ(read(file, 10), text_.substr(1000, 10));
  EXPECT_EQ(faulty_->count("read"), 1);
  file.seek(2 << 20);
  EXPECT_EQ(read(file, 10), text_.substr(2 << 20, 10));
  EXPECT_EQ(faulty_->count("read"), 2);
  EXPECT_EQ(faulty_->reads.back().range, Range::bounded(2 << 20, 256 << 10));
  EXPECT_FALSE(faulty_->reads.back().conditions.if_match.empty());
  file.seek(0);
  EXPECT_TRUE(file.read_all().value() == text_);
}

TEST_F(FileTest, AsksForMoreTheLongerItIsRead) {
  File file = storage_.open("k").value();
  file.seek(1 << 20);
  EXPECT_TRUE(file.read_all().value() == text_.substr(1 << 20));
  EXPECT_LE(faulty_->count("read"), 4);
}

TEST_F(FileTest, SeeksPastTheEnd) {
  File file = storage_.open("k").value();
  file.seek(text_.size() + 100);
  EXPECT_EQ(read(file, 10), "");
  EXPECT_EQ(file.read_all().value(), "");
  file.seek(text_.size() - 1);
  EXPECT_EQ(read(file, 10), text_.substr(text_.size() - 1));
}

TEST_F(FileTest, NeverMixesTwoVersions) {
  File file = storage_.open("k").value();
  EXPECT_EQ(read(file, 10), text_.substr(0, 10));
  storage_.save("k", std::string(text_.size(), 'x')).value();
  file.seek(1 << 20);
  std::byte out[10];
  EXPECT_EQ(file.read(out).error().code(), Code::precondition_failed);
}

TEST_F(FileTest, SurvivesABrokenConnection) {
  faulty_->break_bodies({1000, 1 << 20});
  EXPECT_TRUE(storage_.read_all("k").value() == text_);
}

TEST_F(FileTest, OpensEagerly) {
  EXPECT_EQ(storage_.open("absent").error().code(), Code::not_found);
  EXPECT_EQ(File::open(storage_.driver(), {.key = "k", .range = Range::from(1)}).error().code(),
            Code::invalid_argument);
}

class DownloadTest : public StorageTest {
 protected:
  DownloadTest() { std::filesystem::create_directories(directory_); }
  ~DownloadTest() override { std::filesystem::remove_all(directory_); }

  std::string target() const { return (directory_ / "file").string(); }
  std::string temporary() const { return (directory_ / ".orlop-part-aad01178f02a6a23").string(); }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) names.push_back(entry.path().filename());
    return names;
  }
  static std::string content(const std::string& path) {
    std::string text(std::filesystem::file_size(path), '\0');
    std::ifstream(path, std::ios::binary).read(text.data(), static_cast<std::streamsize>(text.size()));
    return text;
  }

  std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("orlop-download-" + std::to_string(::getpid()));
};

TEST_F(DownloadTest, BringsSmallAndEmptyObjects) {
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{9} << 20}) {
    std::string text = letters(size);
    storage_.save("k", text).value();
    std::uint64_t last = 0;
    EXPECT_EQ(storage_.download("k", target(), {}, [&](std::uint64_t done) { last = done; })->size, size);
    EXPECT_TRUE(content(target()) == text);
    EXPECT_EQ(last, size);
    EXPECT_THAT(files(), ElementsAre("file"));
  }
}

TEST_F(DownloadTest, BringsLargeObjectsInParallel) {
  std::string text = letters((40 << 20) + 12345);
  storage_.save("k", text).value();
  faulty_->break_bodies({100, 5 << 20, 0});
  std::atomic<std::uint64_t> most{0};
  storage_
      .download("k", target(), {},
                [&](std::uint64_t done) {
                  for (std::uint64_t seen = most; seen < done && !most.compare_exchange_weak(seen, done);) {
                  }
                })
      .value();
  EXPECT_TRUE(content(target()) == text);
  EXPECT_EQ(most, text.size());
  EXPECT_GT(faulty_->count("read"), 1);
}

TEST_F(DownloadTest, KeepsTheOldFileOnFailure) {
  std::ofstream(target()) << "old";
  storage_.save("k", letters(33 << 20)).value();
  faulty_->break_bodies({1000});
  faulty_->fail({"read", Error(Code::permission_denied)});
  EXPECT_FALSE(storage_.download("k", target()));
  faulty_->break_bodies({1000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                         0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                         0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  EXPECT_FALSE(storage_.download("k", target()));
  EXPECT_EQ(content(target()), "old");
  EXPECT_THAT(files(), ElementsAre("file"));
}

TEST_F(DownloadTest, RefusesWrongBytes) {
  storage_.save("k", "text").value();
  faulty_->edit_meta = [](Meta& meta) { meta.checksum = Checksum{ChecksumAlgorithm::crc32, "abcd"}; };
  auto result = storage_.download("k", target());
  EXPECT_EQ(result.error().code(), Code::data_corrupted);
  EXPECT_EQ(result.error().operation(), "download");
  EXPECT_TRUE(files().empty());
}

TEST_F(DownloadTest, UsesWhatAKilledRunLeft) {
  std::ofstream(temporary()) << std::string(1000, 'x');
  storage_.save("k", "text").value();
  storage_.download("k", target()).value();
  EXPECT_EQ(content(target()), "text");
  EXPECT_THAT(files(), ElementsAre("file"));
}

TEST_F(DownloadTest, LeavesAFileToWhomeverMayReadIt) {
  std::ofstream(target()) << "old";
  std::filesystem::permissions(target(), std::filesystem::perms(0600));
  storage_.save("k", "text").value();
  storage_.download("k", target()).value();
  EXPECT_EQ(content(target()), "text");
  EXPECT_EQ(std::filesystem::status(target()).permissions(), std::filesystem::perms(0600));
}

TEST_F(DownloadTest, BringsFilesWithTheLongestNames) {
  storage_.save("k", "text").value();
  const std::string path = (directory_ / std::string(255, 'n')).string();
  storage_.download("k", path).value();
  EXPECT_EQ(content(path), "text");
}

TEST_F(DownloadTest, SaysWhichFileItCannotWrite) {
  storage_.save("k", "text").value();
  auto error = storage_.download("k", (directory_ / "absent/file").string()).error();
  EXPECT_THAT(error.to_string(), HasSubstr("absent/file"));
  EXPECT_EQ(storage_.download("absent", target()).error().code(), Code::not_found);
}

TEST_F(DownloadTest, UploadsFiles) {
  std::string text = letters(20 << 20);
  std::ofstream(target(), std::ios::binary) << text;
  std::vector<std::uint64_t> steps;
  EXPECT_EQ(storage_.upload(target(), "up.bin", {}, {}, [&](std::uint64_t done) { steps.push_back(done); }).value(),
            "up.bin");
  EXPECT_TRUE(storage_.read_all("up.bin").value() == text);
  EXPECT_TRUE(std::is_sorted(steps.begin(), steps.end()));
  EXPECT_GT(steps.size(), 1U);
  EXPECT_EQ(steps.back(), text.size());
  EXPECT_EQ(storage_.upload(target() + "-absent", "x").error().code(), Code::not_found);
  EXPECT_EQ(storage_.upload(directory_.string(), "x").error().code(), Code::invalid_argument);
}

TEST_F(StorageTest, LimitsACall) {
  options_.call_timeout = Milliseconds(50);
  Storage storage(faulty_, options_);
  std::vector<bool> limited;
  faulty_->on_call = [&](const Context& context, const Call&) { limited.push_back(context.has_deadline()); };
  storage.save("k", "x").value();
  storage.stat("k").value();
  storage.open("k").value();
  EXPECT_THAT(limited, ElementsAre(true, true, false));
}

}  // namespace
}  // namespace orlop
