// The backends there are. An explicit table: static initialisers would be dropped by a linker of static libraries.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "orlop/config.h"
#include "orlop/driver/driver.h"

namespace orlop {

// A bucket, seen from outside.
struct Container {
  std::string name;
  std::optional<SystemTime> created;
};

struct Backend {
  std::string_view scheme;
  std::string_view summary;  // one line, for help texts
  std::span<const OptionSpec> options;
  // The container of `address` (a bucket, a root directory), and the rest of its path as a key or prefix in it.
  // Does no I/O. Errors: config_invalid.
  struct Opened {
    std::shared_ptr<Driver> driver;
    std::string prefix;
  };
  Result<Opened> (*open)(const Address& address);
  // Makes the container of `address`; an own one that exists is success. Null: this backend cannot.
  // Errors: already_exists (somebody else's), permission_denied, invalid_argument (its name).
  Result<void> (*create)(const Address& address, const Context& context) = nullptr;
  // The containers of the account that `options` sign for, by name. Null: this backend has none.
  // Errors: permission_denied, unauthenticated.
  Result<std::vector<Container>> (*list)(const StringMap& options, const Context& context) = nullptr;
};

// All built-in backends, and those added by register_backend().
std::span<const Backend* const> backends();
// Null for an unknown scheme.
const Backend* find_backend(std::string_view scheme);
// For backends outside this library; `backend` must live as long as the process. Call before other threads start.
void register_backend(const Backend& backend);

// Parses `url`, merges `options` over those in it, checks names, and opens the bare driver (no layers).
// Errors: config_invalid for an unknown scheme or option (with the nearest valid one) and for a secret in the URL.
Result<Backend::Opened> open_driver(std::string_view url, const StringMap& options = {});

// The same for Backend::create. Errors: its, and unsupported.
Result<void> create_container(std::string_view url, const StringMap& options = {}, const Context& context = {});

// The same for Backend::list, of a URL without a container ("s3://"). Errors: its, and unsupported.
Result<std::vector<Container>> list_containers(std::string_view url, const StringMap& options = {},
                                               const Context& context = {});

}  // namespace orlop
