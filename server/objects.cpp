#include "server/objects.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>

#include "engine/listing.h"
#include "server/errors.h"
#include "wire/encoding.h"

namespace orlop::server {
namespace {

constexpr std::uint64_t small_body = 1 << 20;  // held in memory and written with one put()
constexpr std::size_t block_size = 256 * 1024;
constexpr std::uint64_t largest_bucket_facts = 256 * 1024;

std::string quoted(std::string_view etag) {
  if (etag.starts_with('"') || etag.starts_with("W/")) return std::string(etag);
  return fmt::format("\"{}\"", etag);
}

std::string_view unquoted(std::string_view etag) noexcept {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return etag;
}

template <class Read>
Result<void> pour_blocks(Writer& writer, const Read& read) {
  std::vector<std::byte> block(block_size);
  for (;;) {
    ORLOP_ASSIGN(std::size_t count, read(MutableBytes(block)));
    if (count == 0) return {};
    ORLOP_TRY(writer.write(Bytes(block).first(count)));
  }
}

Facts complete(Facts facts, const MeasuredSource& body) {
  facts.size = body.size();
  facts.etag = body.md5();
  facts.checksum = body.checksum();
  return facts;
}

}  // namespace

Result<void> pour(ByteSource& source, Writer& writer) {
  return pour_blocks(writer, [&](MutableBytes out) { return source.read(out); });
}

Result<void> pour(Reader& source, Writer& writer) {
  return pour_blocks(writer, [&](MutableBytes out) { return source.read(out); });
}

std::string random_name() {
  std::array<std::byte, 16> bytes{};
  for (std::size_t filled = 0; filled < bytes.size();) {
    ssize_t count = ::getrandom(bytes.data() + filled, bytes.size() - filled, 0);
    if (count > 0) filled += static_cast<std::size_t>(count);
  }
  return wire::encode_hex(bytes);
}

bool etag_matches(std::string_view demanded, std::string_view etag) noexcept {
  while (!demanded.empty()) {
    std::string_view item = demanded.substr(0, demanded.find(','));
    demanded.remove_prefix(std::min(item.size() + 1, demanded.size()));
    item = trim(item);
    if (item == "*" || unquoted(item) == unquoted(etag)) return true;
  }
  return false;
}

std::size_t KeyLocks::slot(std::string_view bucket, std::string_view key) const noexcept {
  std::size_t hash = std::hash<std::string_view>{}(bucket)*31 + std::hash<std::string_view>{}(key);
  return hash % mutexes_.size();
}

KeyLocks::Lock KeyLocks::lock(std::string_view bucket, std::string_view key) {
  return Lock(mutexes_[slot(bucket, key)]);
}

std::pair<KeyLocks::Lock, KeyLocks::Lock> KeyLocks::lock(std::string_view bucket, std::string_view key,
                                                         std::string_view other_bucket, std::string_view other_key) {
  auto [low, high] = std::minmax({slot(bucket, key), slot(other_bucket, other_key)});
  Lock first(mutexes_[low]);
  if (low == high) return {std::move(first), Lock()};
  return {std::move(first), Lock(mutexes_[high])};
}

Objects::Objects(std::string bucket, std::shared_ptr<Driver> driver, KeyLocks& locks)
    : bucket_(std::move(bucket)), driver_(std::move(driver)), own_(own_names(driver_->info())), locks_(locks) {}

bool Objects::keeps_facts() const noexcept { return driver_->info().caps.has(Cap::user_metadata); }

std::string Objects::bucket_key() const { return std::string(own_.prefix) + "bucket"; }

Object Objects::describe(Meta meta) const {
  Object object;
  if (auto found = meta.attrs.user.find(own_.facts); found != meta.attrs.user.end()) {
    object.facts = decode_facts(found->second).value_or(Facts{});
    meta.attrs.user.erase(found);
  }
  // Content that came by another way than this server keeps nothing of what was there before.
  if (object.facts.size != meta.size) object.facts = {};
  object.facts.size = meta.size;
  object.driver_etag = meta.etag;
  // An S3 service has etags of its own, which its listings show too.
  bool own = !object.facts.etag.empty() && driver_->info().scheme != "s3";
  if (own) meta.etag = object.facts.etag;
  if (meta.etag.empty()) {
    auto modified = meta.modified.value_or(SystemTime{}).time_since_epoch().count();
    meta.etag = fmt::format("{:x}-{:x}", meta.size, modified);
  }
  meta.etag = quoted(meta.etag);
  object.meta = std::move(meta);
  return object;
}

Object Objects::described(Meta meta, const Attrs& attrs, const Facts& facts) const {
  meta.size = facts.size;
  meta.attrs = with_facts(attrs, facts);
  if (!meta.modified) meta.modified = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  return describe(std::move(meta));
}

Attrs Objects::with_facts(Attrs attrs, const Facts& facts) const {
  if (keeps_facts()) attrs.user.insert_or_assign(std::string(own_.facts), encode_facts(facts));
  return attrs;
}

Result<Object> Objects::stat(const std::string& key) {
  ORLOP_ASSIGN(Meta meta, driver_->stat(context_, {.key = key}));
  return describe(std::move(meta));
}

Result<OpenObject> Objects::open(const std::string& key, Range range) {
  ORLOP_ASSIGN(auto reader, driver_->read(context_, {.key = key, .range = range}));
  return OpenObject{describe(reader->meta()), std::move(reader)};
}

Result<Objects::Mode> Objects::decide(const std::string& key, const WriteConditions& conditions, Cap create,
                                      Cap match) {
  if (!conditions.any()) return Mode{};
  auto present = stat(key);
  if (!present && present.error().code() != Code::not_found) return present.error();
  if (conditions.absent && present) return s3_error("PreconditionFailed");
  if (!conditions.if_match.empty()) {
    // AWS: If-Match of a key that is not there is 404.
    if (!present) return s3_error("NoSuchKey");
    if (!etag_matches(conditions.if_match, present->meta.etag)) return s3_error("PreconditionFailed");
  }
  const Caps& caps = driver_->info().caps;
  if (conditions.absent && caps.has(create)) return Mode{PutMode::create, {}};
  if (present && caps.has(match) && !present->driver_etag.empty()) return Mode{PutMode::match, present->driver_etag};
  return Mode{};
}

Result<Object> Objects::store(const std::string& key, const Attrs& attrs, Facts facts, MeasuredSource& body,
                              const WriteConditions& conditions) {
  if (body.size_known() && body.size() <= small_body)
    return store_small(key, attrs, std::move(facts), body, conditions);
  return store_large(key, attrs, std::move(facts), body, conditions);
}

Result<Object> Objects::store_small(const std::string& key, const Attrs& attrs, Facts facts, MeasuredSource& body,
                                    const WriteConditions& conditions) {
  ORLOP_ASSIGN(std::string content, body.read_all(small_body));
  facts = complete(std::move(facts), body);
  Attrs kept = with_facts(attrs, facts);
  auto lock = locks_.lock(bucket_, key);
  ORLOP_ASSIGN(Mode mode, decide(key, conditions, Cap::put_create, Cap::put_match));
  ORLOP_ASSIGN(Meta meta, driver_->put(context_, {.key = key,
                                                  .payload = Payload::text(content),
                                                  .attrs = &kept,
                                                  .mode = mode.mode,
                                                  .if_match = mode.if_match}));
  return described(std::move(meta), attrs, facts);
}

// The facts are known when the body has passed, but a driver takes attributes before: the body is staged under a
// hidden key and moved to its own together with them.
Result<Object> Objects::store_large(const std::string& key, const Attrs& attrs, Facts facts, MeasuredSource& body,
                                    const WriteConditions& conditions) {
  std::string staged = keeps_facts() ? std::string(own_.prefix) + "staged/" + random_name() : key;
  ORLOP_ASSIGN(auto writer,
               driver_->write(context_, {.key = staged,
                                         .attrs = keeps_facts() ? Attrs{} : attrs,
                                         .if_match = {},
                                         .size = body.size_known() ? std::optional(body.size()) : std::nullopt}));
  ORLOP_TRY(pour(body, *writer));
  facts = complete(std::move(facts), body);
  if (!keeps_facts()) {
    auto lock = locks_.lock(bucket_, key);
    ORLOP_TRY(decide(key, conditions, Cap::write_create, Cap::write_match));
    ORLOP_ASSIGN(Meta meta, writer->commit());
    return described(std::move(meta), attrs, facts);
  }
  ORLOP_TRY(writer->commit());
  auto meta = publish(staged, key, with_facts(attrs, facts), conditions);
  if (!meta) {
    (void)remove(std::vector{staged});
    return std::move(meta).error();
  }
  return described(*std::move(meta), attrs, facts);
}

Result<Meta> Objects::publish(const std::string& staged, const std::string& key, const Attrs& attrs,
                              const WriteConditions& conditions) {
  const Caps& caps = driver_->info().caps;
  auto lock = locks_.lock(bucket_, key);
  ORLOP_ASSIGN(Mode mode, decide(key, conditions, Cap::copy_create, Cap::put_match));
  CopyRequest request{.from = staged, .to = key, .attrs = &attrs, .mode = mode.mode, .if_match = mode.if_match};
  if (caps.has(Cap::move)) {
    ORLOP_TRY(driver_->move(context_, request));
    return driver_->stat(context_, {.key = key});
  }
  auto meta = caps.has(Cap::copy) ? driver_->copy(context_, request) : restream(staged, key, attrs, mode);
  if (meta) (void)remove(std::vector{staged});
  return meta;
}

Result<Meta> Objects::restream(const std::string& staged, const std::string& key, const Attrs& attrs,
                               const Mode& mode) {
  ORLOP_ASSIGN(auto reader, driver_->read(context_, {.key = staged}));
  ORLOP_ASSIGN(
      auto writer,
      driver_->write(
          context_,
          {.key = key, .attrs = attrs, .mode = mode.mode, .if_match = mode.if_match, .size = reader->meta().size}));
  ORLOP_TRY(pour(*reader, *writer));
  return writer->commit();
}

Result<Object> Objects::compose(const std::string& key, const Attrs& attrs, const Facts& facts,
                                const WriteConditions& conditions, const std::function<Result<void>(Writer&)>& fill) {
  ORLOP_ASSIGN(
      auto writer,
      driver_->write(context_, {.key = key, .attrs = with_facts(attrs, facts), .if_match = {}, .size = facts.size}));
  ORLOP_TRY(fill(*writer));
  auto lock = locks_.lock(bucket_, key);
  ORLOP_TRY(decide(key, conditions, Cap::write_create, Cap::write_match));
  ORLOP_ASSIGN(Meta meta, writer->commit());
  return described(std::move(meta), attrs, facts);
}

Result<void> Objects::remove(const std::string& key, const WriteConditions& conditions) {
  auto lock = locks_.lock(bucket_, key);
  ORLOP_TRY(decide(key, conditions, Cap::put_create, Cap::put_match));
  ORLOP_ASSIGN(RemoveResults results, driver_->remove(context_, {.keys = {key}}));
  if (!results.empty() && results.front()) return *std::move(results.front());
  return {};
}

Result<RemoveResults> Objects::remove(std::vector<std::string> keys) {
  std::uint64_t batch = std::min<std::uint64_t>(driver_->info().limits.remove_batch, keys.size());
  if (batch == keys.size()) return driver_->remove(context_, {.keys = std::move(keys)});
  RemoveResults results;
  for (auto at = keys.begin(); at != keys.end();) {
    auto end = at + std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(batch), keys.end() - at);
    ORLOP_ASSIGN(RemoveResults some, driver_->remove(context_, {.keys = {at, end}}));
    std::move(some.begin(), some.end(), std::back_inserter(results));
    at = end;
  }
  return results;
}

Result<Object> Objects::copy(Objects& source, const std::string& from, const std::string& to, const Rewrite& rewrite,
                             const WriteConditions& conditions) {
  if (driver_ == source.driver_ && driver_->info().caps.has(Cap::copy))
    return copy_inside(from, to, rewrite, conditions);
  ORLOP_ASSIGN(OpenObject opened, source.open(from, Range::all()));
  Attrs attrs = opened.object.meta.attrs;
  Facts facts = opened.object.facts;
  ORLOP_TRY(rewrite(opened.object, attrs, facts));
  return compose(to, attrs, facts, conditions, [&](Writer& writer) { return pour(*opened.reader, writer); });
}

Result<Object> Objects::copy_inside(const std::string& from, const std::string& to, const Rewrite& rewrite,
                                    const WriteConditions& conditions) {
  auto locks = locks_.lock(bucket_, from, bucket_, to);
  ORLOP_ASSIGN(Object object, stat(from));
  Attrs attrs = object.meta.attrs;
  Facts facts = object.facts;
  ORLOP_TRY(rewrite(object, attrs, facts));
  ORLOP_ASSIGN(Mode mode, decide(to, conditions, Cap::copy_create, Cap::put_match));
  Attrs kept = with_facts(attrs, facts);
  ORLOP_ASSIGN(
      Meta meta,
      driver_->copy(context_, {.from = from, .to = to, .attrs = &kept, .mode = mode.mode, .if_match = mode.if_match}));
  return described(std::move(meta), attrs, facts);
}

Result<Page> Objects::list(ListRequest request) {
  const bool sorted = driver_->info().caps.has(Cap::list_sorted);
  ORLOP_ASSIGN(Page page, sorted ? list_in_order(std::move(request)) : list_and_sort(request));
  ORLOP_TRY(add_etags(page));
  return page;
}

Result<Page> Objects::list_in_order(ListRequest request) {
  Page page;
  std::uint32_t wanted = request.page_size;
  for (;;) {
    ORLOP_ASSIGN(Page some, driver_->list(context_, request));
    std::erase_if(some.entries, [&](const Entry& entry) {
      bool skipped = entry.is_prefix && request.start_after.size() == entry.key.size() + behind_all.size() &&
                     request.start_after.starts_with(entry.key) && request.start_after.ends_with(behind_all);
      return skipped || owns(entry.key);
    });
    std::move(some.entries.begin(), some.entries.end(), std::back_inserter(page.entries));
    page.next = std::move(some.next);
    if (page.next.empty() || (wanted > 0 && page.entries.size() >= wanted)) return page;
    request.token = page.next;
    if (wanted > 0) request.page_size = wanted - static_cast<std::uint32_t>(page.entries.size());
  }
}

// Clients go on behind the last key of a page, which means nothing where keys come in another order.
Result<Page> Objects::list_and_sort(const ListRequest& request) {
  ORLOP_ASSIGN(auto page, engine::PageBuilder::open(request));
  ORLOP_ASSIGN(Page all, list_in_order({.prefix = request.prefix, .delimiter = {}, .token = {}, .start_after = {}}));
  std::ranges::sort(all.entries, {}, &Entry::key);
  auto entry = std::ranges::lower_bound(all.entries, page.position(), {}, &Entry::key);
  while (entry != all.entries.end() && page.offer(*entry))
    entry = std::ranges::lower_bound(entry, all.entries.end(), page.position(), {}, &Entry::key);
  return page.take();
}

Result<void> Objects::add_etags(Page& page) {
  if (driver_->info().scheme == "s3" || !keeps_facts()) return {};
  std::vector<Entry> entries;
  entries.reserve(page.entries.size());
  for (Entry& entry : page.entries) {
    if (!entry.is_prefix) {
      auto object = stat(entry.key);
      // Removed since the driver listed it.
      if (!object && object.error().code() == Code::not_found) continue;
      if (!object) return std::move(object).error();
      entry.etag = object->meta.etag;
      entry.size = object->meta.size;
    }
    entries.push_back(std::move(entry));
  }
  page.entries = std::move(entries);
  return {};
}

Result<bool> Objects::empty() {
  ORLOP_ASSIGN(Page page, list({.prefix = {}, .delimiter = {}, .token = {}, .start_after = {}, .page_size = 1}));
  return page.entries.empty();
}

Result<Facts> Objects::bucket_facts() {
  auto reader = driver_->read(context_, {.key = bucket_key()});
  if (!reader && reader.error().code() == Code::not_found) return Facts{};
  if (!reader) return std::move(reader).error();
  std::string text(std::min<std::uint64_t>((*reader)->meta().size, largest_bucket_facts), '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    ORLOP_ASSIGN(std::size_t count, (*reader)->read(std::as_writable_bytes(std::span(text)).subspan(filled)));
    if (count == 0) break;
    filled += count;
  }
  return decode_facts(std::string_view(text).substr(0, filled)).value_or(Facts{});
}

Result<void> Objects::change_bucket_facts(const std::function<void(Facts&)>& change) {
  auto lock = locks_.lock(bucket_, bucket_key());
  ORLOP_ASSIGN(Facts facts, bucket_facts());
  change(facts);
  std::string text = encode_facts(facts);
  ORLOP_TRY(driver_->put(context_, {.key = bucket_key(), .payload = Payload::text(text)}));
  return {};
}

}  // namespace orlop::server
