// orlop._native, asynchronous: a call is begun here, runs on the engine's own thread, and its result goes to the event
// loop that waits for it together with all others that have come meanwhile: one wake-up and one turn of the GIL for
// many.
#include "aio.h"

#include <fcntl.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "buffers.h"
#include "errors.h"
#include "ledger.h"
#include "orlop/async.h"
#include "orlop/bulk.h"
#include "values.h"

namespace orlop::python {
namespace {

// So much of a body is read with the call that opens it: a small object then costs one wake-up instead of two.
constexpr std::uint64_t read_ahead = 64 << 10;

// A call under way. Its Python objects are touched with the GIL only, and let go by whoever has it.
class Operation {
 public:
  virtual ~Operation() = default;
  // The result as Python's, or an exception that is thrown. With the GIL.
  virtual nb::object result() = 0;

  virtual void release() {
    future.reset();
    buffer.reset();
    kept.clear();
  }

  std::stop_source stop;
  nb::object future;  // null: nobody waits any more
  std::unique_ptr<Buffer> buffer;
  std::vector<nb::object> kept;
};

using Operations = std::vector<std::shared_ptr<Operation>>;

// What is done and waits for an event loop to look.
class Inbox {
 public:
  Inbox() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~Inbox() { ::close(event_); }
  Inbox(const Inbox&) = delete;

  int descriptor() const noexcept { return event_; }

  // Without the GIL.
  void put(std::shared_ptr<Operation> operation) {
    std::lock_guard lock(mutex_);
    done_.push_back(std::move(operation));
    if (done_.size() > 1) return;
    const std::uint64_t one = 1;
    static_cast<void>(::write(event_, &one, sizeof one));
  }

  Operations take() {
    std::lock_guard lock(mutex_);
    std::uint64_t ignored = 0;
    static_cast<void>(::read(event_, &ignored, sizeof ignored));
    return std::exchange(done_, {});
  }

 private:
  const int event_;
  std::mutex mutex_;
  Operations done_;
};

void settle(Operation& operation) {
  nb::object future = std::move(operation.future);
  if (!future || nb::cast<bool>(future.attr("done")())) return;
  try {
    future.attr("set_result")(operation.result());
  } catch (nb::python_error& error) {
    future.attr("set_exception")(error.value());
  }
}

// Of one event loop.
class Completions {
 public:
  Completions() : inbox(std::make_shared<Inbox>()) {
    // What was for loops that are no more is let go of here, where there is the GIL.
    auto& boxes = all();
    std::erase_if(boxes, [](const auto& box) {
      if (box.use_count() > 1) return false;
      for (const auto& operation : box->take()) operation->release();
      return true;
    });
    boxes.push_back(inbox);
  }

  void deliver() const {
    for (const auto& operation : inbox->take()) {
      settle(*operation);
      operation->release();
    }
  }

  const std::shared_ptr<Inbox> inbox;

 private:
  static std::vector<std::shared_ptr<Inbox>>& all() {
    static auto* boxes = new std::vector<std::shared_ptr<Inbox>>();
    return *boxes;
  }
};

// For whoever waits: lets go of what nobody wants any more.
class AsyncCall {
 public:
  explicit AsyncCall(std::shared_ptr<Operation> operation) : operation_(std::move(operation)) {}
  void cancel() {
    operation_->future.reset();
    operation_->stop.request_stop();
  }

 private:
  std::shared_ptr<Operation> operation_;
};

template <class Run, class Convert>
class OperationOf final : public Operation {
 public:
  OperationOf(Run run, Convert convert) : run_(std::move(run)), convert_(std::move(convert)) {}
  void release() override {
    // A body that is let go of reports to the ledger, which `kept` or `convert_` may be the last to hold.
    outcome_.reset();
    run_.reset();
    convert_.reset();
    Operation::release();
  }
  void run() { outcome_.emplace((*run_)()); }
  nb::object result() override { return (*convert_)(unwrap(std::move(*outcome_))); }

 private:
  std::optional<Run> run_;
  std::optional<Convert> convert_;  // may hold Python's objects
  std::optional<std::invoke_result_t<Run&>> outcome_;
};

struct Waiting {
  std::shared_ptr<Inbox> inbox;
  nb::object future;
  std::vector<nb::object> kept;
  std::stop_source stop{};
  std::unique_ptr<Buffer> buffer{};
};

// `run` goes to the engine's thread and knows no Python; `convert` makes a Python object of its result.
template <class Run, class Convert>
AsyncCall begin(Waiting waiting, Run run, Convert convert) {
  auto operation = std::make_shared<OperationOf<Run, Convert>>(std::move(run), std::move(convert));
  operation->future = std::move(waiting.future);
  operation->kept = std::move(waiting.kept);
  operation->stop = std::move(waiting.stop);
  operation->buffer = std::move(waiting.buffer);
  async_run([operation, inbox = std::move(waiting.inbox)] {
    operation->run();
    inbox->put(operation);
  });
  return AsyncCall(operation);
}

// Results in Python.
constexpr auto as_it_is = [](auto value) { return nb::cast(std::move(value)); };
constexpr auto as_bytes = [](const std::string& text) { return new_bytes(text.data(), text.size()); };
constexpr auto as_none = [](bool) { return nb::none(); };

Result<bool> done(Result<void> result) {
  if (!result) return std::move(result).error();
  return true;
}

[[noreturn]] void throw_busy() { throw std::runtime_error("another call on this file has not ended yet"); }

// What outlives the call that opened it: stopped as a whole, used by one call at a time.
template <class T>
struct Opened {
  explicit Opened(T opened, std::stop_source source) : object(std::move(opened)), stop(std::move(source)) {}
  T object;
  std::stop_source stop;
  std::string ahead{};  // of a file: its first bytes
  std::atomic<bool> busy{false};
};

template <class T>
class Handle {
 public:
  Handle(std::shared_ptr<Opened<T>> opened, nb::object ledger)
      : ledger_(std::move(ledger)), opened_(std::move(opened)) {}

 protected:
  // `use(object)` as a call of its own; `self` is kept meanwhile.
  template <class Use, class Convert>
  AsyncCall begin_use(nb::handle self, const Completions& completions, nb::object future, Use use, Convert convert,
                      std::unique_ptr<Buffer> buffer = {}) {
    if (!opened_) throw nb::value_error("I/O operation on closed file.");
    if (opened_->busy.exchange(true)) throw_busy();
    return begin(
        {completions.inbox, std::move(future), {nb::borrow(self)}, opened_->stop, std::move(buffer)},
        [opened = opened_, use = std::move(use)]() mutable {
          auto result = use(*opened);
          opened->busy = false;
          return result;
        },
        std::move(convert));
  }

  nb::object ledger_;  // outlives what reports to it
  std::shared_ptr<Opened<T>> opened_;
};

Result<std::string> read_some(Opened<File>& opened, std::uint64_t size) {
  File& file = opened.object;
  const std::uint64_t at = file.position();
  std::string text;
  if (at < opened.ahead.size()) {
    text = opened.ahead.substr(at, size);
    file.seek(at + text.size());
  }
  // A size is a claim of the service: memory is taken as the bytes arrive.
  constexpr std::uint64_t step = 8 << 20;
  while (text.size() < size && file.position() < file.size()) {
    const std::size_t before = text.size();
    const std::uint64_t left = std::min(size - before, file.size() - file.position());
    text.resize(before + static_cast<std::size_t>(std::min(left, step)));
    auto count = file.read(std::as_writable_bytes(std::span(text).subspan(before)));
    if (!count) return std::move(count).error();
    text.resize(before + *count);
    if (*count == 0) break;
  }
  return text;
}

class AsyncFile : public Handle<File> {
 public:
  using Handle::Handle;

  // Without a call what is in memory anyway; else None.
  nb::object peek(std::int64_t size) {
    Opened<File>& opened = here();
    if (opened.busy) return nb::none();  // a canceled read still moves it
    const std::uint64_t at = opened.object.position();
    const std::uint64_t end = size < 0 ? opened.object.size() : at + static_cast<std::uint64_t>(size);
    if (std::min(end, opened.object.size()) > opened.ahead.size()) return nb::none();
    const std::string_view text =
        std::string_view(opened.ahead).substr(std::min<std::uint64_t>(at, opened.ahead.size()));
    const std::string_view wanted = text.substr(0, static_cast<std::size_t>(end - at));
    opened.object.seek(at + wanted.size());
    return new_bytes(wanted.data(), wanted.size());
  }
  AsyncCall read(nb::handle self, const Completions& completions, nb::object future, std::int64_t size) {
    const std::uint64_t most = size < 0 ? UINT64_MAX : static_cast<std::uint64_t>(size);
    return begin_use(
        self, completions, std::move(future), [most](Opened<File>& opened) { return read_some(opened, most); },
        as_bytes);
  }
  void seek(std::uint64_t position) { at_rest().seek(position); }
  std::uint64_t tell() { return at_rest().position(); }
  Meta meta() { return here().object.meta(); }
  void close() {
    if (opened_ && opened_->busy) opened_->stop.request_stop();
    opened_.reset();
  }

 private:
  Opened<File>& here() {
    if (!opened_) throw nb::value_error("I/O operation on closed file.");
    return *opened_;
  }
  // A read that was cancelled may still be at the file.
  File& at_rest() {
    Opened<File>& opened = here();
    if (opened.busy) throw_busy();
    return opened.object;
  }
};

struct Writing {
  std::shared_ptr<Driver> driver;  // outlives the writer
  std::unique_ptr<Writer> writer;  // null: committed or aborted
  std::shared_ptr<Inbox> inbox;

  void abort() noexcept {
    if (writer) writer->abort();
    writer.reset();
  }
};

class AsyncWriter : public Handle<Writing> {
 public:
  using Handle::Handle;
  AsyncWriter(AsyncWriter&&) = default;
  // Forgotten, it publishes nothing. To tell the service is not for the thread that forgot it.
  ~AsyncWriter() {
    if (!opened_ || !opened_->object.writer) return;
    auto opened = std::move(opened_);
    Waiting nobody{opened->object.inbox, {}, {std::move(ledger_)}};
    begin(
        std::move(nobody), [opened] { return abort_here(*opened); }, as_none);
  }

  AsyncCall write(nb::handle self, const Completions& completions, nb::object future, nb::handle data) {
    auto buffer = std::make_unique<Buffer>(data, PyBUF_SIMPLE);
    const Bytes bytes = buffer->bytes();
    return begin_use(
        self, completions, std::move(future),
        [bytes](Opened<Writing>& opened) -> Result<bool> {
          if (!opened.object.writer) return closed();
          return done(opened.object.writer->write(bytes));
        },
        as_none, std::move(buffer));
  }
  AsyncCall commit(nb::handle self, const Completions& completions, nb::object future) {
    return begin_use(
        self, completions, std::move(future),
        [](Opened<Writing>& opened) -> Result<Meta> {
          if (!opened.object.writer) return closed();
          auto meta = opened.object.writer->commit();
          opened.object.writer.reset();
          return meta;
        },
        as_it_is);
  }
  AsyncCall abort(nb::handle self, const Completions& completions, nb::object future) {
    return begin_use(self, completions, std::move(future), &abort_here, as_none);
  }

 private:
  static Error closed() { return Error(Code::invalid_argument, "the writer is closed"); }
  static Result<bool> abort_here(Opened<Writing>& opened) {
    opened.object.abort();
    return true;
  }
};

// One asynchronous call of a store. The arguments of what is sent are copied: whoever asked may be gone meanwhile.
class Begin {
 public:
  Begin(const AsyncStore& store, const Completions& completions, nb::object future, nb::object ledger)
      : store_(store), waiting_{completions.inbox, std::move(future), {}} {
    context_.trace = Ledger::sink(ledger);
    context_.stop = waiting_.stop.get_token();
    if (!ledger.is_none()) waiting_.kept.push_back(std::move(ledger));
  }
  Begin&& limited() && {
    if (store_.timeout > 0)
      limit_ = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(store_.timeout));
    return std::move(*this);
  }
  Begin&& with(std::unique_ptr<Buffer> buffer) && {
    waiting_.buffer = std::move(buffer);
    return std::move(*this);
  }
  template <class Call, class Convert>
  AsyncCall operator()(Call call, Convert convert) && {
    auto run = [call = std::move(call), driver = store_.storage.driver(), context = context_,
                limit = limit_]() mutable { return call(*driver, limit ? context.with_timeout(*limit) : context); };
    return begin(std::move(waiting_), std::move(run), std::move(convert));
  }
  const Waiting& waiting() const noexcept { return waiting_; }

 private:
  const AsyncStore& store_;
  Waiting waiting_;
  Context context_;
  std::optional<Clock::duration> limit_;
};

// Which object, with everything a look at it or a read of it can say.
struct Target {
  std::string key;
  StringMap provider;
  std::string version;
  StatRequest stat() const { return {.key = key, .version = version, .provider = &provider}; }
  ReadRequest read() const { return {.key = key, .version = version, .provider = &provider}; }
};

using Loop = const Completions&;

[[noreturn]] void throw_errno() {
  PyErr_SetFromErrno(PyExc_OSError);
  throw nb::python_error();
}

AsyncCall stat(const AsyncStore& store, Loop loop, nb::object future, std::string key, nb::object ledger,
               nb::handle provider, std::string version) {
  return Begin(store, loop, std::move(future), std::move(ledger))
      .limited()([target = Target{std::move(key), to_map(provider), std::move(version)}](
                     Driver& driver, const Context& context) { return driver.stat(context, target.stat()); },
                 as_it_is);
}

AsyncCall exists(const AsyncStore& store, Loop loop, nb::object future, std::string key, nb::object ledger,
                 nb::handle provider, std::string version) {
  return Begin(store, loop, std::move(future), std::move(ledger))
      .limited()(
          [target = Target{std::move(key), to_map(provider), std::move(version)}](
              Driver& driver, const Context& context) -> Result<bool> {
            auto meta = driver.stat(context, target.stat());
            if (meta) return true;
            if (meta.error().code() == Code::not_found) return false;
            return std::move(meta).error();
          },
          as_it_is);
}

AsyncCall open(const AsyncStore& store, Loop loop, nb::object future, std::string key, nb::object ledger,
               nb::handle provider, std::string version) {
  Begin begin(store, loop, std::move(future), ledger);
  auto open = [target = Target{std::move(key), to_map(provider), std::move(version)}, driver = store.storage.driver(),
               stop = begin.waiting().stop](Driver&, const Context& context) -> Result<std::shared_ptr<Opened<File>>> {
    ORLOP_ASSIGN(File file, File::open(driver, target.read(), context));
    auto opened = std::make_shared<Opened<File>>(std::move(file), stop);
    if (opened->object.size() > read_ahead) return opened;
    ORLOP_ASSIGN(opened->ahead, opened->object.read_all());
    opened->object.seek(0);
    return opened;
  };
  return std::move(begin)(std::move(open), [ledger = std::move(ledger)](std::shared_ptr<Opened<File>> opened) {
    return nb::cast(AsyncFile(std::move(opened), ledger));
  });
}

AsyncCall read(const AsyncStore& store, Loop loop, nb::object future, std::string key, nb::object ledger) {
  return Begin(store, loop, std::move(future), std::move(ledger))(
      [key = std::move(key), driver = store.storage.driver()](Driver&, const Context& context) -> Result<std::string> {
        ORLOP_ASSIGN(File file, File::open(driver, {.key = key}, context));
        return file.read_all();
      },
      as_bytes);
}

// `source` is what the payload lies in.
AsyncCall send(const AsyncStore& store, Loop loop, nb::object future, Upload upload, std::unique_ptr<Buffer> buffer,
               nb::object ledger, std::shared_ptr<void> source = {}) {
  return Begin(store, loop, std::move(future), std::move(ledger))
      .limited()
      .with(std::move(buffer))(
          [upload = std::move(upload), source = std::move(source), below = store.one_request_below](
              Driver& driver, const Context& context) { return put_whole(context, driver, upload, below); },
          as_it_is);
}

AsyncCall put(const AsyncStore& store, Loop loop, nb::object future, std::string key, nb::handle data, nb::handle attrs,
              bool exclusive, nb::object ledger) {
  auto buffer = std::make_unique<Buffer>(data, PyBUF_SIMPLE);
  Upload upload{.key = std::move(key),
                .payload = Payload::bytes(buffer->bytes()),
                .attrs = to_attrs(attrs),
                .mode = mode_of(exclusive)};
  return send(store, loop, std::move(future), std::move(upload), std::move(buffer), std::move(ledger));
}

AsyncCall put_file(const AsyncStore& store, Loop loop, nb::object future, std::string key, int fd, std::uint64_t offset,
                   std::uint64_t length, nb::handle attrs, bool exclusive, nb::object ledger) {
  // A descriptor of our own: whoever gives up waiting may close his.
  const int own = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (own < 0) throw_errno();
  std::shared_ptr<void> source(nullptr, [own](void*) { ::close(own); });
  Upload upload{.key = std::move(key),
                .payload = Payload::file(own, offset, length),
                .attrs = to_attrs(attrs),
                .mode = mode_of(exclusive)};
  return send(store, loop, std::move(future), std::move(upload), nullptr, std::move(ledger), std::move(source));
}

AsyncCall write(const AsyncStore& store, Loop loop, nb::object future, std::string key, nb::handle attrs,
                bool exclusive, nb::object ledger) {
  Begin begin(store, loop, std::move(future), ledger);
  auto open = [request = WriteRequest{std::move(key), to_attrs(attrs), mode_of(exclusive), {}, {}},
               driver = store.storage.driver(), inbox = loop.inbox, stop = begin.waiting().stop](
                  Driver&, const Context& context) -> Result<std::shared_ptr<Opened<Writing>>> {
    ORLOP_ASSIGN(auto writer, driver->write(context, request));
    return std::make_shared<Opened<Writing>>(Writing{driver, std::move(writer), inbox}, stop);
  };
  return std::move(begin)(std::move(open), [ledger = std::move(ledger)](std::shared_ptr<Opened<Writing>> opened) {
    return nb::cast(AsyncWriter(std::move(opened), ledger));
  });
}

AsyncCall list(const AsyncStore& store, Loop loop, nb::object future, std::string prefix, std::string delimiter,
               std::string token, std::string start_after, std::uint32_t page_size, nb::object ledger) {
  ListRequest request{std::move(prefix), std::move(delimiter), std::move(token), std::move(start_after), page_size};
  return Begin(store, loop, std::move(future), std::move(ledger))
      .limited()([request = std::move(request)](Driver& driver,
                                                const Context& context) { return driver.list(context, request); },
                 as_it_is);
}

AsyncCall remove(const AsyncStore& store, Loop loop, nb::object future, std::vector<std::string> keys,
                 nb::object ledger) {
  return Begin(store, loop, std::move(future), std::move(ledger))
      .limited()([keys = std::move(keys)](
                     Driver& driver, const Context& context) { return Result(remove_many(context, driver, keys)); },
                 [](const RemoveResults& results) {
                   nb::list outcome;
                   for (const auto& error : results) outcome.append(error ? to_exception(*error) : nb::none());
                   return nb::object(outcome);
                 });
}

AsyncCall copy(const AsyncStore& store, Loop loop, nb::object future, std::string from, std::string to,
               nb::object ledger) {
  return Begin(store, loop, std::move(future), std::move(ledger))
      .limited()(
          [from = std::move(from), to = std::move(to)](Driver& driver, const Context& context) {
            return driver.copy(context, {from, to});
          },
          as_it_is);
}

AsyncCall move(const AsyncStore& store, Loop loop, nb::object future, std::string from, std::string to,
               nb::object ledger) {
  return Begin(store, loop, std::move(future), std::move(ledger))
      .limited()(
          [from = std::move(from), to = std::move(to)](Driver& driver, const Context& context) {
            return done(driver.move(context, {from, to}));
          },
          as_none);
}

AsyncCall download(const AsyncStore& store, Loop loop, nb::object future, std::string key, std::string path,
                   nb::object ledger) {
  return Begin(store, loop, std::move(future), std::move(ledger))
      .limited()([storage = store.storage, key = std::move(key), path = std::move(path)](
                     Driver&, const Context& context) { return storage.download(key, path, context); },
                 as_it_is);
}

}  // namespace

void add_async(nb::module_& module) {
  nb::class_<Completions>(module, "Completions")
      .def(nb::init<>())
      .def("fileno", [](const Completions& completions) { return completions.inbox->descriptor(); })
      .def("deliver", &Completions::deliver);
  nb::class_<AsyncCall>(module, "AsyncCall").def("cancel", &AsyncCall::cancel);

  nb::class_<AsyncFile>(module, "AsyncFile")
      .def("peek", &AsyncFile::peek)
      .def("read",
           [](nb::handle self, Loop loop, nb::object future, std::int64_t size) {
             return nb::cast<AsyncFile&>(self).read(self, loop, std::move(future), size);
           })
      .def("seek", &AsyncFile::seek)
      .def("tell", &AsyncFile::tell)
      .def("close", &AsyncFile::close)
      .def_prop_ro("meta", &AsyncFile::meta);
  nb::class_<AsyncWriter>(module, "AsyncWriter")
      .def("write",
           [](nb::handle self, Loop loop, nb::object future, nb::handle data) {
             return nb::cast<AsyncWriter&>(self).write(self, loop, std::move(future), data);
           })
      .def("commit",
           [](nb::handle self, Loop loop, nb::object future) {
             return nb::cast<AsyncWriter&>(self).commit(self, loop, std::move(future));
           })
      .def("abort", [](nb::handle self, Loop loop, nb::object future) {
        return nb::cast<AsyncWriter&>(self).abort(self, loop, std::move(future));
      });

  const auto some = nb::arg();
  const auto maybe = nb::arg().none();
  nb::class_<AsyncStore>(module, "AsyncStore")
      .def("stat", &stat, some, some, some, maybe, maybe, some)
      .def("exists", &exists, some, some, some, maybe, maybe, some)
      .def("open", &open, some, some, some, maybe, maybe, some)
      .def("read", &read, some, some, some, maybe)
      .def("put", &put, some, some, some, some, maybe, some, maybe)
      .def("put_file", &put_file, some, some, some, some, some, some, maybe, some, maybe)
      .def("write", &write, some, some, some, maybe, some, maybe)
      .def("list", &list, some, some, some, some, some, some, some, maybe)
      .def("remove", &remove, some, some, some, maybe)
      .def("copy", &copy, some, some, some, some, maybe)
      .def("move", &move, some, some, some, some, maybe)
      .def("download", &download, some, some, some, some, maybe);
}

}  // namespace orlop::python
