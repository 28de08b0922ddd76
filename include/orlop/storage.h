// Storage: the type applications use. One value per place files are kept in, whatever protocol is behind it.
//
//   auto storage = orlop::Storage::from_url("s3://bucket/media?region=eu-central-1").value();
//   storage.save("hello.txt", "hello").value();
//   std::string text = storage.read_all("hello.txt").value();
//
// Copying is cheap and shares connections. Every member may be called from several threads at once. Names are
// relative to the location the storage was opened at; one that leaves it is refused before any request
// (invalid_argument). save(), upload() and create() clean the name they are given (naming::clean_name) and write no
// other; everywhere else a name is a key byte for byte, or refused, so that no call ever reaches another object than
// the one named. Nothing does I/O before the first call of an operation, and nothing throws but Result::value().
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orlop/driver/driver.h"
#include "orlop/file.h"

namespace orlop {

// How the layers around a driver are set up.
struct StorageOptions {
  std::string location{};           // prefix of all names; no leading slash
  RetryPolicy retry{};              // budget null: one per storage is made
  Milliseconds attempt_timeout{0};  // of one attempt; 0: none
  // Of one call with its retries; 0: none. Not of bodies in pieces (open, create) and whole files (upload, download).
  Milliseconds call_timeout{0};
  std::shared_ptr<TraceSink> trace{};  // sees every call, request and retry of this storage
};

struct SaveOptions {
  Attrs attrs{};           // an empty content_type is guessed from the name
  bool overwrite = true;   // false: a taken name gets an alternative, decided by the store where it can
  bool exclusive = false;  // true: a taken name is already_exists
  bool gzip = false;       // compress and set content_encoding, for text-like types only
  std::optional<std::size_t> max_length{};  // of the resulting name
};

struct UrlOptions {
  std::chrono::seconds expires{3600};
  SignedMethod method = SignedMethod::get;
  std::vector<std::pair<std::string, std::string>> parameters{};
};

struct Listing {
  std::vector<std::string> directories;
  std::vector<std::string> files;
};

// Iterates a listing page by page; holds one page in memory.
class Lister {
 public:
  // Of a driver's keys as they are, for faces with naming rules of their own.
  explicit Lister(std::shared_ptr<Driver> driver, ListRequest request = {}, Context context = {});

  // The next entry; null at the end. The pointer is valid until the next call. Names are relative to the storage.
  Result<const Entry*> next();

 private:
  friend class Storage;
  std::shared_ptr<Driver> driver_;
  ListRequest request_;
  Context context_;
  Page page_;
  std::size_t position_ = 0;
  bool started_ = false;
  bool inside_ = false;  // the prefix must not leave the location
};

class Storage {
 public:
  // `s3://bucket/prefix?region=..`, `file:///dir`, `mem:`, or the name of a remote from the configuration file,
  // optionally with a path: `photos:2024`. `options` win over what the URL or the remote says.
  // Errors: config_invalid, in one line that says what to write instead.
  static Result<Storage> from_url(std::string_view url, const StringMap& options = {}, StorageOptions storage = {});

  // Around a driver made from an options struct or by hand; the layers are added here.
  explicit Storage(std::shared_ptr<Driver> driver, StorageOptions options = {});

  Result<Meta> stat(std::string_view name, const Context& context = {}) const;
  Result<bool> exists(std::string_view name, const Context& context = {}) const;

  // Opens for reading, seekable. One request.
  Result<File> open(std::string_view name, const Context& context = {}) const;
  Result<std::string> read_all(std::string_view name, const Context& context = {}) const;
  // Writes the whole object to `path` through a temporary file beside it; the old file stays on failure.
  // `progress` is told the bytes done so far, from any thread.
  using Progress = std::function<void(std::uint64_t done)>;
  Result<Meta> download(std::string_view name, const std::string& path, const Context& context = {},
                        const Progress& progress = {}) const;

  // Result: the name it was saved under. One request when the payload is below the part size.
  Result<std::string> save(std::string_view name, const Payload& payload, const SaveOptions& options = {},
                           const Context& context = {}) const;
  Result<std::string> save(std::string_view name, std::string_view text, const SaveOptions& options = {},
                           const Context& context = {}) const {
    return save(name, Payload::text(text), options, context);
  }
  // The file at `path`, which must not change meanwhile.
  Result<std::string> upload(const std::string& path, std::string_view name, const SaveOptions& options = {},
                             const Context& context = {}, const Progress& progress = {}) const;
  // For data that comes in pieces. Nothing is visible before Writer::commit(). The storage must outlive the writer.
  // There is no second name to fall back on: without `overwrite` a taken one is already_exists.
  Result<std::unique_ptr<Writer>> create(std::string_view name, const SaveOptions& options = {},
                                         const Context& context = {}) const;

  // Removing what is absent succeeds.
  Result<void> remove(std::string_view name, const Context& context = {}) const;
  // Result: per name, in order; batches are sent in parallel.
  Result<RemoveResults> remove(const std::vector<std::string>& names, const Context& context = {}) const;

  // On the server where it can, else through here. Attributes are kept.
  Result<void> copy(std::string_view from, std::string_view to, const Context& context = {}) const;
  Result<void> move(std::string_view from, std::string_view to, const Context& context = {}) const;

  // Everything below `prefix`, in the order of the service; with a delimiter one level of it.
  Lister list(std::string_view prefix = {}, std::string_view delimiter = {}, const Context& context = {}) const;
  // One directory as Django shows it: last segments only.
  Result<Listing> listdir(std::string_view path = {}, const Context& context = {}) const;

  // A signed address where the driver can sign, else the public one.
  Result<std::string> url(std::string_view name, const UrlOptions& options = {}, const Context& context = {}) const;
  Result<Presigned> presign(std::string_view name, const UrlOptions& options, const Context& context = {}) const;
  Result<std::string> public_url(std::string_view name) const;

  const DriverInfo& info() const noexcept { return driver_->info(); }
  // The driver with its layers, for those who need an operation as it is.
  const std::shared_ptr<Driver>& driver() const noexcept { return driver_; }

 private:
  Context limited(const Context& context) const;
  struct Outgoing;
  Result<std::string> store(std::string_view name, Outgoing outgoing, const SaveOptions& options,
                            const Context& context) const;
  Result<std::string> publish(const std::string& name, const Outgoing& outgoing, const SaveOptions& options,
                              const Context& context) const;
  Result<std::string> publish_elsewhere(const std::string& name, const Outgoing& outgoing, const SaveOptions& options,
                                        const Context& context) const;
  Result<Meta> send(const std::string& key, const Outgoing& outgoing, PutMode mode, const Context& context) const;
  Result<void> stream_copy(std::string_view from, std::string_view to, const Context& context) const;

  std::shared_ptr<Driver> driver_;
  Milliseconds call_timeout_{0};
};

}  // namespace orlop
