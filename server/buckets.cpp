// Where buckets are kept: directories, memory, or one driver.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>

#include "orlop/backends/local.h"
#include "orlop/backends/memory.h"
#include "orlop/testing/server.h"
#include "server/request.h"

namespace orlop::testing {
namespace {

namespace fs = std::filesystem;

SystemTime now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

Error no_bucket() { return Error(Code::not_found, "no such bucket"); }
Error bucket_exists() { return Error(Code::already_exists, "the bucket exists"); }

Result<void> check_empty(Driver& driver) {
  ORLOP_ASSIGN(Page page,
               driver.list({}, {.prefix = {}, .delimiter = {}, .token = {}, .start_after = {}, .page_size = 1}));
  if (page.entries.empty()) return {};
  return Error(Code::precondition_failed, "the bucket is not empty");
}

class DirectoryBuckets final : public BucketStore {
 public:
  explicit DirectoryBuckets(fs::path root) : root_(std::move(root)) {}

  Result<std::vector<BucketEntry>> list() override {
    std::vector<BucketEntry> buckets;
    std::error_code error;
    for (fs::directory_iterator at(root_, error), end; !error && at != end; at.increment(error)) {
      std::string name = at->path().filename().string();
      std::error_code ignored;
      if (!server::valid_bucket_name(name) || !at->is_directory(ignored)) continue;
      buckets.push_back({std::move(name), modified(at->path())});
    }
    if (error) return Error(Code::unavailable, fmt::format("cannot read {}: {}", root_.string(), error.message()));
    std::sort(buckets.begin(), buckets.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return buckets;
  }

  Result<void> create(const std::string& bucket) override {
    if (!server::valid_bucket_name(bucket)) return Error(Code::invalid_argument, "not a name for a bucket");
    std::error_code error;
    if (fs::create_directory(root_ / bucket, error)) return {};
    if (!error) return bucket_exists();
    return Error(Code::unavailable, fmt::format("cannot make a directory in {}: {}", root_.string(), error.message()));
  }

  Result<void> remove(const std::string& bucket) override {
    auto driver = open(bucket);
    if (!driver) return no_bucket();
    ORLOP_TRY(check_empty(*driver));
    std::error_code error;
    fs::remove_all(root_ / bucket, error);
    std::lock_guard lock(mutex_);
    drivers_.erase(bucket);
    if (!error) return {};
    return Error(Code::unavailable,
                 fmt::format("cannot remove a directory of {}: {}", root_.string(), error.message()));
  }

  std::shared_ptr<Driver> open(const std::string& bucket) override {
    std::error_code error;
    if (!server::valid_bucket_name(bucket) || !fs::is_directory(root_ / bucket, error)) return nullptr;
    std::lock_guard lock(mutex_);
    auto& driver = drivers_[bucket];
    if (!driver) driver = local::open({.root = (root_ / bucket).string(), .base_url = {}}).value_or(nullptr);
    return driver;
  }

 private:
  static SystemTime modified(const fs::path& path) {
    std::error_code error;
    auto time = fs::last_write_time(path, error);
    if (error) return {};
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::file_clock::to_sys(time));
  }

  const fs::path root_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Driver>, std::less<>> drivers_;
};

class MemoryBuckets final : public BucketStore {
 public:
  Result<std::vector<BucketEntry>> list() override {
    std::lock_guard lock(mutex_);
    std::vector<BucketEntry> buckets;
    for (const auto& [name, bucket] : buckets_) buckets.push_back({name, bucket.created});
    return buckets;
  }

  Result<void> create(const std::string& bucket) override {
    std::lock_guard lock(mutex_);
    if (!buckets_.try_emplace(bucket, Bucket{memory::open(), now()}).second) return bucket_exists();
    return {};
  }

  Result<void> remove(const std::string& bucket) override {
    std::lock_guard lock(mutex_);
    auto found = buckets_.find(bucket);
    if (found == buckets_.end()) return no_bucket();
    ORLOP_TRY(check_empty(*found->second.driver));
    buckets_.erase(found);
    return {};
  }

  std::shared_ptr<Driver> open(const std::string& bucket) override {
    std::lock_guard lock(mutex_);
    auto found = buckets_.find(bucket);
    return found == buckets_.end() ? nullptr : found->second.driver;
  }

 private:
  struct Bucket {
    std::shared_ptr<Driver> driver;
    SystemTime created;
  };
  std::mutex mutex_;
  std::map<std::string, Bucket, std::less<>> buckets_;
};

class SingleBucket final : public BucketStore {
 public:
  SingleBucket(std::string name, std::shared_ptr<Driver> driver)
      : name_(std::move(name)), driver_(std::move(driver)), created_(now()) {}

  Result<std::vector<BucketEntry>> list() override { return std::vector<BucketEntry>{{name_, created_}}; }
  Result<void> create(const std::string& bucket) override {
    if (bucket == name_) return bucket_exists();
    return Error(Code::unsupported, "this server has one bucket, which is fixed");
  }
  Result<void> remove(const std::string& bucket) override {
    if (bucket != name_) return no_bucket();
    return Error(Code::unsupported, "this server has one bucket, which is fixed");
  }
  std::shared_ptr<Driver> open(const std::string& bucket) override { return bucket == name_ ? driver_ : nullptr; }

 private:
  const std::string name_;
  const std::shared_ptr<Driver> driver_;
  const SystemTime created_;
};

}  // namespace

Result<std::shared_ptr<BucketStore>> directory_buckets(std::string root) {
  std::error_code error;
  fs::create_directories(root, error);
  if (error || !fs::is_directory(root, error)) {
    return Error(Code::config_invalid, fmt::format("cannot use {} as the directory of buckets", root));
  }
  return std::shared_ptr<BucketStore>(std::make_shared<DirectoryBuckets>(fs::absolute(root)));
}

std::shared_ptr<BucketStore> memory_buckets() { return std::make_shared<MemoryBuckets>(); }

std::shared_ptr<BucketStore> single_bucket(std::string name, std::shared_ptr<Driver> driver) {
  return std::make_shared<SingleBucket>(std::move(name), std::move(driver));
}

}  // namespace orlop::testing
