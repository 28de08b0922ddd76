// Storage: what is written - names, types, compression, and who wins when a name is taken.
#include <fmt/core.h>

#include <algorithm>

#include "core/gzip.h"
#include "core/payload_file.h"
#include "core/payload_steps.h"
#include "engine/aside.h"
#include "orlop/naming.h"
#include "orlop/storage.h"

namespace orlop {

namespace {

// Up to here one request is as fast as several, and can be repeated whole; S3's customary part size.
constexpr std::uint64_t one_request_limit = std::uint64_t{8} << 20;

// Up to here the compressed form is made in memory, so that it too can be one request.
constexpr std::uint64_t gzip_in_memory_limit = std::uint64_t{8} << 20;

// What Django tries is unlimited; a hundred taken names of seven random characters each mean something else is wrong.
constexpr int alternative_names_limit = 100;

// "_" and the seven characters of naming::alternative_name().
constexpr std::size_t alternative_length = 8;

Attrs complete_attrs(std::string_view name, const SaveOptions& options) {
  Attrs attrs = options.attrs;
  naming::GuessedType guess = naming::guess_type(name);
  if (attrs.content_type.empty()) {
    attrs.content_type = guess.type.empty() ? "application/octet-stream" : guess.type;
    if (attrs.content_encoding.empty()) attrs.content_encoding = guess.encoding;
  }
  return attrs;
}

bool wants_gzip(const SaveOptions& options, const Attrs& attrs) {
  return options.gzip && attrs.content_encoding.empty() && is_text_like(attrs.content_type);
}

bool in_one_request(const Payload& payload, bool pack) { return !pack && payload.size() <= one_request_limit; }

Result<std::string> another_name(std::string_view name, std::optional<std::size_t> max_length) {
  if (!max_length) return naming::alternative_name(name);
  if (*max_length <= alternative_length) {
    return Error(Code::invalid_argument,
                 fmt::format("no free name for \"{}\" fits into {} characters", name, *max_length));
  }
  ORLOP_ASSIGN(std::string base, naming::available_overwrite_name(name, *max_length - alternative_length));
  return naming::alternative_name(base);
}

Result<std::string> checked_name(std::string_view name) {
  std::string clean = naming::clean_name(name);
  ORLOP_TRY(naming::check_relative(clean));
  return clean;
}

}  // namespace

// What is sent, however often and under whatever name.
struct Storage::Outgoing {
  Payload payload;
  Progress progress{};
  Attrs attrs{};
  bool pack = false;  // compress on the way
};

Result<std::string> Storage::save(std::string_view name, const Payload& payload, const SaveOptions& options,
                                  const Context& context) const {
  return store(name, {.payload = payload}, options, limited(context));
}

Result<std::string> Storage::upload(const std::string& path, std::string_view name, const SaveOptions& options,
                                    const Context& context, const Progress& progress) const {
  return engine::aside([&]() -> Result<std::string> {
    ORLOP_ASSIGN(PayloadFile file, PayloadFile::open(path));
    return store(name, {.payload = file.payload(), .progress = progress}, options, context);
  });
}

Result<std::unique_ptr<Writer>> Storage::create(std::string_view name, const SaveOptions& options,
                                                const Context& context) const {
  ORLOP_ASSIGN(std::string key, checked_name(name));
  WriteRequest request{.key = std::move(key), .attrs = complete_attrs(name, options)};
  if (!options.overwrite || options.exclusive) request.mode = PutMode::create;
  bool pack = wants_gzip(options, request.attrs);
  if (pack) request.attrs.content_encoding = "gzip";
  ORLOP_ASSIGN(std::unique_ptr<Writer> writer, driver_->write(context, request));
  return pack ? gzip_writer(std::move(writer)) : std::move(writer);
}

Result<std::string> Storage::store(std::string_view name, Outgoing outgoing, const SaveOptions& options,
                                   const Context& context) const {
  ORLOP_ASSIGN(std::string key, checked_name(name));
  outgoing.attrs = complete_attrs(key, options);
  if (!wants_gzip(options, outgoing.attrs)) return publish(key, outgoing, options, context);
  outgoing.attrs.content_encoding = "gzip";
  outgoing.pack = outgoing.payload.size() > gzip_in_memory_limit;
  if (outgoing.pack) return engine::aside([&] { return publish(key, outgoing, options, context); });
  ORLOP_ASSIGN(std::string packed, engine::aside([&] { return gzip(outgoing.payload); }));
  outgoing.payload = Payload::text(packed);
  return publish(key, outgoing, options, context);
}

Result<std::string> Storage::publish(const std::string& name, const Outgoing& outgoing, const SaveOptions& options,
                                     const Context& context) const {
  if (!options.overwrite && !options.exclusive) return publish_elsewhere(name, outgoing, options, context);
  ORLOP_ASSIGN(std::string key, naming::available_overwrite_name(name, options.max_length));
  ORLOP_TRY(send(key, outgoing, options.exclusive ? PutMode::create : PutMode::overwrite, context));
  return key;
}

// The store decides who gets a name where it can; elsewhere looking first is the best there is, and it races.
Result<std::string> Storage::publish_elsewhere(const std::string& name, const Outgoing& outgoing,
                                               const SaveOptions& options, const Context& context) const {
  bool large = !in_one_request(outgoing.payload, outgoing.pack);
  bool decided_by_store = info().caps.has(large ? Cap::write_create : Cap::put_create);
  bool look_first = large || !decided_by_store;  // a large object is not sent only to hear that the name is taken
  auto fitting = naming::available_overwrite_name(name, options.max_length);
  Result<std::string> key = fitting && *fitting == name ? fitting : another_name(name, options.max_length);
  for (int tries = 0; tries < alternative_names_limit; ++tries) {
    if (!key) return key;
    bool taken = false;
    if (look_first) {
      ORLOP_ASSIGN(taken, exists(*key, context));
    }
    if (!taken) {
      auto sent = send(*key, outgoing, decided_by_store ? PutMode::create : PutMode::overwrite, context);
      if (sent) return key;
      if (sent.error().code() != Code::already_exists) return std::move(sent).error();
    }
    key = another_name(name, options.max_length);
  }
  return Error(Code::already_exists, fmt::format("the name and {} alternatives are taken", alternative_names_limit - 1))
      .add_context("save", info().scheme, name);
}

Result<Meta> Storage::send(const std::string& key, const Outgoing& outgoing, PutMode mode,
                           const Context& context) const {
  const Payload& payload = outgoing.payload;
  if (in_one_request(payload, outgoing.pack) && payload.size() <= info().limits.put_max) {
    auto meta = driver_->put(context, {.key = key, .payload = payload, .attrs = &outgoing.attrs, .mode = mode});
    if (meta && outgoing.progress) outgoing.progress(payload.size());
    return meta;
  }
  WriteRequest request{.key = key, .attrs = outgoing.attrs, .mode = mode};
  if (!outgoing.pack) request.size = payload.size();
  ORLOP_ASSIGN(std::unique_ptr<Writer> writer, driver_->write(context, request));
  if (outgoing.pack) writer = gzip_writer(std::move(writer));
  ORLOP_TRY(write_in_steps(*writer, payload, outgoing.progress));
  return writer->commit();
}

}  // namespace orlop
