// The objects of one bucket, over a driver: as S3 clients see them, with etags and checksums of S3.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "orlop/driver/driver.h"
#include "server/facts.h"
#include "server/upload_body.h"

namespace orlop::server {

// What the server calls its own; clients can neither name nor see it.
struct OwnNames {
  std::string_view facts;   // the entry of an object's user metadata that holds its facts
  std::string_view prefix;  // of keys: parts of uploads, objects in the making, what is known of the bucket itself
};

// Over another S3 service they are others than over files: it may be such a server too, and refuse its own.
constexpr OwnNames own_names(const DriverInfo& info) noexcept {
  if (info.scheme == "s3") return {"orlop-gateway-facts", ".orlop.gateway/"};
  return {"orlop-serve-facts", ".orlop.serve/"};
}

// Behind every key that begins with what it is appended to: U+10FFFF.
inline constexpr std::string_view behind_all = "\xf4\x8f\xbf\xbf";

struct Object {
  Meta meta;  // attrs without the server's own entry; etag as clients are told, quotes included
  Facts facts;
  std::string driver_etag;
};

struct OpenObject {
  Object object;
  std::unique_ptr<Reader> reader;
};

// What a client demands of the object it is about to replace or remove.
struct WriteConditions {
  bool absent = false;   // If-None-Match: *
  std::string if_match;  // an etag, or "*": must exist
  bool any() const noexcept { return absent || !if_match.empty(); }
};

// One lock a key, from a fixed number of them: what looks and then writes must not be overtaken by another client.
class KeyLocks {
 public:
  using Lock = std::unique_lock<std::mutex>;
  Lock lock(std::string_view bucket, std::string_view key);
  // Of two keys of any buckets, without deadlock.
  std::pair<Lock, Lock> lock(std::string_view bucket, std::string_view key, std::string_view other_bucket,
                             std::string_view other_key);

 private:
  std::size_t slot(std::string_view bucket, std::string_view key) const noexcept;
  std::array<std::mutex, 1024> mutexes_;
};

// Cheap to make; one a request.
class Objects {
 public:
  Objects(std::string bucket, std::shared_ptr<Driver> driver, KeyLocks& locks);

  Result<Object> stat(const std::string& key);
  Result<OpenObject> open(const std::string& key, Range range);

  // Stores `body`. `attrs` and `facts` are what the client wants kept; size, etag and checksum are filled in.
  Result<Object> store(const std::string& key, const Attrs& attrs, Facts facts, MeasuredSource& body,
                       const WriteConditions& conditions);
  // Stores what `fill` writes, whose facts are known beforehand.
  Result<Object> compose(const std::string& key, const Attrs& attrs, const Facts& facts,
                         const WriteConditions& conditions, const std::function<Result<void>(Writer&)>& fill);
  // Errors: PreconditionFailed, NoSuchKey (with a condition only).
  Result<void> remove(const std::string& key, const WriteConditions& conditions);
  Result<RemoveResults> remove(std::vector<std::string> keys);
  // Sees the source, may refuse it, and changes what the copy shall have instead.
  using Rewrite = std::function<Result<void>(const Object& source, Attrs& attrs, Facts& facts)>;
  // From `source`'s bucket, which may be this one.
  Result<Object> copy(Objects& source, const std::string& from, const std::string& to, const Rewrite& rewrite,
                      const WriteConditions& conditions);

  // One page without the server's own keys, and without the group that `start_after` skips (see behind_all). Entries of
  // objects have the etags of S3.
  Result<Page> list(ListRequest request);
  Result<bool> empty();

  // What is kept of the bucket itself: its ACL and tags.
  Result<Facts> bucket_facts();
  Result<void> change_bucket_facts(const std::function<void(Facts&)>& change);

  // Whether the key is the server's own.
  bool owns(std::string_view key) const noexcept { return key.starts_with(own_.prefix); }
  const OwnNames& own() const noexcept { return own_; }
  Driver& driver() const noexcept { return *driver_; }
  const Context& context() const noexcept { return context_; }
  const std::string& bucket() const noexcept { return bucket_; }

 private:
  struct Mode {
    PutMode mode = PutMode::overwrite;
    std::string if_match;
  };

  bool keeps_facts() const noexcept;
  std::string bucket_key() const;
  Object describe(Meta meta) const;
  Object described(Meta meta, const Attrs& attrs, const Facts& facts) const;
  Attrs with_facts(Attrs attrs, const Facts& facts) const;
  // Checks the conditions under the key's lock, and says what the driver can enforce of them itself.
  Result<Mode> decide(const std::string& key, const WriteConditions& conditions, Cap create, Cap match);
  Result<Object> copy_inside(const std::string& from, const std::string& to, const Rewrite& rewrite,
                             const WriteConditions& conditions);
  Result<Object> store_small(const std::string& key, const Attrs& attrs, Facts facts, MeasuredSource& body,
                             const WriteConditions& conditions);
  Result<Object> store_large(const std::string& key, const Attrs& attrs, Facts facts, MeasuredSource& body,
                             const WriteConditions& conditions);
  Result<Meta> publish(const std::string& staged, const std::string& key, const Attrs& attrs,
                       const WriteConditions& conditions);
  Result<Meta> restream(const std::string& staged, const std::string& key, const Attrs& attrs, const Mode& mode);
  Result<Page> list_in_order(ListRequest request);  // without a page size: all of it
  Result<Page> list_and_sort(const ListRequest& request);
  Result<void> add_etags(Page& page);

  std::string bucket_;
  std::shared_ptr<Driver> driver_;
  OwnNames own_;
  KeyLocks& locks_;
  Context context_;
};

// Copies the rest of `source` to `writer`.
Result<void> pour(ByteSource& source, Writer& writer);
Result<void> pour(Reader& source, Writer& writer);

// A name nobody else uses: 32 hex digits.
std::string random_name();

bool etag_matches(std::string_view demanded,
                  std::string_view etag) noexcept;  // quotes optional; "*" matches; lists too

}  // namespace orlop::server
