// orlop._native: the handles of the engine and its pure functions, as thin as they can be. What reads like Python
// (defaults, file objects, Django) is written in Python, in orlop/ and storages/.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <deque>
#include <mutex>
#include <string>
#include <tuple>

#include "aio.h"
#include "buffers.h"
#include "call.h"
#include "driver_ref.h"
#include "orlop/bulk.h"
#include "orlop/file.h"
#include "orlop/naming.h"
#include "orlop/registry.h"
#include "orlop/storage.h"
#include "values.h"

namespace orlop::python {

void add_s3(nb::module_& module);
void add_server(nb::module_& module);
void add_signing(nb::module_& module);

namespace {

using Key = std::string_view;

// Bytes as they are: keys of encryption are no text.
std::string to_text(nb::handle value) {
  if (!nb::isinstance<nb::bytes>(value)) return nb::cast<std::string>(value);
  auto bytes = nb::cast<nb::bytes>(value);
  return {bytes.c_str(), bytes.size()};
}

}  // namespace

StringMap to_map(nb::handle dict) {
  StringMap map;
  if (dict.is_none()) return map;
  for (auto [name, value] : nb::cast<nb::dict>(dict)) {
    map.emplace(nb::cast<std::string>(name), to_text(value));
  }
  return map;
}

// {"content_type": "text/css", "user": {...}, "provider": {...}}: members of Attrs by their names; None is none.
Attrs to_attrs(nb::handle object) {
  Attrs attrs;
  if (object.is_none()) return attrs;
  auto dict = nb::cast<nb::dict>(object);
  const std::pair<const char*, std::string*> texts[] = {
      {"content_type", &attrs.content_type},         {"content_encoding", &attrs.content_encoding},
      {"content_language", &attrs.content_language}, {"content_disposition", &attrs.content_disposition},
      {"cache_control", &attrs.cache_control},       {"expires", &attrs.expires}};
  for (auto [name, member] : texts) {
    if (dict.contains(name)) *member = nb::cast<std::string>(dict[name]);
  }
  if (dict.contains("user")) attrs.user = to_map(dict["user"]);
  if (dict.contains("provider")) attrs.provider = to_map(dict["provider"]);
  return attrs;
}

PutMode mode_of(bool exclusive) { return exclusive ? PutMode::create : PutMode::overwrite; }

namespace {

nb::dict to_dict(const StringMap& map) {
  nb::dict dict;
  for (const auto& [name, value] : map) dict[nb::str(name.c_str(), name.size())] = nb::str(value.c_str(), value.size());
  return dict;
}

// An aware datetime in UTC, or None.
nb::object to_datetime(const std::optional<SystemTime>& time) {
  if (!time) return nb::none();
  // Kept for the life of the process: listings need them by the thousand.
  static const auto* datetime = new nb::module_(nb::module_::import_("datetime"));
  static const auto* utc = new nb::object(datetime->attr("timezone").attr("utc"));
  static const auto* from_timestamp = new nb::object(datetime->attr("datetime").attr("fromtimestamp"));
  auto microseconds = time->time_since_epoch().count();
  nb::object whole = (*from_timestamp)(microseconds / 1'000'000, *utc);
  if (microseconds % 1'000'000 == 0) return whole;
  return whole.attr("replace")(nb::arg("microsecond") = microseconds % 1'000'000);
}

nb::object to_python(const Meta& meta) { return nb::cast(meta); }
nb::object to_python(const std::string& body) { return nb::bytes(body.data(), body.size()); }

[[noreturn]] void raise_closed() { throw nb::value_error("I/O operation on closed file."); }

// One thread at a time may use what a handle holds; the others wait without the GIL.
class Turn {
 public:
  explicit Turn(std::mutex& mutex) : lock_(mutex, std::try_to_lock) {
    if (lock_.owns_lock()) return;
    WithoutGil released;
    lock_.lock();
  }

 private:
  std::unique_lock<std::mutex> lock_;
};

// What outlives the call that opened it.
struct Lasting {
  std::stop_source stop;
  nb::object ledger;
  std::unique_ptr<std::mutex> mutex = std::make_unique<std::mutex>();

  Context context() const {
    Context context;
    context.trace = Ledger::sink(ledger);
    context.stop = stop.get_token();
    return context;
  }
};

// An object opened for reading.
class OpenFile {
 public:
  OpenFile(File file, Lasting lasting) : lasting_(std::move(lasting)), file_(std::move(file)) {}

  nb::object read(std::int64_t size) {
    Turn turn(*lasting_.mutex);
    std::uint64_t position = file().position();
    std::uint64_t left = file().size() > position ? file().size() - position : 0;
    if (size >= 0) left = std::min(left, static_cast<std::uint64_t>(size));
    nb::object bytes = new_bytes(nullptr, left);
    MutableBytes memory = memory_of(bytes);
    std::size_t count = fill(memory);
    return count == left ? bytes : new_bytes(reinterpret_cast<const char*>(memory.data()), count);
  }

  std::size_t readinto(nb::handle target) {
    Turn turn(*lasting_.mutex);
    Buffer buffer(target, PyBUF_WRITABLE);
    return fill(buffer.mutable_bytes());
  }

  void seek(std::uint64_t position) {
    Turn turn(*lasting_.mutex);
    file().seek(position);
  }
  std::uint64_t tell() {
    Turn turn(*lasting_.mutex);
    return file().position();
  }
  Meta meta() {
    Turn turn(*lasting_.mutex);
    return file().meta();
  }
  void close() {
    Turn turn(*lasting_.mutex);
    WithoutGil released;
    file_.reset();
  }

 private:
  File& file() {
    if (!file_) raise_closed();
    return *file_;
  }

  std::size_t fill(MutableBytes out) {
    File& source = file();
    return run(Context{}, lasting_.stop, [&](const Context&) -> Result<std::size_t> {
      std::size_t done = 0;
      while (done < out.size()) {
        ORLOP_ASSIGN(std::size_t count, source.read(out.subspan(done)));
        if (count == 0) break;
        done += count;
      }
      return done;
    });
  }

  Lasting lasting_;  // outlives what reports to its ledger
  std::optional<File> file_;
};

// An object in the making; forgetting it publishes nothing.
class OpenWriter {
 public:
  OpenWriter(std::shared_ptr<Driver> driver, std::unique_ptr<Writer> writer, Lasting lasting)
      : lasting_(std::move(lasting)), driver_(std::move(driver)), writer_(std::move(writer)) {}

  OpenWriter(OpenWriter&&) = default;
  ~OpenWriter() {
    if (writer_) abort();
  }

  std::size_t write(nb::handle data) {
    Turn turn(*lasting_.mutex);
    Buffer buffer(data, PyBUF_SIMPLE);
    run(Context{}, lasting_.stop, [&](const Context&) { return writer().write(buffer.bytes()); });
    return buffer.size();
  }
  Meta commit() {
    Turn turn(*lasting_.mutex);
    Writer& open = writer();
    Meta meta = run(Context{}, lasting_.stop, [&](const Context&) { return open.commit(); });
    writer_.reset();
    return meta;
  }
  void abort() {
    Turn turn(*lasting_.mutex);
    if (!writer_) return;
    WithoutGil released;
    writer_->abort();
    writer_.reset();
  }

 private:
  Writer& writer() {
    if (!writer_) raise_closed();
    return *writer_;
  }

  Lasting lasting_;  // outlives what reports to its ledger
  std::shared_ptr<Driver> driver_;
  std::unique_ptr<Writer> writer_;
};

// One place objects are kept in. Keys are verbatim: naming rules are Python's business here.
class Store {
  Driver& driver() const { return *storage_.driver(); }

  Context limited(Context context) const {
    if (timeout_ <= 0) return context;
    return context.with_timeout(std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(timeout_)));
  }

  template <class F>
  auto call(nb::handle ledger, F&& function) const {
    return run(ledger, [&](const Context& context) { return function(limited(context)); });
  }

 public:
  Store(std::string_view url, nb::handle options, int attempts, double timeout, std::uint64_t one_request_below)
      : storage_(unwrap(Storage::from_url(url, to_map(options), layers(attempts)))),
        timeout_(timeout),
        one_request_below_(one_request_below) {}

  const DriverInfo& info() const { return storage_.info(); }
  DriverRef driver_ref() const { return {storage_.driver()}; }
  AsyncStore asynchronous() const { return {storage_, timeout_, one_request_below_}; }

  Meta stat(Key key, nb::handle ledger, nb::handle provider, std::string_view version) const {
    StringMap arguments = to_map(provider);
    return call(ledger, [&](const Context& context) {
      return driver().stat(context, {.key = key, .version = version, .provider = &arguments});
    });
  }

  bool exists(Key key, nb::handle ledger, nb::handle provider, std::string_view version) const {
    StringMap arguments = to_map(provider);
    return call(ledger, [&](const Context& context) -> Result<bool> {
      auto meta = driver().stat(context, {.key = key, .version = version, .provider = &arguments, .checksum = false});
      if (meta) return true;
      if (meta.error().code() == Code::not_found) return false;
      return std::move(meta).error();
    });
  }

  OpenFile open(Key key, nb::object ledger, nb::handle provider, std::string_view version) const {
    StringMap arguments = to_map(provider);
    Lasting lasting{{}, std::move(ledger)};
    File file = run(lasting.context(), lasting.stop, [&](const Context& context) {
      return File::open(storage_.driver(), {.key = key, .version = version, .provider = &arguments}, context);
    });
    return {std::move(file), std::move(lasting)};
  }

  Meta put(Key key, nb::handle data, nb::handle attrs, bool exclusive, nb::handle ledger) const {
    Buffer buffer(data, PyBUF_SIMPLE);
    return send(key, Payload::bytes(buffer.bytes()), attrs, exclusive, ledger);
  }

  Meta put_file(Key key, int fd, std::uint64_t offset, std::uint64_t length, nb::handle attrs, bool exclusive,
                nb::handle ledger) const {
    return send(key, Payload::file(fd, offset, length), attrs, exclusive, ledger);
  }

  // (key, bytes or the path of a file, attrs, if_match) an object; if_match None: none asked for, "": it must be new.
  nb::list put_many(nb::handle objects, unsigned concurrency, nb::handle ledger) const {
    std::deque<Buffer> buffers;
    std::vector<Upload> uploads;
    for (nb::handle object : objects) {
      Upload& upload =
          uploads.emplace_back(Upload{.key = nb::cast<std::string>(object[0]), .attrs = to_attrs(object[2])});
      if (nb::isinstance<nb::str>(object[1])) {
        upload.path = nb::cast<std::string>(object[1]);
      } else {
        upload.payload = Payload::bytes(buffers.emplace_back(object[1], PyBUF_SIMPLE).bytes());
      }
      if (object[3].is_none()) continue;
      upload.if_match = nb::cast<std::string>(object[3]);
      upload.mode = upload.if_match.empty() ? PutMode::create : PutMode::match;
    }
    return outcomes(orlop::put_many, uploads, concurrency, ledger);
  }

  nb::list get_many(const std::vector<std::string>& keys, unsigned concurrency, nb::handle ledger) const {
    return outcomes(orlop::get_many, keys, concurrency, ledger);
  }

  nb::list stat_many(const std::vector<std::string>& keys, unsigned concurrency, nb::handle ledger) const {
    return outcomes(orlop::stat_many, keys, concurrency, ledger);
  }

  OpenWriter write(Key key, nb::handle attrs, bool exclusive, nb::object ledger) const {
    Lasting lasting{{}, std::move(ledger)};
    WriteRequest request{std::string(key), to_attrs(attrs), mode_of(exclusive), {}, {}};
    auto writer =
        run(lasting.context(), lasting.stop, [&](const Context& context) { return driver().write(context, request); });
    return {storage_.driver(), std::move(writer), std::move(lasting)};
  }

  Page list(std::string prefix, std::string delimiter, std::string token, std::string start_after,
            std::uint32_t page_size, nb::handle ledger) const {
    ListRequest request{std::move(prefix), std::move(delimiter), std::move(token), std::move(start_after), page_size};
    return call(ledger, [&](const Context& context) { return driver().list(context, request); });
  }

  void download(const std::string& key, const std::string& path, nb::handle ledger) const {
    call(ledger, [&](const Context& context) { return storage_.download(key, path, context); });
  }

  // An exception or None a key.
  nb::list remove(const std::vector<std::string>& keys, nb::handle ledger) const {
    auto results = call(ledger, [&](const Context& context) { return Result(remove_many(context, driver(), keys)); });
    nb::list outcome;
    for (const auto& error : results) outcome.append(error ? to_exception(*error) : nb::none());
    return outcome;
  }

  Meta copy(Key from, Key to, nb::handle attrs, bool exclusive, nb::handle ledger) const {
    Attrs replaced = to_attrs(attrs);
    CopyRequest request{from, to, attrs.is_none() ? nullptr : &replaced, mode_of(exclusive)};
    return call(ledger, [&](const Context& context) { return driver().copy(context, request); });
  }

  void move(Key from, Key to, nb::handle ledger) const {
    call(ledger, [&](const Context& context) { return driver().move(context, {from, to}); });
  }

  std::string public_url(Key key) const { return unwrap(driver().public_url(key)); }

  using Parameters = std::vector<std::pair<std::string, std::string>>;
  Presigned presign(Key key, std::string_view method, std::int64_t expires, Parameters parameters, Parameters query,
                    Parameters headers, std::optional<std::int64_t> signed_at, std::optional<std::uint64_t> max_size,
                    nb::handle ledger) const {
    PresignRequest request{.method = signed_method(method),
                           .key = key,
                           .expires = std::chrono::seconds(expires),
                           .parameters = std::move(parameters),
                           .query = std::move(query),
                           .headers = std::move(headers),
                           .max_size = max_size};
    if (signed_at) request.signed_at = SystemTime(std::chrono::microseconds(*signed_at));
    return call(ledger, [&](const Context& context) { return driver().presign(context, request); });
  }

 private:
  static StorageOptions layers(int attempts) {
    StorageOptions options;
    options.retry.max_attempts = attempts;
    return options;
  }

  static SignedMethod signed_method(std::string_view method) {
    if (method == "GET") return SignedMethod::get;
    if (method == "HEAD") return SignedMethod::head;
    if (method == "PUT") return SignedMethod::put;
    if (method == "DELETE") return SignedMethod::remove;
    if (method == "POST") return SignedMethod::post;
    throw nb::value_error("a URL can be signed for GET, HEAD, PUT, DELETE or POST");
  }

  Meta send(Key key, const Payload& payload, nb::handle attrs, bool exclusive, nb::handle ledger) const {
    Upload upload{.key = std::string(key), .payload = payload, .attrs = to_attrs(attrs), .mode = mode_of(exclusive)};
    return call(ledger,
                [&](const Context& context) { return put_whole(context, driver(), upload, one_request_below_); });
  }

  // What a function of bulk.h results in: a value or an exception for each of the items.
  template <class Function, class Items>
  nb::list outcomes(Function function, const Items& items, unsigned concurrency, nb::handle ledger) const {
    auto results = call(ledger, [&](const Context& context) {
      return Result(function(context, driver(), items, {concurrency, one_request_below_}));
    });
    nb::list list;
    for (auto& result : results) list.append(result ? to_python(*result) : to_exception(result.error()));
    return list;
  }

  Storage storage_;
  double timeout_;
  std::uint64_t one_request_below_;
};

void add_functions(nb::module_& module) {
  module.def("create_container", [](std::string_view url, const nb::dict& options) {
    StringMap map = to_map(options);
    run(nb::none(), [&](const Context& context) { return create_container(url, map, context); });
  });
  module.def("clean_name", [](std::string_view name) { return naming::clean_name(name); });
  module.def("safe_join",
             [](std::string_view base, std::string_view part) { return unwrap(naming::safe_join(base, part)); });
  module.def("check_relative", [](std::string_view name) { unwrap(naming::check_relative(name)); });
  module.def(
      "available_overwrite_name",
      [](std::string_view name, std::optional<std::size_t> max_length) {
        return unwrap(naming::available_overwrite_name(name, max_length));
      },
      nb::arg("name"), nb::arg("max_length").none());
  module.def("alternative_name", [](std::string_view name) { return naming::alternative_name(name); });
  module.def("guess_type", [](std::string_view name) {
    auto guessed = naming::guess_type(name);
    return std::make_tuple(std::string(guessed.type), std::string(guessed.encoding));
  });
}

void add_values(nb::module_& module) {
  nb::class_<Meta>(module, "Meta")
      .def_ro("size", &Meta::size)
      .def_ro("etag", &Meta::etag)
      .def_ro("version", &Meta::version)
      .def_prop_ro("modified", [](const Meta& meta) { return to_datetime(meta.modified); })
      .def_prop_ro("content_type", [](const Meta& meta) { return meta.attrs.content_type; })
      .def_prop_ro("content_encoding", [](const Meta& meta) { return meta.attrs.content_encoding; })
      .def_prop_ro("content_language", [](const Meta& meta) { return meta.attrs.content_language; })
      .def_prop_ro("content_disposition", [](const Meta& meta) { return meta.attrs.content_disposition; })
      .def_prop_ro("cache_control", [](const Meta& meta) { return meta.attrs.cache_control; })
      .def_prop_ro("expires", [](const Meta& meta) { return meta.attrs.expires; })
      .def_prop_ro("user", [](const Meta& meta) { return to_dict(meta.attrs.user); })
      .def_prop_ro("provider", [](const Meta& meta) { return to_dict(meta.attrs.provider); });

  nb::class_<Presigned>(module, "Presigned")
      .def_ro("method", &Presigned::method)
      .def_ro("url", &Presigned::url)
      .def_prop_ro("headers", [](const Presigned& presigned) { return to_dict(presigned.headers); })
      .def_ro("fields", &Presigned::fields)
      .def_prop_ro("expires", [](const Presigned& presigned) { return presigned.expires.count(); });

  nb::class_<Page>(module, "Page")
      .def_ro("next", &Page::next)
      .def("__len__", [](const Page& page) { return page.entries.size(); })
      .def("entries",
           [](const Page& page) {
             nb::list list;
             for (const Entry& entry : page.entries) {
               list.append(
                   nb::make_tuple(entry.key, entry.is_prefix, entry.size, to_datetime(entry.modified), entry.etag));
             }
             return list;
           })
      // Names behind the first `skip` bytes: those of groups, and those of objects.
      .def("split", [](const Page& page, std::size_t skip) {
        nb::list groups;
        nb::list objects;
        for (const Entry& entry : page.entries) {
          std::string_view name = std::string_view(entry.key).substr(std::min(skip, entry.key.size()));
          (entry.is_prefix ? groups : objects).append(nb::str(name.data(), name.size()));
        }
        return nb::make_tuple(groups, objects);
      });

  nb::class_<Ledger>(module, "Ledger")
      .def(nb::init<nb::object>(), nb::arg("outer").none())
      .def("watch_all_threads", &Ledger::watch_all_threads)
      // (operation, key) of the first calls
      .def("calls",
           [](const Ledger& ledger) {
             nb::list calls;
             for (const Ledger::Call& call : ledger.calls()) calls.append(nb::make_tuple(call.operation, call.key));
             return calls;
           })
      // requests, retries, bytes sent, bytes received, seconds, {operation: requests}
      .def("totals", [](const Ledger& ledger) {
        Ledger::Totals totals = ledger.totals();
        nb::dict operations;
        for (const auto& [name, count] : totals.operations) operations[name.c_str()] = count;
        double seconds = std::chrono::duration<double>(totals.elapsed).count();
        return nb::make_tuple(totals.requests, totals.retries, totals.bytes_sent, totals.bytes_received, seconds,
                              operations);
      });
}

void add_handles(nb::module_& module) {
  nb::class_<OpenFile>(module, "File")
      .def("read", &OpenFile::read)
      .def("readinto", &OpenFile::readinto)
      .def("seek", &OpenFile::seek)
      .def("tell", &OpenFile::tell)
      .def("close", &OpenFile::close)
      .def_prop_ro("meta", &OpenFile::meta);

  nb::class_<OpenWriter>(module, "Writer")
      .def("write", &OpenWriter::write)
      .def("commit", &OpenWriter::commit)
      .def("abort", &OpenWriter::abort);

  const auto some = nb::arg();
  const auto maybe = nb::arg().none();
  nb::class_<Store>(module, "Store")
      .def(nb::init<std::string_view, nb::handle, int, double, std::uint64_t>())
      .def_prop_ro("scheme", [](const Store& store) { return store.info().scheme; })
      .def_prop_ro("name", [](const Store& store) { return store.info().name; })
      .def_prop_ro("driver", &Store::driver_ref)
      .def("can",
           [](const Store& store, std::string_view capability) {
             auto cap = parse_cap(capability);
             return cap && store.info().caps.has(*cap);
           })
      .def_prop_ro("asynchronous", &Store::asynchronous)
      .def("stat", &Store::stat, some, maybe, maybe, some)
      .def("exists", &Store::exists, some, maybe, maybe, some)
      .def("open", &Store::open, some, maybe, maybe, some)
      .def("download", &Store::download, some, some, maybe)
      .def("put", &Store::put, some, some, maybe, some, maybe)
      .def("put_file", &Store::put_file, some, some, some, some, maybe, some, maybe)
      .def("put_many", &Store::put_many, some, some, maybe)
      .def("get_many", &Store::get_many, some, some, maybe)
      .def("stat_many", &Store::stat_many, some, some, maybe)
      .def("write", &Store::write, some, maybe, some, maybe)
      .def("list", &Store::list, some, some, some, some, some, maybe)
      .def("remove", &Store::remove, some, maybe)
      .def("copy", &Store::copy, some, some, maybe, some, maybe)
      .def("move", &Store::move, some, some, maybe)
      .def("public_url", &Store::public_url)
      .def("presign", &Store::presign, some, some, some, some, some, some, maybe, maybe, maybe);
}

}  // namespace

NB_MODULE(_native, module) {
  nb::set_leak_warnings(false);
  watch_for_exit();
  add_functions(module);
  add_values(module);
  add_signing(module);
  add_handles(module);
  add_s3(module);
  add_async(module);
#ifdef ORLOP_HAS_SERVER
  add_server(module);
#endif
}

}  // namespace orlop::python
