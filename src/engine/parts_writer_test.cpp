#include "engine/parts_writer.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "engine/buffer_pool.h"

namespace orlop::engine {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// A service that keeps what it was sent, counts requests, and fails as told.
class FakeService final : public Driver, public Multipart {
 public:
  FakeService() {
    info_.scheme = "fake";
    info_.limits.part_min = 1;
  }

  // The script: called before each request with its name and part index; an error is the answer.
  std::function<std::optional<Error>(std::string_view operation, std::uint32_t index)> script;
  Limits& limits() { return info_.limits; }

  const DriverInfo& info() const noexcept override { return info_; }
  Result<Meta> put(const Context& context, const PutRequest& request) override {
    ORLOP_TRY(enter(context, "put", 0));
    std::lock_guard lock(mutex);
    object = bytes_of(request.payload);
    mode = request.mode;
    if_match = request.if_match;
    attrs = request.attrs ? *request.attrs : Attrs{};
    return meta();
  }
  Multipart* multipart() noexcept override { return this; }

  Result<std::string> begin(const Context& context, const BeginRequest& request) override {
    ORLOP_TRY(enter(context, "begin", 0));
    std::lock_guard lock(mutex);
    attrs = request.attrs;
    open_upload = true;
    return std::string("upload-7");
  }
  Result<Part> put_part(const Context& context, const PutPartRequest& request) override {
    unsigned now = ++in_flight;
    for (unsigned seen = most_in_flight; now > seen && !most_in_flight.compare_exchange_weak(seen, now);) {
    }
    auto entered = enter(context, "put_part", request.index);
    --in_flight;
    ORLOP_TRY(entered);
    std::lock_guard lock(mutex);
    if (!open_upload || request.upload_id != "upload-7") return Error(Code::not_found, "NoSuchUpload");
    parts[request.index] = bytes_of(request.payload);
    return Part{request.index, request.payload.size(), "etag" + std::to_string(request.index), {}};
  }
  Result<std::vector<Part>> list_parts(const Context&, const ListPartsRequest&) override {
    return Error(Code::unsupported);
  }
  Result<Meta> complete(const Context& context, const CompleteRequest& request) override {
    ORLOP_TRY(enter(context, "complete", 0));
    std::lock_guard lock(mutex);
    std::string whole;
    std::uint32_t expected = 0;
    for (const Part& part : request.parts) {
      if (part.index != ++expected || part.etag != "etag" + std::to_string(part.index))
        return Error(Code::invalid_argument, "InvalidPartOrder");
      whole += parts[part.index];
    }
    object = whole;
    mode = request.mode;
    if_match = request.if_match;
    open_upload = false;
    return meta();
  }
  Result<void> abort(const Context& context, const AbortRequest& request) override {
    ORLOP_TRY(enter(context, "abort", 0));
    std::lock_guard lock(mutex);
    if (request.upload_id == "upload-7") open_upload = false;
    return {};
  }

  Result<Meta> stat(const Context&, const StatRequest&) override { return Error(Code::unsupported); }
  Result<std::unique_ptr<Reader>> read(const Context&, const ReadRequest&) override { return Error(Code::unsupported); }
  Result<std::unique_ptr<Writer>> write(const Context&, const WriteRequest&) override {
    return Error(Code::unsupported);
  }
  Result<Page> list(const Context&, const ListRequest&) override { return Error(Code::unsupported); }
  Result<RemoveResults> remove(const Context&, const RemoveRequest&) override { return Error(Code::unsupported); }
  Result<Meta> copy(const Context&, const CopyRequest&) override { return Error(Code::unsupported); }
  Result<void> move(const Context&, const CopyRequest&) override { return Error(Code::unsupported); }
  Result<std::string> public_url(std::string_view) const override { return Error(Code::unsupported); }
  Result<Presigned> presign(const Context&, const PresignRequest&) override { return Error(Code::unsupported); }

  int count(const std::string& operation) {
    std::lock_guard lock(mutex);
    return calls[operation];
  }

  std::mutex mutex;
  std::map<std::string, int> calls;
  std::optional<std::string> object;  // what is published
  std::map<std::uint32_t, std::string> parts;
  Attrs attrs;
  PutMode mode = PutMode::overwrite;
  std::string if_match;
  bool open_upload = false;
  std::atomic<unsigned> in_flight{0};
  std::atomic<unsigned> most_in_flight{0};

 private:
  static std::string bytes_of(const Payload& payload) {
    std::string bytes(payload.size(), '\0');
    EXPECT_EQ(payload.read_at(0, std::as_writable_bytes(std::span(bytes))).value(), bytes.size());
    return bytes;
  }
  Meta meta() const {
    Meta meta;
    meta.size = object->size();
    return meta;
  }
  Result<void> enter(const Context& context, std::string_view operation, std::uint32_t index) {
    {
      std::lock_guard lock(mutex);
      ++calls[std::string(operation)];
    }
    if (auto error = context.expired()) return *std::move(error);
    if (script) {
      if (auto error = script(operation, index)) return *std::move(error);
    }
    return {};
  }

  DriverInfo info_;
};

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return text;
}

Context retrying(int attempts = 3) {
  Context context;
  context.retry = std::make_shared<RetryPolicy>(
      RetryPolicy{.max_attempts = attempts, .base_delay = Milliseconds(1), .max_delay = Milliseconds(2), .budget = {}});
  return context;
}

Error transient() { return Error(Code::unavailable, "SlowDown", Retry::safe); }

class PartsWriterTest : public testing::Test {
 protected:
  std::unique_ptr<Writer> open(const Context& context = {}, std::optional<std::uint64_t> size = {},
                               PutMode mode = PutMode::overwrite) {
    WriteRequest request{.key = "k", .attrs = {}, .mode = mode, .if_match = "\"1\"", .size = size};
    request.attrs.content_type = "text/x";
    return parts_writer(service, context, std::move(request), {.part_size = 1000, .concurrency = 3});
  }

  FakeService service;
};

TEST_F(PartsWriterTest, PutsAnEmptyObjectWithOneRequest) {
  auto writer = open();
  EXPECT_EQ(writer->commit().value().size, 0U);
  EXPECT_EQ(service.object, "");
  EXPECT_EQ(service.calls, (std::map<std::string, int>{{"put", 1}}));
}

TEST_F(PartsWriterTest, PutsWhatFitsIntoOnePartWithOneRequest) {
  std::string text = pattern(1000);
  auto writer = open({}, {}, PutMode::match);
  writer->write(as_bytes(text).first(400)).value();
  writer->write(as_bytes(text).subspan(400)).value();
  EXPECT_EQ(writer->commit().value().size, 1000U);
  EXPECT_EQ(service.object, text);
  EXPECT_EQ(service.calls, (std::map<std::string, int>{{"put", 1}}));
  EXPECT_EQ(service.mode, PutMode::match);
  EXPECT_EQ(service.if_match, "\"1\"");
  EXPECT_EQ(service.attrs.content_type, "text/x");
}

TEST_F(PartsWriterTest, SendsEqualPartsAndPublishesOnCommitOnly) {
  std::string text = pattern(10'500);
  auto writer = open({}, {}, PutMode::create);
  for (std::size_t i = 0; i < text.size(); i += 77)
    writer->write(as_bytes(text).subspan(i, std::min<std::size_t>(77, text.size() - i))).value();
  EXPECT_FALSE(service.object);
  EXPECT_EQ(writer->commit().value().size, text.size());
  EXPECT_EQ(service.object, text);
  EXPECT_EQ(service.parts.size(), 11U);
  for (auto& [index, bytes] : service.parts) EXPECT_EQ(bytes.size(), index == 11 ? 500U : 1000U);
  EXPECT_EQ(service.calls, (std::map<std::string, int>{{"begin", 1}, {"put_part", 11}, {"complete", 1}}));
  EXPECT_EQ(service.mode, PutMode::create);
  EXPECT_EQ(service.attrs.content_type, "text/x");
}

TEST_F(PartsWriterTest, SendsSlicesOfPayloadsAndMixesThemWithBytes) {
  std::string text = pattern(7'777);
  char name[] = "/tmp/orlop_parts_XXXXXX";
  int fd = mkstemp(name);
  ASSERT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  auto writer = open();
  writer->write_from(Payload::file(fd, 0, 2'500)).value();      // parts 1, 2, half of 3 as a view
  writer->write(as_bytes(text).subspan(2'500, 100)).value();    // the view becomes bytes
  writer->write_from(Payload::file(fd, 2'600, 5'000)).value();  // fills the part, then views
  writer->write_from(Payload::text(std::string_view(text).substr(7'600))).value();
  EXPECT_EQ(writer->commit().value().size, text.size());
  EXPECT_EQ(service.object, text);
  EXPECT_EQ(service.parts.size(), 8U);
  ::close(fd);
  ::unlink(name);
}

TEST_F(PartsWriterTest, PutsAWholePayloadWithoutABuffer) {
  std::string text = pattern(1000);
  std::size_t used = BufferPool::process().used();
  auto writer = open();
  writer->write_from(Payload::text(text)).value();
  EXPECT_EQ(BufferPool::process().used(), used);
  writer->commit().value();
  EXPECT_EQ(service.object, text);
}

TEST_F(PartsWriterTest, KeepsSeveralPartsInFlightButNoMoreThanAsked) {
  std::mutex mutex;
  std::condition_variable changed;
  unsigned waiting = 0;
  // Parts wait until three are there: a writer that sends one at a time would never get on (the wait ends after 5 s).
  service.script = [&](std::string_view operation, std::uint32_t index) -> std::optional<Error> {
    if (operation != "put_part" || index > 9) return {};
    std::unique_lock lock(mutex);
    ++waiting;
    changed.notify_all();
    bool together = changed.wait_for(lock, std::chrono::seconds(5), [&] { return waiting >= (index + 2) / 3 * 3; });
    return together ? std::nullopt : std::optional(Error(Code::unknown, "not in parallel"));
  };
  std::string text = pattern(9'000);
  auto writer = open();
  writer->write_from(Payload::text(text)).value();
  auto committed = writer->commit();
  EXPECT_TRUE(committed) << committed.error().to_string();
  EXPECT_EQ(service.most_in_flight, 3U);
}

TEST_F(PartsWriterTest, RepeatsPartsByTheContextsPolicy) {
  std::atomic<int> failures{0};
  service.script = [&](std::string_view operation, std::uint32_t index) -> std::optional<Error> {
    if (operation == "put_part" && index == 2 && failures++ < 2) return transient();
    return {};
  };
  std::string text = pattern(3'500);
  auto writer = open(retrying());
  writer->write(as_bytes(text)).value();
  writer->commit().value();
  EXPECT_EQ(service.object, text);
  EXPECT_EQ(service.count("put_part"), 6);
}

TEST_F(PartsWriterTest, GivesUpWhenTheAttemptsAreUsedUpAndAborts) {
  service.script = [&](std::string_view operation, std::uint32_t index) -> std::optional<Error> {
    if (operation == "put_part" && index == 3) return transient();
    return {};
  };
  auto writer = open(retrying());
  std::string text = pattern(5'500);
  Result<void> written = writer->write(as_bytes(text));
  Result<Meta> committed = writer->commit();
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code(), Code::unavailable);
  EXPECT_EQ(committed.error().retry(), Retry::exhausted);
  EXPECT_EQ(committed.error().attempts(), 3);
  EXPECT_FALSE(service.object);
  EXPECT_FALSE(service.open_upload);
  EXPECT_EQ(service.count("abort"), 1);
  EXPECT_EQ(service.count("complete"), 0);
}

TEST_F(PartsWriterTest, TheFirstFailureStopsTheRest) {
  service.script = [&](std::string_view operation, std::uint32_t index) -> std::optional<Error> {
    if (operation == "put_part" && index == 1) return Error(Code::permission_denied, "AccessDenied");
    return {};
  };
  std::string text = pattern(900'000);
  auto writer = open();
  Result<void> written = writer->write(as_bytes(text));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), Code::permission_denied);
  EXPECT_LT(service.count("put_part"), 20);
  EXPECT_EQ(writer->write(as_bytes("x")).error().code(), Code::permission_denied);
  EXPECT_EQ(writer->commit().error().code(), Code::permission_denied);
  EXPECT_FALSE(service.object);
  EXPECT_FALSE(service.open_upload);
}

TEST_F(PartsWriterTest, NamesTheUploadWhenItCannotBeAborted) {
  service.script = [&](std::string_view operation, std::uint32_t) -> std::optional<Error> {
    if (operation == "complete") return Error(Code::permission_denied, "AccessDenied");
    if (operation == "abort") return transient();
    return {};
  };
  auto writer = open(retrying());
  writer->write(as_bytes(pattern(2'500))).value();
  auto committed = writer->commit();
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code(), Code::permission_denied);
  EXPECT_THAT(std::string(committed.error().message()),
              AllOf(HasSubstr("AccessDenied"), HasSubstr("upload-7"), HasSubstr("abort")));
  EXPECT_EQ(service.count("abort"), 3);
}

TEST_F(PartsWriterTest, DoesNotRepeatAConditionalCompleteThatMayHaveHappened) {
  service.script = [&](std::string_view operation, std::uint32_t) -> std::optional<Error> {
    if (operation == "complete") return transient().set_outcome_unknown();
    return {};
  };
  auto writer = open(retrying(), {}, PutMode::create);
  writer->write(as_bytes(pattern(2'500))).value();
  EXPECT_FALSE(writer->commit());
  EXPECT_EQ(service.count("complete"), 1);
}

TEST_F(PartsWriterTest, DestroyedOrAbortedPublishesNothing) {
  std::string text = pattern(4'500);
  auto writer = open();
  writer->write(as_bytes(text)).value();
  writer.reset();
  EXPECT_FALSE(service.object);
  EXPECT_FALSE(service.open_upload);
  EXPECT_EQ(service.count("abort"), 1);

  writer = open();
  writer->write(as_bytes(text)).value();
  writer->abort();
  writer->abort();
  EXPECT_EQ(service.count("abort"), 2);
  EXPECT_FALSE(writer->write(as_bytes(text)));
  EXPECT_FALSE(writer->commit());
  EXPECT_FALSE(service.object);
  EXPECT_EQ(BufferPool::process().used(), 0U);
}

TEST_F(PartsWriterTest, StopsForTheCallersTokenAndStillCleansUp) {
  std::stop_source stop;
  Context context;
  context.stop = stop.get_token();
  auto writer = open(context);
  std::string text = pattern(4'500);
  writer->write(as_bytes(text)).value();
  stop.request_stop();
  EXPECT_EQ(writer->commit().error().code(), Code::canceled);
  EXPECT_FALSE(service.object);
  EXPECT_FALSE(service.open_upload);
}

TEST_F(PartsWriterTest, EndsAtTheDeadlineAndStillCleansUp) {
  service.script = [&](std::string_view operation, std::uint32_t) -> std::optional<Error> {
    if (operation == "put_part") return transient();
    return {};
  };
  Context context = retrying(1'000'000).with_timeout(std::chrono::milliseconds(60));
  auto writer = open(context);
  auto begun = Clock::now();
  auto written = writer->write(as_bytes(pattern(2'500)));
  EXPECT_FALSE(writer->commit());
  EXPECT_LT(Clock::now() - begun, std::chrono::seconds(5));
  EXPECT_FALSE(service.open_upload);
}

TEST_F(PartsWriterTest, RefusesASizeOtherThanAnnounced) {
  auto writer = open({}, 2'500);
  writer->write(as_bytes(pattern(2'400))).value();
  EXPECT_EQ(writer->commit().error().code(), Code::invalid_argument);
  EXPECT_FALSE(service.object);
  EXPECT_FALSE(service.open_upload);

  writer = open({}, 2'500);
  EXPECT_EQ(writer->write(as_bytes(pattern(2'501))).error().code(), Code::invalid_argument);
}

TEST_F(PartsWriterTest, RefusesMoreThanAnObjectCanHaveAndAborts) {
  service.limits().object_max = 3'000;
  auto writer = open();
  writer->write(as_bytes(pattern(3'000))).value();
  EXPECT_EQ(writer->write(as_bytes("x")).error().code(), Code::invalid_argument);
  EXPECT_FALSE(service.open_upload);
  EXPECT_EQ(service.count("abort"), 1);
}

TEST_F(PartsWriterTest, ReportsAFailedBeginWithoutAnUpload) {
  service.script = [&](std::string_view operation, std::uint32_t) -> std::optional<Error> {
    if (operation == "begin") return Error(Code::permission_denied, "AccessDenied");
    return {};
  };
  auto writer = open();
  EXPECT_EQ(writer->write(as_bytes(pattern(2'500))).error().code(), Code::permission_denied);
  EXPECT_EQ(service.count("put_part"), 0);
  EXPECT_EQ(service.count("abort"), 0);
}

TEST_F(PartsWriterTest, OneThreadMayHaveMoreWritersOpenThanThePoolHasRoomFor) {
  constexpr std::uint64_t part = std::uint64_t{8} << 20;
  std::vector<std::unique_ptr<Writer>> writers;
  for (int i = 0; i < 20; ++i) {
    writers.push_back(parts_writer(service, {}, {.key = "k", .attrs = {}, .mode = {}, .if_match = {}, .size = {}},
                                   {.part_size = part, .concurrency = 2}));
    writers.back()->write(as_bytes("small")).value();
  }
  EXPECT_GT(BufferPool::process().used(), BufferPool::default_limit);
  for (auto& writer : writers) writer->commit().value();
  writers.clear();
  EXPECT_EQ(BufferPool::process().used(), 0U);
}

TEST_F(PartsWriterTest, HoldsFewBuffersWhenTheServiceIsSlow) {
  constexpr std::uint64_t part = std::uint64_t{8} << 20;
  std::atomic<std::size_t> most{0};
  service.script = [&](std::string_view operation, std::uint32_t) -> std::optional<Error> {
    if (operation == "put_part") std::this_thread::sleep_for(std::chrono::milliseconds(20));
    most = std::max(most.load(), BufferPool::process().used());
    return {};
  };
  auto writer = parts_writer(service, {}, {.key = "k", .attrs = {}, .mode = {}, .if_match = {}, .size = {}},
                             {.part_size = part, .concurrency = 16});
  std::string piece = pattern(1 << 20);
  for (int i = 0; i < 80; ++i) writer->write(as_bytes(piece)).value();
  writer->commit().value();
  EXPECT_LE(most.load(), std::size_t{32} << 20);
  EXPECT_GE(most.load(), std::size_t{16} << 20);
}

#if !defined(__SANITIZE_THREAD__)
TEST_F(PartsWriterTest, AForkedChildLeavesTheParentsUploadAlone) {
  std::string text = pattern(4'500);
  auto writer = open();
  writer->write(as_bytes(text)).value();
  // The fake's lock must be free when the child copies it.
  for (std::size_t arrived = 0; arrived < 4; std::this_thread::sleep_for(std::chrono::milliseconds(5))) {
    std::lock_guard lock(service.mutex);
    arrived = service.parts.size();
  }
  pid_t child = fork();
  if (child == 0) {
    bool refused = !writer->write(as_bytes(text)) && !writer->commit();
    writer.reset();
    // The copy of the service shows what the child did; and the child can upload for itself.
    bool untouched = service.calls["abort"] == 0 && service.calls["complete"] == 0;
    auto own = open();
    bool works = own->write(as_bytes(text)) && own->commit() && service.object == text;
    _exit(refused && untouched && works ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  writer->commit().value();
  EXPECT_EQ(service.object, text);
}
#endif

}  // namespace
}  // namespace orlop::engine
