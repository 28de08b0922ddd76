// Driver: what a backend implements. Twelve operations, no default implementations.
//
// A driver gets a final key and sends it verbatim, or refuses it. Prefixes, naming, retries, gzip, content types and
// path policy live above it, once. Keys are UTF-8 without NUL; "directories" do not exist.
//
// Every operation is safe to call from several threads at once, honours the Context's stop token and deadline, and
// changes nothing when it answers `unsupported`. docs/driver.md is the contract in prose, with the memory driver as
// a tutorial; orlop/testing/conformance.h is the contract as a program.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orlop/capability.h"
#include "orlop/context.h"
#include "orlop/driver/multipart.h"
#include "orlop/driver/reader.h"
#include "orlop/driver/writer.h"
#include "orlop/types.h"

namespace orlop {

struct DriverInfo {
  std::string scheme;  // "s3"
  std::string name;    // what it talks to, for people: a bucket, a directory. Never a secret.
  Caps caps;
  Limits limits;
  std::vector<std::string_view> layers{};  // what stands around the driver, outermost first; for people and tests
  bool blocks = false;                     // it waits for something other than the network: a disk
};

struct StatRequest {
  std::string_view key;
  Conditions conditions{};
  std::string_view version{};
  const StringMap* provider = nullptr;  // protocol-specific arguments, as in Attrs::provider
  bool checksum = true;                 // false: Meta::checksum is not wanted, and not asked for where asking costs
};

struct ReadRequest {
  std::string_view key;
  Range range = Range::all();
  Conditions conditions{};
  std::string_view version{};
  const StringMap* provider = nullptr;
};

struct PutRequest {
  std::string_view key;
  Payload payload{};
  const Attrs* attrs = nullptr;  // null: none
  PutMode mode = PutMode::overwrite;
  std::string_view if_match{};  // of PutMode::match
};

struct WriteRequest {
  std::string key;
  Attrs attrs{};
  PutMode mode = PutMode::overwrite;
  std::string if_match{};
  std::optional<std::uint64_t> size{};  // when known beforehand; lets the engine choose parts, or one request
};

struct ListRequest {
  std::string prefix{};         // bytes, not a directory
  std::string delimiter{};      // empty: everything below the prefix
  std::string token{};          // Page::next of the page before
  std::string start_after{};    // only keys behind this one
  std::uint32_t page_size = 0;  // 0: the driver's choice
};

struct RemoveRequest {
  std::vector<std::string> keys;  // at most limits.remove_batch
};
// One element a key, in the order of the request: nullopt is success.
using RemoveResults = std::vector<std::optional<Error>>;

struct CopyRequest {
  std::string_view from;
  std::string_view to;
  const Attrs* attrs = nullptr;  // null: the source's are kept; else they are replaced
  PutMode mode = PutMode::overwrite;
  std::string_view if_match{};  // of PutMode::match, on the destination
};

struct PresignRequest {
  SignedMethod method = SignedMethod::get;
  std::string_view key;
  std::chrono::seconds expires{3600};
  // get, head: what the answer shall say ("response-content-disposition", ...), raw query names and values.
  // "content-type" and "content-md5" are headers the request must carry, where the signature knows such (v2).
  // put, post: headers (fields) the request must carry ("content-type", ...).
  std::vector<std::pair<std::string, std::string>> parameters{};
  // Beside `parameters`, for every method but post: raw query names and values, and headers the request must carry.
  std::vector<std::pair<std::string, std::string>> query{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::optional<std::uint64_t> max_size{};  // of a post
  std::uint64_t min_size = 0;               // of a post with a max_size
  // Of a post: fields the sender fills in, and what their values must begin with ("content-type", "image/").
  std::vector<std::pair<std::string, std::string>> prefixes{};
  std::optional<SystemTime> signed_at{};  // the start of the validity; now when not given
};

class Driver {
 public:
  virtual ~Driver() = default;

  // 1. Result: what this driver is and can do. Immutable, no I/O.
  virtual const DriverInfo& info() const noexcept = 0;

  // 2. Result: facts of the whole object.
  //    Errors: not_found (also for a "directory"), not_modified and precondition_failed by `conditions`.
  //    Visibility: what the last finished write left.  Threads: any.
  virtual Result<Meta> stat(const Context& context, const StatRequest& request) = 0;

  // 3. Result: an open reader; the object was found and the conditions held when it was opened.
  //    Errors: as stat, and range_not_satisfiable.
  //    Visibility: one version of the object from the first byte to the last.  Threads: any; the Reader one at a time.
  virtual Result<std::unique_ptr<Reader>> read(const Context& context, const ReadRequest& request) = 0;

  // 4. Result: what is known of the new object (at least its size).
  //    Errors: already_exists (create), precondition_failed (match); `unknown` when the outcome stayed open.
  //    Visibility: all or nothing; readers see the old object or the new one.  Threads: any; one winner per create.
  virtual Result<Meta> put(const Context& context, const PutRequest& request) = 0;

  // 5. Result: a writer for an object of large or unknown size.
  //    Errors: as put, most of them only from Writer::commit().
  //    Visibility: nothing before commit().  Threads: any; the Writer one at a time.
  virtual Result<std::unique_ptr<Writer>> write(const Context& context, const WriteRequest& request) = 0;

  // 6. Result: one page of a listing, resumable by its token alone. A prefix without objects is an empty page.
  //    Errors: not_found when the container itself is missing; invalid_argument for a token that is not one.
  //    Visibility: an object that exists during the whole listing is in it, once.  Threads: any.
  virtual Result<Page> list(const Context& context, const ListRequest& request) = 0;

  // 7. Result: per key; an absent key is success.
  //    Errors: of the call only when nothing was attempted.
  //    Visibility: each key on its own.  Threads: any.
  virtual Result<RemoveResults> remove(const Context& context, const RemoveRequest& request) = 0;

  // 8. Result: what is known of the copy; the bytes do not pass through here.
  //    Errors: not_found (source), already_exists and precondition_failed (destination), unsupported.
  //    Visibility: as put.  Threads: any.
  virtual Result<Meta> copy(const Context& context, const CopyRequest& request) = 0;

  // 9. Result: none. The object has the new name and its attributes.
  //    Errors: as copy.
  //    Visibility: Cap::move_atomic says whether both or neither may be seen meanwhile.  Threads: any.
  virtual Result<void> move(const Context& context, const CopyRequest& request) = 0;

  // 10. Result: the address under which the object would be readable without a signature. String work, no I/O.
  //     Errors: unsupported.  Visibility: none.  Threads: any.
  virtual Result<std::string> public_url(std::string_view key) const = 0;

  // 11. Result: a request anybody can send until it expires, and how long that is.
  //     Errors: unsupported, unauthenticated without credentials, invalid_argument (expiry out of bounds).
  //     Visibility: none; may look up credentials, else no I/O.  Threads: any.
  virtual Result<Presigned> presign(const Context& context, const PresignRequest& request) = 0;

  // 12. Result: the second interface, owned by the driver; null without Cap::multipart.
  virtual Multipart* multipart() noexcept = 0;
};

}  // namespace orlop
