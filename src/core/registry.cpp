// Backends by scheme, and drivers by URL.
#include "orlop/registry.h"

#include <fmt/format.h>

#include <vector>

#include "core/registry_all.h"

namespace orlop {

namespace {

std::vector<const Backend*>& table() {
  static std::vector<const Backend*> backends = builtin_backends();
  return backends;
}

Error unknown_scheme(std::string_view scheme) {
  std::vector<std::string_view> known;
  for (const Backend* backend : table()) known.push_back(backend->scheme);
  std::string_view near = nearest(scheme, known);
  std::string hint =
      near.empty() ? fmt::format("known are: {}", fmt::join(known, ", ")) : fmt::format("did you mean {}?", near);
  return Error(Code::config_invalid, fmt::format("there is no backend \"{}\"; {}", scheme, hint));
}

Result<void> refuse_secrets(const Backend& backend, const StringMap& options_of_url) {
  for (const OptionSpec& spec : backend.options) {
    if (!spec.secret || !options_of_url.contains(spec.name)) continue;
    return Error(
        Code::config_invalid,
        fmt::format("{} does not belong in a URL, it ends up in logs; put it in the environment or in a remote "
                    "of the configuration file",
                    spec.name));
  }
  return {};
}

struct Found {
  const Backend* backend;
  Address address;  // with all options
};

Result<Found> find(std::string_view url, const StringMap& options) {
  ORLOP_ASSIGN(Address address, Address::parse(url));
  const Backend* backend = find_backend(address.scheme);
  if (!backend) return unknown_scheme(address.scheme);
  ORLOP_TRY(refuse_secrets(*backend, address.options));
  for (const auto& [name, value] : options) address.options.insert_or_assign(name, value);
  ORLOP_TRY(OptionReader(backend->options, address.options).check_names());
  return Found{backend, std::move(address)};
}

}  // namespace

std::span<const Backend* const> backends() { return table(); }

const Backend* find_backend(std::string_view scheme) {
  for (const Backend* backend : table()) {
    if (backend->scheme == scheme) return backend;
  }
  return nullptr;
}

void register_backend(const Backend& backend) { table().push_back(&backend); }

Result<Backend::Opened> open_driver(std::string_view url, const StringMap& options) {
  ORLOP_ASSIGN(Found found, find(url, options));
  return found.backend->open(found.address);
}

Result<void> create_container(std::string_view url, const StringMap& options, const Context& context) {
  ORLOP_ASSIGN(Found found, find(url, options));
  if (!found.backend->create) {
    return Error(Code::unsupported, fmt::format("{} has no containers that could be made", found.address.scheme));
  }
  return found.backend->create(found.address, context);
}

Result<std::vector<Container>> list_containers(std::string_view url, const StringMap& options, const Context& context) {
  ORLOP_ASSIGN(Found found, find(url, options));
  if (!found.backend->list) {
    return Error(Code::unsupported, fmt::format("{} has no containers that could be listed", found.address.scheme));
  }
  return found.backend->list(found.address.options, context);
}

}  // namespace orlop
