// The memory driver: a map under a lock. docs/driver.md builds this file step by step.
#include <atomic>
#include <cstring>
#include <map>
#include <mutex>

#include "engine/conditions.h"
#include "engine/fork_mutex.h"
#include "engine/listing.h"
#include "engine/one_shot_writer.h"
#include "orlop/backends/memory.h"

namespace orlop::memory {
namespace {

// Immutable once stored, so that readers go on with theirs while it is replaced.
struct Object {
  Meta meta;
  std::string bytes;
};
using Stored = std::shared_ptr<const Object>;

class MemoryReader final : public Reader {
 public:
  MemoryReader(Context context, Stored object, Range::Extent extent)
      : context_(std::move(context)),
        object_(std::move(object)),
        rest_(std::string_view(object_->bytes).substr(extent.begin, extent.end - extent.begin)) {}

  const Meta& meta() const noexcept override { return object_->meta; }

  Result<std::size_t> read(MutableBytes out) override {
    if (auto error = context_.expired()) return *std::move(error);
    std::size_t count = rest_.copy(reinterpret_cast<char*>(out.data()), out.size());
    rest_.remove_prefix(count);
    return count;
  }

 private:
  Context context_;
  Stored object_;
  std::string_view rest_;
};

class MemoryDriver final : public Driver {
 public:
  explicit MemoryDriver(std::string name) {
    info_.scheme = "mem";
    info_.name = std::move(name);
    info_.caps = {
        Cap::read_suffix, Cap::read_conditions, Cap::put_create, Cap::put_match,   Cap::write_create, Cap::write_match,
        Cap::copy,        Cap::copy_create,     Cap::move,       Cap::move_atomic, Cap::put_atomic,   Cap::content_type,
        Cap::attrs,       Cap::user_metadata,   Cap::etag,       Cap::list_sorted, Cap::start_after};
  }

  const DriverInfo& info() const noexcept override { return info_; }

  Result<Meta> stat(const Context& context, const StatRequest& request) override {
    ORLOP_ASSIGN(Stored object, find(context, request.key));
    ORLOP_TRY(engine::check_conditions(request.conditions, object->meta));
    return object->meta;
  }

  Result<std::unique_ptr<Reader>> read(const Context& context, const ReadRequest& request) override {
    ORLOP_ASSIGN(Stored object, find(context, request.key));
    ORLOP_TRY(engine::check_conditions(request.conditions, object->meta));
    ORLOP_ASSIGN(Range::Extent extent, request.range.resolve(object->meta.size));
    return std::unique_ptr<Reader>(std::make_unique<MemoryReader>(context, std::move(object), extent));
  }

  Result<Meta> put(const Context& context, const PutRequest& request) override {
    Object object;
    if (request.attrs) object.meta.attrs = *request.attrs;
    object.bytes.resize(request.payload.size());
    ORLOP_TRY(request.payload.read_at(0, std::as_writable_bytes(std::span(object.bytes))));
    if (auto error = context.expired()) return *std::move(error);
    std::lock_guard lock(mutex_);
    return store(request.key, request.mode, request.if_match, std::move(object));
  }

  Result<std::unique_ptr<Writer>> write(const Context& context, const WriteRequest& request) override {
    ORLOP_TRY(check_attrs(request.attrs));
    return engine::one_shot_writer(*this, context, request);
  }

  Result<Page> list(const Context& context, const ListRequest& request) override {
    if (auto error = context.expired()) return *std::move(error);
    ORLOP_ASSIGN(engine::PageBuilder page, engine::PageBuilder::open(request));
    std::lock_guard lock(mutex_);
    for (auto at = objects_.lower_bound(page.position()); at != objects_.end() && page.offer(entry(*at));
         at = objects_.lower_bound(page.position())) {
    }
    return page.take();
  }

  Result<RemoveResults> remove(const Context& context, const RemoveRequest& request) override {
    if (auto error = context.expired()) return *std::move(error);
    std::lock_guard lock(mutex_);
    for (const std::string& key : request.keys) objects_.erase(key);
    return RemoveResults(request.keys.size());
  }

  Result<Meta> copy(const Context& context, const CopyRequest& request) override {
    if (auto error = context.expired()) return *std::move(error);
    std::lock_guard lock(mutex_);
    return copy_locked(request);
  }

  Result<void> move(const Context& context, const CopyRequest& request) override {
    if (auto error = context.expired()) return *std::move(error);
    std::lock_guard lock(mutex_);
    ORLOP_TRY(copy_locked(request));
    if (request.from != request.to) objects_.erase(objects_.find(request.from));
    return {};
  }

  Result<std::string> public_url(std::string_view) const override {
    return Error(Code::unsupported, "objects in memory have no address");
  }

  Result<Presigned> presign(const Context&, const PresignRequest&) override {
    return Error(Code::unsupported, "objects in memory have no address");
  }

  Multipart* multipart() noexcept override { return nullptr; }

 private:
  using Objects = std::map<std::string, Stored, std::less<>>;

  static Entry entry(const Objects::value_type& item) {
    const Meta& meta = item.second->meta;
    return {.key = item.first, .is_prefix = false, .size = meta.size, .modified = meta.modified, .etag = meta.etag};
  }

  static Result<void> check_attrs(const Attrs& attrs) {
    if (attrs.provider.empty()) return {};
    return Error(Code::invalid_argument, "the memory backend has no option " + attrs.provider.begin()->first);
  }

  Result<Stored> find(const Context& context, std::string_view key) {
    if (auto error = context.expired()) return *std::move(error);
    std::lock_guard lock(mutex_);
    return find_locked(key);
  }

  Result<Stored> find_locked(std::string_view key) const {
    auto found = objects_.find(key);
    if (found == objects_.end()) return Error(Code::not_found, "no such object");
    return found->second;
  }

  Result<Meta> copy_locked(const CopyRequest& request) {
    ORLOP_ASSIGN(Stored source, find_locked(request.from));
    Object copy = *source;
    if (request.attrs) copy.meta.attrs = *request.attrs;
    return store(request.to, request.mode, request.if_match, std::move(copy));
  }

  Result<Meta> store(std::string_view key, PutMode mode, std::string_view if_match, Object object) {
    ORLOP_TRY(check_attrs(object.meta.attrs));
    auto present = objects_.find(key);
    ORLOP_TRY(engine::check_mode(mode, if_match, present == objects_.end() ? nullptr : &present->second->meta.etag));
    object.meta.size = object.bytes.size();
    object.meta.modified = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    object.meta.etag = '"' + std::to_string(++versions_) + '"';
    auto stored = std::make_shared<const Object>(std::move(object));
    objects_.insert_or_assign(std::string(key), stored);
    return stored->meta;
  }

  DriverInfo info_;
  engine::ForkMutex mutex_;
  Objects objects_;
  std::uint64_t versions_ = 0;  // of all objects, so that a name used again gets a new etag
};

// The stores of `mem://name`, for as long as the process lives.
Result<Backend::Opened> open_address(const Address& address) {
  if (address.authority.empty()) return Backend::Opened{open(), address.path};
  static engine::ForkMutex mutex;
  static std::map<std::string, std::shared_ptr<Driver>, std::less<>> stores;
  auto made = std::make_shared<MemoryDriver>(address.authority);  // outside, as it has such a mutex itself
  std::lock_guard lock(mutex);
  auto& store = stores[address.authority];
  if (!store) store = std::move(made);
  return Backend::Opened{store, address.path};
}

}  // namespace

std::shared_ptr<Driver> open() { return std::make_shared<MemoryDriver>("memory"); }

const Backend backend{.scheme = "mem",
                      .summary = "objects in this process, for tests; mem://name is shared by that name",
                      .options = {},
                      .open = open_address};

}  // namespace orlop::memory
