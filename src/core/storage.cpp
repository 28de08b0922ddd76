// Storage: opening, and the operations that are one call of the driver.
#include "orlop/storage.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/storage_names.h"
#include "orlop/bulk.h"
#include "orlop/layers/layers.h"
#include "orlop/naming.h"
#include "orlop/registry.h"

namespace orlop {

namespace {

std::shared_ptr<Driver> with_layers(std::shared_ptr<Driver> driver, StorageOptions& options) {
  std::string_view location = options.location;
  while (location.starts_with('/')) location.remove_prefix(1);
  if (!options.retry.budget) options.retry.budget = std::make_shared<RetryBudget>();
  if (driver->info().blocks) driver = layers::aside(std::move(driver));
  if (!location.empty()) driver = layers::prefix(std::move(driver), std::string(location));
  if (options.attempt_timeout.count() > 0) driver = layers::timeout(std::move(driver), options.attempt_timeout);
  driver = layers::retry(std::move(driver), std::move(options.retry));
  driver = layers::observe(std::move(driver), std::move(options.trace));
  return layers::check(std::move(driver));
}

std::string join(std::string_view base, std::string_view rest) {
  while (base.ends_with('/')) base.remove_suffix(1);
  if (base.empty() || rest.empty()) return std::string(base.empty() ? rest : base);
  return fmt::format("{}/{}", base, rest);
}

struct Place {
  std::string url;
  std::string location;  // in addition to what the url says
  StringMap options;
};

Error unknown_remote(std::string_view name, const Remotes& remotes) {
  std::vector<std::string_view> known;
  for (const Remote& remote : remotes.all()) known.push_back(remote.name);
  std::string_view near = nearest(name, known);
  return Error(Code::config_invalid, fmt::format("there is no remote \"{}\" in the configuration file{}", name,
                                                 near.empty() ? "; write a URL (s3://bucket/prefix) or add the remote"
                                                              : fmt::format("; did you mean {}?", near)));
}

// A URL as it is, or the remote that `name[:path]` stands for.
Result<Place> find_place(std::string_view url, const StringMap& options) {
  std::size_t colon = std::min(url.find(':'), url.size());
  std::string_view name = url.substr(0, colon);
  if (url.find("://") != std::string_view::npos || (colon < url.size() && find_backend(name))) {
    return Place{std::string(url), {}, options};
  }
  ORLOP_ASSIGN(Remotes remotes, Remotes::load());
  const Remote* remote = remotes.find(name);
  if (!remote) return unknown_remote(name, remotes);
  Place place{remote->url, std::string(url.substr(std::min(colon + 1, url.size()))), remote->options};
  for (const auto& [option, value] : options) place.options.insert_or_assign(option, value);
  return place;
}

Result<void> check_location(std::string_view location) {
  if (leaves_location(location)) {
    return Error(Code::config_invalid,
                 fmt::format("the location \"{}\" must neither begin with a slash nor contain \"..\"", location));
  }
  return {};
}

}  // namespace

Result<Storage> Storage::from_url(std::string_view url, const StringMap& options, StorageOptions storage) {
  ORLOP_ASSIGN(Place place, find_place(url, options));
  ORLOP_ASSIGN(Backend::Opened opened, open_driver(place.url, place.options));
  storage.location = join(join(opened.prefix, place.location), storage.location);
  ORLOP_TRY(check_location(storage.location));
  return Storage(std::move(opened.driver), std::move(storage));
}

Storage::Storage(std::shared_ptr<Driver> driver, StorageOptions options)
    : driver_(with_layers(std::move(driver), options)), call_timeout_(options.call_timeout) {}

Context Storage::limited(const Context& context) const {
  return call_timeout_.count() > 0 ? context.with_timeout(call_timeout_) : context;
}

Result<Meta> Storage::stat(std::string_view name, const Context& context) const {
  ORLOP_TRY(check_inside(name));
  return driver_->stat(limited(context), {.key = name});
}

Result<bool> Storage::exists(std::string_view name, const Context& context) const {
  ORLOP_TRY(check_inside(name));
  auto meta = driver_->stat(limited(context), {.key = name, .checksum = false});
  if (meta) return true;
  if (meta.error().code() == Code::not_found) return false;
  return std::move(meta).error();
}

Result<File> Storage::open(std::string_view name, const Context& context) const {
  ORLOP_TRY(check_inside(name));
  return File::open(driver_, {.key = name}, context);
}

Result<std::string> Storage::read_all(std::string_view name, const Context& context) const {
  ORLOP_ASSIGN(File file, open(name, limited(context)));
  return file.read_all();
}

Result<void> Storage::remove(std::string_view name, const Context& context) const {
  ORLOP_TRY(check_inside(name));
  ORLOP_ASSIGN(RemoveResults results, driver_->remove(limited(context), {.keys = {std::string(name)}}));
  if (results.empty() || !results.front()) return {};
  Error error = *std::move(results.front());
  error.add_context("remove", info().scheme, name);
  return error;
}

Result<RemoveResults> Storage::remove(const std::vector<std::string>& names, const Context& context) const {
  for (const std::string& name : names) ORLOP_TRY(check_inside(name));
  RemoveResults results = remove_many(limited(context), *driver_, names, {.concurrency = 8});
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (results[i]) results[i]->add_context("remove", info().scheme, names[i]);
  }
  return results;
}

Result<std::string> Storage::url(std::string_view name, const UrlOptions& options, const Context& context) const {
  if (!info().caps.has(Cap::presign_get)) return public_url(name);
  ORLOP_ASSIGN(Presigned signed_request, presign(name, options, context));
  return std::move(signed_request.url);
}

Result<Presigned> Storage::presign(std::string_view name, const UrlOptions& options, const Context& context) const {
  ORLOP_TRY(check_inside(name));
  return driver_->presign(
      limited(context),
      {.method = options.method, .key = name, .expires = options.expires, .parameters = options.parameters});
}

Result<std::string> Storage::public_url(std::string_view name) const {
  ORLOP_TRY(check_inside(name));
  return driver_->public_url(name);
}

}  // namespace orlop
