// Many objects in one call: a bounded number of requests at a time, and an outcome for each object.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "orlop/driver/driver.h"

namespace orlop {

struct BulkOptions {
  unsigned concurrency = 64;                                 // at least 1; the process's workers bound it
  std::uint64_t one_request_below = std::uint64_t{8} << 20;  // larger objects go in parts
};

// One object to store, whole. `path` names a file that is opened when its turn comes and must not change meanwhile;
// empty: the payload.
struct Upload {
  std::string key;
  Payload payload{};
  std::string path{};
  Attrs attrs{};
  PutMode mode = PutMode::overwrite;
  std::string if_match{};  // of PutMode::match
  // Told the bytes done so far.
  std::function<void(std::uint64_t done)> progress{};
};

// Each result stands where its object stood. One that fails does not stop the others; the context's stop token does.
std::vector<Result<Meta>> put_many(const Context& context, Driver& driver, std::span<const Upload> uploads,
                                   const BulkOptions& options = {});
std::vector<Result<Meta>> stat_many(const Context& context, Driver& driver, std::span<const std::string> keys,
                                    const BulkOptions& options = {});
// Whole objects in memory: for small ones.
std::vector<Result<std::string>> get_many(const Context& context, Driver& driver, std::span<const std::string> keys,
                                          const BulkOptions& options = {});
// In batches as large as the driver takes. An absent key is success.
RemoveResults remove_many(const Context& context, Driver& driver, std::span<const std::string> keys,
                          const BulkOptions& options = {});

// What put_many() does with one object.
Result<Meta> put_whole(const Context& context, Driver& driver, const Upload& upload,
                       std::uint64_t one_request_below = BulkOptions{}.one_request_below);

// One whole object into the file at `path`, through a temporary file beside it; the old file stays on failure.
// `request.range` must be all. `progress` is told the bytes done so far, from any thread.
Result<Meta> download_whole(const Context& context, Driver& driver, const ReadRequest& request, const std::string& path,
                            const std::function<void(std::uint64_t done)>& progress = {});

}  // namespace orlop
