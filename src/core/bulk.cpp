#include "orlop/bulk.h"

#include <algorithm>
#include <optional>

#include "core/payload_file.h"
#include "core/payload_steps.h"
#include "engine/tasks.h"
#include "orlop/file.h"

namespace orlop {

namespace {

// A service can say of an object that it has any size.
constexpr std::uint64_t largest_get = std::uint64_t{1} << 30;

// one(i) for every i below `count`, in parallel; T is what it results in.
template <class T, class One>
std::vector<Result<T>> each(std::size_t count, const BulkOptions& options, const One& one) {
  std::vector<std::optional<Result<T>>> slots(count);
  if (count == 1) return {one(0)};
  engine::TaskGroup group(options.concurrency);
  for (std::size_t i = 0; i < count; ++i) {
    group.submit([&slots, &one, i] { slots[i].emplace(one(i)); });
  }
  group.wait();
  std::vector<Result<T>> results;
  results.reserve(count);
  for (auto& slot : slots) {
    // A task of the parent does not run in a forked child.
    results.push_back(slot ? *std::move(slot) : Result<T>(Error(Code::canceled, "the process was forked meanwhile")));
  }
  return results;
}

Result<Meta> put_payload(const Context& context, Driver& driver, const Upload& upload, const Payload& payload,
                         std::uint64_t one_request_below) {
  if (payload.size() < one_request_below) {
    auto meta = driver.put(context, {.key = upload.key,
                                     .payload = payload,
                                     .attrs = &upload.attrs,
                                     .mode = upload.mode,
                                     .if_match = upload.if_match});
    if (meta && upload.progress) upload.progress(payload.size());
    return meta;
  }
  ORLOP_ASSIGN(auto writer,
               driver.write(context, {upload.key, upload.attrs, upload.mode, upload.if_match, payload.size()}));
  ORLOP_TRY(write_in_steps(*writer, payload, upload.progress));
  return writer->commit();
}

Result<std::string> get_whole(const Context& context, Driver& driver, std::string_view key) {
  ORLOP_ASSIGN(auto reader, driver.read(context, {.key = key}));
  if (reader->meta().size > largest_get) {
    return Error(Code::invalid_argument, "the object is too large to be held in memory; open it");
  }
  std::string text(reader->meta().size, '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    MutableBytes rest = std::as_writable_bytes(std::span(text)).subspan(done);
    ORLOP_ASSIGN(std::size_t count, reader->read(rest));
    if (count == 0) return Error(Code::data_corrupted, "the object ended early").add_context("read", {}, key);
    done += count;
  }
  return text;
}

}  // namespace

Result<Meta> put_whole(const Context& context, Driver& driver, const Upload& upload, std::uint64_t one_request_below) {
  if (upload.path.empty()) return put_payload(context, driver, upload, upload.payload, one_request_below);
  ORLOP_ASSIGN(PayloadFile file, PayloadFile::open(upload.path));
  return put_payload(context, driver, upload, file.payload(), one_request_below);
}

std::vector<Result<Meta>> put_many(const Context& context, Driver& driver, std::span<const Upload> uploads,
                                   const BulkOptions& options) {
  return each<Meta>(uploads.size(), options,
                    [&](std::size_t i) { return put_whole(context, driver, uploads[i], options.one_request_below); });
}

std::vector<Result<Meta>> stat_many(const Context& context, Driver& driver, std::span<const std::string> keys,
                                    const BulkOptions& options) {
  return each<Meta>(keys.size(), options, [&](std::size_t i) { return driver.stat(context, {.key = keys[i]}); });
}

std::vector<Result<std::string>> get_many(const Context& context, Driver& driver, std::span<const std::string> keys,
                                          const BulkOptions& options) {
  return each<std::string>(keys.size(), options, [&](std::size_t i) { return get_whole(context, driver, keys[i]); });
}

RemoveResults remove_many(const Context& context, Driver& driver, std::span<const std::string> keys,
                          const BulkOptions& options) {
  constexpr std::uint64_t largest_batch = 1000;
  auto batch = static_cast<std::size_t>(std::clamp<std::uint64_t>(driver.info().limits.remove_batch, 1, largest_batch));
  auto batches = each<RemoveResults>((keys.size() + batch - 1) / batch, options, [&](std::size_t i) {
    auto part = keys.subspan(i * batch, std::min(batch, keys.size() - i * batch));
    return driver.remove(context, {{part.begin(), part.end()}});
  });
  RemoveResults results;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    auto& answer = batches[i / batch];
    results.push_back(answer ? std::move((*answer)[i % batch]) : answer.error());
  }
  return results;
}

}  // namespace orlop
