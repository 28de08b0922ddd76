// The S3 object API: accounts, buckets and objects as S3 has them, with access control lists, versions and tags, which
// no other protocol has. For what all storages can do, orlop/storage.h is the simpler face.
//
//   auto service = orlop::s3::Service::connect({.access_key_id = id, .secret_access_key = secret}).value();
//   auto bucket = service.create("photos").value();
//   bucket.object("hello.txt").write("hello").value();
//
// Everything is cheap to copy, shares connections with every storage of the process, and may be used from several
// threads at once. Names of objects are keys, byte for byte. Making a Service, Bucket or Object makes no request;
// every call that is given a Context makes at least one, repeated by the service's retry policy.
//
// Errors, of every request: permission_denied, unauthenticated, unavailable, timeout, canceled; not_found where the
// bucket, object or version is missing; unsupported where the service does not know the operation. Error has the HTTP
// status, the service's code and message, and the request's id. Those listed below come in addition.
// Sizes are bytes, times are UTC. Source: https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orlop/backends/s3.h"
#include "orlop/s3_values.h"
#include "orlop/storage.h"

namespace orlop::s3 {

class Bucket;
class Object;

struct NewBucket {
  // Where it shall be: "eu-central-1", or "EU". Empty: the region of the service's options.
  std::string location{};
  std::string acl{};  // canned; empty: the account's default
};

struct Buckets;

// An account at a service, or nobody in particular.
class Service {
 public:
  // `options.bucket` is not used. Without keys they are looked for where docs/backends/s3.md says, with the first
  // request. Result: the service; no request is made. Errors: config_invalid naming the option.
  static Result<Service> connect(Options options = {}, RetryPolicy retry = {},
                                 Milliseconds call_timeout = Milliseconds(0));

  // The bucket of that name, without asking whether it is there. Errors: invalid_argument (the name).
  Result<Bucket> bucket(std::string_view name) const;
  // The same after asking. Errors: not_found.
  Result<Bucket> get(std::string_view name, const Context& context = {}) const;
  // Nothing when there is none.
  Result<std::optional<Bucket>> look_up(std::string_view name, const Context& context = {}) const;
  // Errors: already_exists (somebody else's, and outside of us-east-1 one's own), invalid_argument (name, ACL),
  // config_invalid (location).
  Result<Bucket> create(std::string_view name, const NewBucket& options = {}, const Context& context = {}) const;
  // Errors: precondition_failed when it is not empty.
  Result<void> remove(std::string_view name, const Context& context = {}) const;
  // All of the account's, and who that is.
  Result<Buckets> buckets(const Context& context = {}) const;

  struct State;

 private:
  explicit Service(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

// Pages through the versions of a bucket's objects; holds one page in memory. One thread at a time.
class VersionLister {
 public:
  // The next version; null at the end. The pointer is valid until the next call.
  Result<const Version*> next();

  struct State;

 private:
  friend class Bucket;
  explicit VersionLister(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

class Bucket {
 public:
  const std::string& name() const noexcept;
  // Known of buckets from a list.
  const std::optional<SystemTime>& created() const noexcept { return created_; }

  // The object of that key, or one version of it. Makes no request.
  Object object(std::string_view key, std::string_view version = {}) const;
  // Facts of the object; nothing when there is none.
  Result<std::optional<Meta>> look_up(std::string_view key, const Context& context = {}) const;
  // Objects whose keys start with `prefix`, behind `start_after`, as they are asked for; with a delimiter, those that
  // share the next part of their keys appear as one entry.
  Lister list(std::string_view prefix = {}, std::string_view delimiter = {}, std::string_view start_after = {},
              const Context& context = {}) const;
  VersionLister versions(std::string_view prefix = {}, std::string_view delimiter = {},
                         const Context& context = {}) const;
  // Result: per key, in order; an absent one is success. A thousand travel in one request where the service can.
  Result<RemoveResults> remove(const std::vector<std::string>& keys, const Context& context = {}) const;

  // The region's name: "us-east-1", "eu-west-1", ...; what the bucket was made with is "EU" for old ones.
  Result<std::string> location(const Context& context = {}) const;

  Result<Acl> acl(const Context& context = {}) const;
  // One of canned_acls(). Errors: invalid_argument with those there are.
  Result<void> set_acl(std::string_view canned, const Context& context = {}) const;
  Result<void> set_acl(const Acl& acl, const Context& context = {}) const;
  // Adds to what the list has. Two requests: a change made between them is lost.
  Result<void> grant(Grant grant, const Context& context = {}) const;

  Result<Versioning> versioning(const Context& context = {}) const;
  Result<void> set_versioning(bool enabled, const Context& context = {}) const;

  // None when there are none.
  Result<StringMap> tags(const Context& context = {}) const;
  // In place of those there are. Errors: invalid_argument.
  Result<void> set_tags(const StringMap& tags, const Context& context = {}) const;
  Result<void> remove_tags(const Context& context = {}) const;

  // The same place as a storage, for what all storages can do.
  const Storage& storage() const noexcept;

  struct State;

 private:
  friend class Service;
  friend class Object;
  explicit Bucket(std::shared_ptr<State> state, std::optional<SystemTime> created = {})
      : state_(std::move(state)), created_(created) {}
  std::shared_ptr<State> state_;
  std::optional<SystemTime> created_;
};

struct Buckets {
  Owner owner;
  std::vector<Bucket> buckets;  // by name
};

struct WriteOptions {
  Attrs attrs{};                 // an empty content_type is guessed from the key
  std::string acl{};             // canned; empty: the bucket's default
  bool overwrite = true;         // false: a taken key is already_exists, decided by the service where it can
  Storage::Progress progress{};  // told the bytes done so far, from any thread
};

struct CopyOptions {
  std::optional<Attrs> attrs{};  // nothing: the source's are kept; else they are replaced
  std::string acl{};             // canned; empty: private
  bool keep_acl = false;         // the source's list is given to the copy; two more requests
};

class Object {
 public:
  const std::string& key() const noexcept { return key_; }
  const std::string& version() const noexcept { return version_; }  // empty: the latest
  const Bucket& bucket() const noexcept { return bucket_; }

  Result<Meta> stat(const Context& context = {}) const;
  Result<bool> exists(const Context& context = {}) const;

  // The whole object in memory; seekable; or in a file, which appears when it is complete.
  // Errors: data_corrupted when what came is not what is stored.
  Result<std::string> read_all(const Context& context = {}) const;
  Result<File> open(const Context& context = {}) const;
  Result<Meta> download(const std::string& path, const Context& context = {},
                        const Storage::Progress& progress = {}) const;

  // Stores bytes, or the file at `path`, which must not change meanwhile; large ones in parallel parts. Readers see the
  // old object or the new one. Result: what is known of the new object. Errors: already_exists, invalid_argument
  // (key, metadata, ACL); `unknown` when the outcome stayed open.
  Result<Meta> write(std::string_view text, const WriteOptions& options = {}, const Context& context = {}) const {
    return write(Payload::text(text), options, context);
  }
  Result<Meta> write(const Payload& payload, const WriteOptions& options = {}, const Context& context = {}) const;
  Result<Meta> upload(const std::string& path, const WriteOptions& options = {}, const Context& context = {}) const;
  // For data that comes in pieces. Nothing is visible before Writer::commit(). The bucket must outlive the writer.
  Result<std::unique_ptr<Writer>> create(const WriteOptions& options = {}, const Context& context = {}) const;

  // On the service, to an object of any of its buckets. Errors: as write().
  Result<Meta> copy_to(const Object& target, const CopyOptions& options = {}, const Context& context = {}) const;
  // Replaces what goes with the content: a copy onto itself, which keeps no ACL.
  Result<Meta> set_attrs(Attrs attrs, const Context& context = {}) const;
  // Removing what is absent succeeds. Where versions are kept, the latest is hidden by a marker; one that was named is
  // removed for good.
  Result<Removed> remove(const Context& context = {}) const;

  Result<Acl> acl(const Context& context = {}) const;
  Result<void> set_acl(std::string_view canned, const Context& context = {}) const;
  Result<void> set_acl(const Acl& acl, const Context& context = {}) const;
  Result<void> grant(Grant grant, const Context& context = {}) const;

  Result<StringMap> tags(const Context& context = {}) const;
  Result<void> set_tags(const StringMap& tags, const Context& context = {}) const;
  Result<void> remove_tags(const Context& context = {}) const;

  // A signed address, or the public one of an anonymous service. May look for credentials, else no request.
  // Errors: invalid_argument (expiry).
  Result<std::string> url(const UrlOptions& options = {}, const Context& context = {}) const;
  Result<std::string> public_url() const;

 private:
  friend class Bucket;
  Object(Bucket bucket, std::string_view key, std::string_view version)
      : bucket_(std::move(bucket)), key_(key), version_(version) {}
  Driver& driver() const noexcept;
  Bucket::State& state() const noexcept { return *bucket_.state_; }

  Bucket bucket_;
  std::string key_;
  std::string version_;
};

}  // namespace orlop::s3
