// What the contract suite cannot see from outside: links, leftovers, permissions, kill -9.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "backends/local/metadata.h"
#include "backends/local/tree.h"
#include "orlop/backends/local.h"

namespace orlop::local {
namespace {

namespace fs = std::filesystem;

class LocalTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "orlop_local_XXXXXX").string();
    ASSERT_TRUE(::mkdtemp(name.data()));
    base = name;
    root = base / "root";
    driver = open({.root = root.string()}).value();
  }
  void TearDown() override {
    driver.reset();
    fs::remove_all(base);
  }

  Result<Meta> put(std::string_view key, std::string_view text, const Attrs& attrs = {}) {
    return driver->put({}, {.key = key, .payload = Payload::text(text), .attrs = &attrs});
  }
  Result<std::string> get(std::string_view key) {
    ORLOP_ASSIGN(auto reader, driver->read({}, {.key = key}));
    std::string text(reader->meta().size, '\0');
    ORLOP_ASSIGN(std::size_t count, reader->read(std::as_writable_bytes(std::span(text))));
    return text.substr(0, count);
  }
  std::vector<std::string> list(std::string prefix = {}, std::string delimiter = {}) {
    Page page = driver->list({}, {.prefix = prefix, .delimiter = delimiter, .token = {}, .start_after = {}}).value();
    std::vector<std::string> keys;
    for (const Entry& entry : page.entries) keys.push_back(entry.key);
    return keys;
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(root)) names.push_back(entry.path().filename());
    return names;
  }
  void write_file(const fs::path& path, std::string_view text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }

  fs::path base;
  fs::path root;
  std::shared_ptr<Driver> driver;
};

TEST_F(LocalTest, MakesItsRootWithTheFirstWriteOnly) {
  EXPECT_EQ(driver->stat({}, {.key = "a"}).error().code(), Code::not_found);
  EXPECT_FALSE(fs::exists(root));
  put("a", "x").value();
  EXPECT_TRUE(fs::exists(root / "a"));
}

TEST_F(LocalTest, SeesFilesOfOthers) {
  write_file(root / "dir/plain.txt", "by hand");
  EXPECT_EQ(get("dir/plain.txt").value(), "by hand");
  EXPECT_EQ(list(), std::vector<std::string>{"dir/plain.txt"});
  EXPECT_EQ(driver->stat({}, {.key = "dir/plain.txt"})->attrs, Attrs{});
}

TEST_F(LocalTest, LeavesAFileToWhomeverMayReadIt) {
  put("a", "old").value();
  fs::permissions(root / "a", fs::perms(0600));
  put("a", "new").value();
  EXPECT_EQ(get("a").value(), "new");
  EXPECT_EQ(fs::status(root / "a").permissions(), fs::perms(0600));
  open({.root = root.string(), .file_mode = 0644}).value()->put({}, {.key = "a"}).value();
  EXPECT_EQ(fs::status(root / "a").permissions(), fs::perms(0644));
}

TEST_F(LocalTest, HidesDownloadsUnderWay) {
  write_file(root / ".orlop-part-0123456789abcdef", "half");
  write_file(root / "a", "whole");
  EXPECT_EQ(list(), std::vector<std::string>{"a"});
}

TEST_F(LocalTest, NamesCannotLeaveTheRoot) {
  write_file(base / "secret", "secret");
  fs::create_directories(root);
  for (std::string key : {"../secret", "a/../../secret", "/etc/passwd", "./../secret", "a/.."}) {
    EXPECT_FALSE(get(key)) << key;
    EXPECT_EQ(put(key, "x").error().code(), Code::invalid_argument) << key;
    EXPECT_FALSE(driver->remove({}, {.keys = {key}}).value()[0]) << key;
  }
  EXPECT_TRUE(fs::exists(base / "secret"));
}

TEST_F(LocalTest, LinksCannotLeaveTheRoot) {
  write_file(base / "outside/secret", "secret");
  fs::create_directories(root);
  fs::create_symlink(base / "outside", root / "out");
  fs::create_symlink("../outside", root / "up");
  fs::create_symlink("../outside/secret", root / "file");
  for (std::string key : {"out/secret", "up/secret", "file"}) EXPECT_FALSE(get(key)) << key;
  for (std::string key : {"out/new", "up/new"}) {
    EXPECT_FALSE(put(key, "x")) << key;
    EXPECT_FALSE(fs::exists(base / "outside/new"));
  }
  static_cast<void>(driver->remove({}, {.keys = {"out/secret", "up/secret"}}));
  EXPECT_TRUE(fs::exists(base / "outside/secret"));
  EXPECT_TRUE(list().empty());
  // Writing under the name of a link replaces the link, not what it leads to.
  put("file", "mine").value();
  EXPECT_EQ(get("file").value(), "mine");
  std::string secret;
  std::ifstream(base / "outside/secret") >> secret;
  EXPECT_EQ(secret, "secret");
}

TEST_F(LocalTest, LinksThatStayInsideAreFollowed) {
  put("real/a", "x").value();
  fs::create_symlink("real", root / "alias");
  fs::create_symlink("real/a", root / "file");
  fs::create_symlink("..", root / "real/circle");
  EXPECT_EQ(get("alias/a").value(), "x");
  EXPECT_EQ(get("file").value(), "x");
  put("alias/b", "y").value();
  EXPECT_EQ(get("real/b").value(), "y");
  EXPECT_EQ(list(), (std::vector<std::string>{"alias/a", "alias/b", "file", "real/a", "real/b"})) << "and no circles";
}

TEST_F(LocalTest, WithoutTheKernelsHelpNoLinkIsFollowed) {
  put("real/deep/a", "x").value();
  fs::create_symlink("real", root / "alias");
  Tree tree(root.string(), 0777, false);
  EXPECT_TRUE(tree.open_file("alias/deep/a"));
  tree.forbid_links();
  EXPECT_TRUE(tree.open_file("real/deep/a"));
  EXPECT_FALSE(tree.open_file("alias/deep/a"));
  EXPECT_TRUE(tree.make_directory("other/dir"));
  EXPECT_FALSE(tree.make_directory("alias/dir"));
}

TEST_F(LocalTest, TidiesEmptyDirectoriesButNotTheRoot) {
  put("a/b/c/d", "x").value();
  put("a/e", "x").value();
  driver->remove({}, {.keys = {"a/b/c/d"}}).value();
  EXPECT_FALSE(fs::exists(root / "a/b"));
  EXPECT_TRUE(fs::exists(root / "a/e"));
  driver->remove({}, {.keys = {"a/e"}}).value();
  EXPECT_TRUE(fs::exists(root));
  EXPECT_TRUE(fs::is_empty(root));
}

TEST_F(LocalTest, AnEmptyDirectoryIsInNobodysWay) {
  fs::create_directories(root / "a");
  EXPECT_TRUE(list("", "/").empty());
  EXPECT_TRUE(driver->put({}, {.key = "a", .payload = Payload::text("x"), .attrs = nullptr, .mode = PutMode::create}));
  fs::create_directories(root / "b");
  EXPECT_TRUE(put("b", "x"));
}

TEST_F(LocalTest, ObjectsBelowANameStay) {
  put("a/b", "kept").value();
  EXPECT_EQ(put("a", "x").error().code(), Code::invalid_argument);
  EXPECT_EQ(driver->put({}, {.key = "a", .payload = {}, .attrs = nullptr, .mode = PutMode::create}).error().code(),
            Code::invalid_argument);
  EXPECT_EQ(driver->move({}, {.from = "a/b", .to = "a"}).error().code(), Code::invalid_argument);
  EXPECT_EQ(get("a/b").value(), "kept");
  EXPECT_EQ(files().size(), 2U) << "nothing is left behind";
}

TEST_F(LocalTest, AttributesThatDoNotFitGoBesideTheFile) {
  Attrs large;
  large.user["long"] = std::string(20'000, 'x');  // ext4 keeps 4 KiB of extended attributes
  put("a", "x", large).value();
  EXPECT_EQ(driver->stat({}, {.key = "a"})->attrs, large);
  EXPECT_EQ(list(), std::vector<std::string>{"a"});
  driver->copy({}, {.from = "a", .to = "dir/b"}).value();
  EXPECT_EQ(driver->stat({}, {.key = "dir/b"})->attrs, large);
  driver->move({}, {.from = "a", .to = "dir/c"}).value();
  EXPECT_EQ(driver->stat({}, {.key = "dir/c"})->attrs, large);
  put("dir/c", "y").value();
  EXPECT_EQ(driver->stat({}, {.key = "dir/c"})->attrs, Attrs{});
  driver->remove({}, {.keys = {"dir/b", "dir/c"}}).value();
  EXPECT_TRUE(fs::is_empty(root)) << "with their attributes";
}

TEST_F(LocalTest, RefusesMoreAttributesThanItCanKeep) {
  Attrs huge;
  huge.user["long"] = std::string(100'000, 'x');
  EXPECT_EQ(put("a", "x", huge).error().code(), Code::invalid_argument);
}

TEST_F(LocalTest, EtagsDifferForEachWrite) {
  std::set<std::string> etags;
  for (int i = 0; i < 200; ++i) etags.insert(put("a", "same").value().etag);
  EXPECT_EQ(etags.size(), 200U);
}

TEST_F(LocalTest, HonoursModesAndTheUmask) {
  put("a", "x").value();
  mode_t mask = ::umask(0);
  ::umask(mask);
  EXPECT_EQ(static_cast<mode_t>(fs::status(root / "a").permissions()), 0666 & ~mask);
  auto strict = open({.root = root.string(), .fsync = true, .base_url = {}, .file_mode = 0640, .directory_mode = 0750});
  (*strict)->put({}, {.key = "d/b", .payload = Payload::text("x")}).value();
  EXPECT_EQ(static_cast<mode_t>(fs::status(root / "d/b").permissions()), 0640U);
  EXPECT_EQ(static_cast<mode_t>(fs::status(root / "d").permissions()), 0750 & ~mask);
}

TEST_F(LocalTest, SpecialFilesAreNoObjects) {
  put("a", "x").value();
  ASSERT_EQ(::mkfifo((root / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(driver->read({}, {.key = "pipe"}).error().code(), Code::not_found) << "and it does not wait for a writer";
  EXPECT_EQ(list(), std::vector<std::string>{"a"});
}

TEST_F(LocalTest, RemovesWhatKilledWritersLeft) {
  put("a", "x").value();
  fs::path stale = root / ".orlop-new-00000000deadbeef";
  write_file(stale, "half");
  timespec old[2] = {{.tv_sec = 1'000'000'000, .tv_nsec = 0}, {.tv_sec = 1'000'000'000, .tv_nsec = 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, stale.c_str(), old, 0), 0);
  EXPECT_EQ(list(), std::vector<std::string>{"a"});
  EXPECT_FALSE(fs::exists(stale));
  // One that is being written stays, however old it looks.
  auto writer = driver->write({}, {.key = "b", .attrs = {}, .mode = {}, .if_match = {}, .size = {}}).value();
  writer->write(as_bytes("x")).value();
  for (const auto& entry : fs::directory_iterator(root)) ::utimensat(AT_FDCWD, entry.path().c_str(), old, 0);
  EXPECT_EQ(list(), std::vector<std::string>{"a"});
  writer->commit().value();
  EXPECT_EQ(get("b").value(), "x");
}

TEST_F(LocalTest, ReservedNamesAreNoObjects) {
  EXPECT_EQ(put(".orlop-new-1", "x").error().code(), Code::invalid_argument);
  EXPECT_EQ(put("a/.orlop-attrs-1/b", "x").error().code(), Code::invalid_argument);
}

TEST_F(LocalTest, ListsMoreNamesThanItHolds) {
  fs::create_directories(root);
  for (int i = 0; i < 10'050; ++i) std::ofstream(root / ("n" + std::to_string(100'000 + i)));
  EXPECT_FALSE(put("n100003/below", "x"));
  std::size_t count = 0;
  std::string last;
  ListRequest request{.prefix = {}, .delimiter = {}, .token = {}, .start_after = {}, .page_size = 20'000};
  for (;;) {
    Page page = driver->list({}, request).value();
    for (const Entry& entry : page.entries) {
      EXPECT_LT(last, entry.key);
      last = entry.key;
      ++count;
    }
    if (page.next.empty()) break;
    request.token = page.next;
  }
  EXPECT_EQ(count, 10'050U);
}

TEST_F(LocalTest, AGroupWithNothingBehindStartAfterIsNotListed) {
  for (const char* key : {"a/1", "a/2", "b"}) put(key, "x").value();
  auto after = [&](std::string start) {
    Page page =
        driver->list({}, {.prefix = {}, .delimiter = "/", .token = {}, .start_after = std::move(start)}).value();
    std::vector<std::string> keys;
    for (const Entry& entry : page.entries) keys.push_back(entry.key);
    return keys;
  };
  EXPECT_EQ(after("a/1"), (std::vector<std::string>{"a/", "b"}));
  EXPECT_EQ(after("a/2"), std::vector<std::string>{"b"});
}

TEST_F(LocalTest, OneReaderAndAWriterAfterCommitDoNotBlockOthers) {
  auto writer = driver->write({}, {.key = "a", .attrs = {}, .mode = {}, .if_match = {}, .size = {}}).value();
  writer->write(as_bytes("one")).value();
  writer->commit().value();
  auto begun = std::chrono::steady_clock::now();
  put("a", "two").value();  // the writer is still there
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(2));
}

#if !defined(__SANITIZE_THREAD__)
TEST_F(LocalTest, AForkedChildLeavesTheParentsFileAlone) {
  auto writer = driver->write({}, {.key = "a", .attrs = {}, .mode = {}, .if_match = {}, .size = {}}).value();
  writer->write(as_bytes("parent")).value();
  pid_t child = ::fork();
  if (child == 0) {
    bool refused = !writer->write(as_bytes("child")) && !writer->commit();
    writer.reset();
    ::_exit(refused ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  writer->commit().value();
  EXPECT_EQ(get("a").value(), "parent");
}

// Killed at any moment: the old object or the new one, with the attributes that belong to it.
TEST_F(LocalTest, KillLeavesTheOldOrTheNew) {
  auto version = [](int i) {
    return std::string(static_cast<std::size_t>(100'000 + i), static_cast<char>('a' + i % 26));
  };
  auto put_version = [&](int i) {
    Attrs attrs;
    attrs.user["version"] = std::to_string(i);
    return put("dir/a", version(i), attrs);
  };
  put_version(0).value();
  for (int round = 0; round < 30; ++round) {
    pid_t child = ::fork();
    if (child == 0) {
      for (int i = 0;; ++i)
        if (!put_version(i % 1'000)) ::_exit(1);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(500 + round * 331));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    auto text = get("dir/a");
    ASSERT_TRUE(text);
    int i = std::stoi(driver->stat({}, {.key = "dir/a"})->attrs.user["version"]);
    EXPECT_TRUE(*text == version(i)) << "round " << round;
    EXPECT_EQ(list(), std::vector<std::string>{"dir/a"});
    put_version(round).value();  // and nobody is locked out
  }
}
#endif

}  // namespace
}  // namespace orlop::local
